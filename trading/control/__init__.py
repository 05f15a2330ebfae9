"""Steering from outside the pipeline's process: commands and settings over HTTP.

`docs/control.md` says how. Views here read the request and answer JSON; what they do is in
`trading.commands` and `trading.control.sheet`.
"""
