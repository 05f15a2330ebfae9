"""The pages beside the live one: trades, a trade's story, sessions, the day's recap.

    address.py    what an address asks of a list: values, days, order, page
    filters.py    what a list of trades is narrowed to
    trades.py     reading trades; one trade's neighbours and chart
    export.py     trades as CSV
    story.py      `trading.explain`'s document, brought into the shape of the page
    sessions.py   reading sessions, their signals and what was done to them
    recap.py      a day of an account (`trading.recap`), with places for its drawings
    plots.py      places on a drawing, in whole numbers
    views.py      the views, thin

Nothing here writes. Money and prices stay Decimal up to the text; only places on the screen are
rounded.
"""
