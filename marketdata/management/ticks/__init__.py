"""The subcommands of `manage.py ticks`, a module each; `subcommands.py` says what one has.

Names with an underscore in front are shared between them.
"""
