"""A process that serves pages, as far as backtests see it: `python -m tests.backtests.serving`.

It asks for the run whose plan is in DATA_DIR/plan.json, or with `again` only looks after what was
left, says what a page in its process would hear, a line of JSON each, and when the run is over
leaves its outcome in DATA_DIR/outcome.pickle.
"""

import asyncio
import json
import pickle
import sys

import django

django.setup()

from asgiref.sync import sync_to_async  # noqa: E402
from channels.layers import get_channel_layer  # noqa: E402
from django.conf import settings  # noqa: E402

from backtests import control, storing  # noqa: E402
from backtests.leases import UNFINISHED  # noqa: E402
from backtests.models import Backtest  # noqa: E402
from backtests.plan import Plan  # noqa: E402


def begin(again: bool) -> None:
    if again:
        control.recover()
    else:
        plan = Plan.from_json(json.loads((settings.DATA_DIR / "plan.json").read_text()))
        control.ask(plan, asked_from=Backtest.Asked.PAGE)


def end() -> None:
    outcome = storing.load(Backtest.objects.get())
    (settings.DATA_DIR / "outcome.pickle").write_bytes(pickle.dumps(outcome))


async def serve(again: bool) -> None:
    layer = get_channel_layer()
    channel = await layer.new_channel()
    await layer.group_add("backtests", channel)
    await sync_to_async(begin)(again)
    status = ""
    while not status or status in UNFINISHED:
        message = await layer.receive(channel)
        status = message["status"]
        print(json.dumps(message), flush=True)
    await sync_to_async(end)()


if __name__ == "__main__":
    asyncio.run(serve("again" in sys.argv))
