"""`python -m tests.day.process manage.py trade ...`: a program of the product, by a fast clock.

A name that ends in .py is a script, any other a module (`celery`, `tradebot.web`).
"""

import runpy
import sys

from tests.day.clock import of_environment
from trading import clock
from trading.schedule import child


def main(words: list[str]) -> None:
    clock.use(of_environment())
    child.PROGRAM[:] = [sys.executable, "-m", "tests.day.process", "trading.schedule.process"]
    sys.argv = words
    program = words[0]
    if program.endswith(".py"):
        runpy.run_path(program, run_name="__main__")
    else:
        runpy.run_module(program, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(sys.argv[1:])
