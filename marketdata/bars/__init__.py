"""OHLCV history of each symbol, contract by contract, and the continuous series made of it.

    ROOT/MCL/1m/2024.parquet       all outrights of a year (of UTC) in bars of a minute
    ROOT/MCL/1s/2025-06.parquet    bars of a second, by month

    table.py        Bars: columns of whole ticks and lots
    store.py        BarStore: the folder as a whole
    ohlcv.py        bars from DBN files; importing.py puts them into the store
    downloading.py  bars from Databento's API, month by month
    days.py         bars by trading day
    front.py        the front month of each trading day, and when it rolls
    continuous.py   one series of all front months, as traded or back-adjusted

These are bars as the exchange's data vendor made them; footprint bars (`marketdata.models.Bar`) are
what the engine saw.
"""
