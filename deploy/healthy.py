"""Whether a process of tradebot lives; exit code 0 if so. For health checks, so it is light: the
standard library alone, a quarter of the time and memory of a manage.py command.

    healthy.py web [PORT]           the page answers
    healthy.py pipeline [ACCOUNT]   its heartbeat is not older than two minutes
    healthy.py watchdog             it looked within four minutes
    healthy.py worker | beat | backup   it touched its file within two minutes
"""

import http.client
import os
import socket
import sys
import time
from pathlib import Path

MISSED_S = 120
"""Four heartbeats."""
TOUCHING = ("worker", "beat", "backup")
LOOKS_S = 240
"""Four looks of the watchdog."""


def age(path: Path) -> float:
    return time.time() - path.stat().st_mtime


def problem(what: str, name: str = "") -> str:
    """What is wrong; "": nothing."""
    if what == "web":
        return page_problem(int(name or "8000"))
    folder = Path(os.environ.get("DATA_DIR") or "data")
    files = {
        "pipeline": (folder / f"heartbeat{'-' * bool(name)}{name}.json", MISSED_S),
        "watchdog": (folder / "watchdog.json", LOOKS_S),
    }
    for each in TOUCHING:
        files[each] = (folder / "alive" / f"{each}-{name or socket.gethostname()}", MISSED_S)
    path, within = files[what]
    try:
        old = age(path)
    except OSError as error:
        return f"{path}: {error.strerror}"
    return f"{path} is {old:.0f} s old" if old > within else ""


def page_problem(port: int) -> str:
    """Asked under a host name that Django lets in, where it is known here."""
    host = (os.environ.get("ALLOWED_HOSTS") or "127.0.0.1").split(",")[0].strip()
    answer = http.client.HTTPConnection("127.0.0.1", port, timeout=4)
    try:
        answer.request("GET", "/health/", headers={"Host": host.removeprefix(".")})
        status = answer.getresponse().status
    except OSError as error:
        return f"port {port} does not answer: {error}"
    finally:
        answer.close()
    # Who answers that this host name is not let in lives too.
    return "" if status < 500 else f"the page answers {status}"


def main(words: list[str]) -> int:
    if not words or words[0] not in ("web", "pipeline", "watchdog", *TOUCHING):
        print(__doc__, file=sys.stderr)
        return 2
    said = problem(*words[:2])
    print(said or "healthy")
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
