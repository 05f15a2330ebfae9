"""A trading day, looked back at.

    figures.py    what closed trades made: net, win rate, profit factor, expectancy
    day.py        what a session's day was: P&L over time, groups, signals' fates, regimes, data
    rows.py       rows as the document has them
    events.py     what went wrong, told from what merely happened
    pulse.py      the signs of life of the process that traded
    document.py   everything of a day as one document; schema.json defines it
    writing.py    the document as a file
    plots.py, tables.py, page.py   the same as an HTML file that stands alone
    chart.py, digest.py            the day in a message, with a picture

Everything after the document is made of the document alone, so that a file that was kept says what
the page said. Amounts and prices stay exact; only places on a drawing are rounded.
"""
