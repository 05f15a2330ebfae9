"""`python -m tradebot <command>`: bring the database up to date, then run a management command.

Both in one process, because Django takes a second to load and a start should not take two. This is
what `make run` uses. Where several processes share a database, run `manage.py migrate` once first.
"""

import os
import sys


def main(arguments: list[str]) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tradebot.settings")
    import django
    from django.core.management import call_command, execute_from_command_line

    from tradebot.environment import BadEnvironment

    try:
        django.setup()
        call_command("migrate", verbosity=0, interactive=False, skip_checks=True)
        execute_from_command_line(["manage.py", *arguments])
    except BadEnvironment as error:
        sys.exit(f"tradebot: {error}")
    except KeyboardInterrupt:
        # The operator stopped it, which is no error; make would call any other code one.
        sys.exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
