#!/usr/bin/env python
"""The command line of tradebot: `python manage.py <command>`.

A wrong value in the environment ends in one line that names it, not in a traceback.
"""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tradebot.settings")
    from django.core.management import execute_from_command_line

    from tradebot.environment import BadEnvironment

    try:
        execute_from_command_line(sys.argv)
    except BadEnvironment as error:
        sys.exit(f"tradebot: {error}")


if __name__ == "__main__":
    main()
