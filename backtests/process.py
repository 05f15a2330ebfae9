"""`python -m backtests.process`: works runs off, beside a server that started it.

Standard output is for the server: a line of JSON for each message to the pages. Standard input says
that the server is there; when it closes, this process lets go of its part and ends at once.
"""

import json
import os
import sys
import threading
from typing import IO, Final

WAIT_S: Final = 1.0
NICE: Final = 10


def main() -> None:
    server = os.fdopen(os.dup(sys.stdout.fileno()), "w", buffering=1)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints is no message
    os.nice(NICE)
    import django

    django.setup()
    threading.Thread(target=_end_with_server, name="server", daemon=True).start()
    work_off(server)


def work_off(server: IO[str]) -> None:
    """Do parts of runs until none is left, neither free nor held by somebody who may die."""
    from django.db import connection

    from backtests import working
    from backtests.leases import takeable, unfinished
    from backtests.splitting import ACCOUNT
    from backtests.telling import Message

    def tell(message: Message) -> None:
        print(json.dumps(message), file=server, flush=True)

    pause = threading.Event()
    while unfinished().exists():
        part = takeable().first()
        if part is None:
            connection.close()
            pause.wait(WAIT_S)
        elif part.number == ACCOUNT:
            working.account(part.backtest_id, tell)
        else:
            working.analyse(part.pk, tell)


def _end_with_server() -> None:
    sys.stdin.buffer.read()
    from django.db import Error as DatabaseError

    from backtests.leases import let_go

    try:
        let_go()
    except DatabaseError:
        pass  # the leases end by themselves
    finally:
        os._exit(0)


if __name__ == "__main__":
    main()
