"""Template filters of the pages of backtests."""
