"""What reports have in common: files that stand alone, with plots and tables of one look.

    panels.py       what a report is made of: parts, cards, panels
    cells.py        tables, as texts that are ready to show
    drawing.py      plots, as plotly's JSON in the product's colours
    times.py        UTC nanoseconds as texts
    standalone.py   the file: it opens from disk and asks nothing of any other place

Backtests and recaps say what is in theirs; nothing here knows either.
"""
