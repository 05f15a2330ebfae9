"""The API of backtests, below `/api/v1/backtests` (`docs/api.md`): what the pages ask and show, by
the same functions. `trading.api` has what both APIs share."""
