"""Backtests in the browser: list, start, watch, read, compare.

    runs.py        reading runs: the list, how far one is, its days
    form.py        what the form asks for, checked: a plan, or what is wrong with which field
    choices.py     what the form can be filled with: stored days, configurations, fills
    trades.py      a run's trades: narrowed, sorted, as CSV
    report.py      what a finished run's page says of it
    comparing.py   two runs side by side
    studies.py     stress tests, sweeps and walks forward
    answers.py     who may, and how a refusal looks
    deleting.py    deleting a run
    views.py       the list, deleting, comparing
    new_views.py   the form's views
    run_views.py   one run
    study_views.py studies

Starting, stopping and deleting are POST and need the permission that steering the pipeline needs.
Money stays Decimal up to the text; plots alone are rounded.
"""
