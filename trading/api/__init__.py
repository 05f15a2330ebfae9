"""The API of trading, below `/api/v1/` (`docs/api.md`). Views are thin: what they answer comes from
the selectors of the pages, what they ask for goes through `trading.commands` and
`trading.control.sheet`, as from the page.

    tokens.py, authentication.py, access.py   who asks, and what he may
    problems.py                               what is refused, as RFC 9457 says it
    parsing.py, throttling.py                 how much, how often
    filters.py, paging.py                     lists
    fields.py, serializers.py                 what rows look like
    base.py                                   what every view does
    schema.py                                 the same as OpenAPI
    reading.py, market.py, days.py, steering.py, settings.py   the views

`backtests.api` builds on it; `tradebot.api` puts both under one address.
"""
