"""A second process that looks after the first: docs/watchdog.md says what each alert means.

`looking` asks the probes (`machine`, `services`), `rules` judges what was seen, `telling` decides
what is said and when, `keeping` lets that survive a restart.
"""
