"""The subcommands of `manage.py ticks`, a module each; `commands/ticks.py` says what one has.

Names with an underscore in front are shared between them.
"""
