"""Backtests: what would have happened.

`plan` says what to run, `runner` runs it, `outcome` is what comes of it, `models` and `storing`
keep it; metrics, reports, stress tests and sweeps read outcomes and know nothing of how they were
made.
"""
