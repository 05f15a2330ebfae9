"""Stress tests of a run: what else could have happened with what it found.

`ledger` is the run as plain arrays; each other module asks one question of it and answers in JSON
(docs/stress.md) with sentences; `study` asks them all, keeps and loads the answers. Statistics are
of the run's own trades: none of them knows a market that the run has not seen.
"""
