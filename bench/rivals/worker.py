"""`python -m bench.rivals.worker`, in the rivals' Python: answers requests, one JSON line each.

A request names a function and its arguments: {"call": "nautilus_fills:fills_of_days", "with":
{...}}. The answer is {"returns": ...} or {"raises": "..."}. Anything printed goes to stderr.
"""

import contextlib
import importlib
import json
import sys
import traceback
from typing import Any


def answer(request: dict[str, Any]) -> dict[str, Any]:
    module, _, function = request["call"].partition(":")
    try:
        found = importlib.import_module(f"bench.rivals.{module}")
        return {"returns": getattr(found, function)(**request["with"])}
    except Exception:  # noqa: BLE001  the one who asked raises it
        return {"raises": traceback.format_exc()}


def main() -> None:
    answers = sys.stdout
    with contextlib.redirect_stdout(sys.stderr):
        for line in sys.stdin:
            print(json.dumps(answer(json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    main()
