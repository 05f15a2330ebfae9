"""Sweeps: many backtests of one market that differ in a few settings, and what their best is worth.

- `space` is what is varied, `search` the order in which points are tried (a grid, or Optuna);
- `evaluating` runs plans, here or on Celery, and `keeping` keeps what is done in the Study;
- `sweep` is one search over all days, `walking` one a fold with its best on days it never saw;
- `luck`, `overfit` and `plateau` say what the best is worth; `report` and `text` show it.
"""
