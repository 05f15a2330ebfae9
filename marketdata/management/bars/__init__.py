"""The subcommands of `manage.py bars`; `marketdata.management.subcommands` says what one has."""
