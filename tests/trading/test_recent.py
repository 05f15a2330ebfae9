"""What a page that joins is told of what it did not hear."""

import asyncio
from typing import Any

from channels.layers import get_channel_layer

from engine.events import OrderAmend, PositionOpened
from engine.names import ExitReason, Pattern
from trading.pipeline.prints import MOST_PRINTS
from trading.pipeline.recent import MOST_KEPT, Recent
from trading.pipeline.stops import MOST_MOVES, Stops
from trading.watching import ask_recent

ACCOUNT = "paper-MES"
MS = 1_000_000


def frame(day: str | None = "2026-11-19") -> dict[str, Any]:
    return {"type": "frame", "session": {"day": day}}


def prints(first: int, count: int, left_out: int = 0) -> dict[str, Any]:
    rows = [[first + at, 20_000 + at, 1, 1] for at in range(count)]
    return {"type": "prints", "prints": rows, "left_out": left_out}


def tape(first: int, count: int) -> dict[str, Any]:
    rows = [{"t": first + at} for at in range(count)]
    return {"type": "tape", "large": rows, "sweeps": rows[:1]}


def recent(*messages: dict[str, Any]) -> Recent:
    made = Recent(ACCOUNT)
    for message in (frame(), *messages):
        made.told(message)
    return made


async def answers(recent: Recent) -> list[tuple[str, dict[str, Any]]]:
    sent: list[tuple[str, dict[str, Any]]] = []

    async def tell(channel: str, message: dict[str, Any]) -> None:
        sent.append((channel, message))

    await recent.answer(tell)
    return sent


def request(channel: str, account: str = ACCOUNT) -> dict[str, Any]:
    return {"type": "recent.asked", "account": account, "channel": channel}


def test_the_newest_are_kept_oldest_first() -> None:
    message = recent(prints(0, 200), prints(200, 200), tape(0, 400), tape(400, 400)).message()
    assert message["account_name"] == ACCOUNT
    assert [row[0] for row in message["prints"]] == list(range(400 - MOST_PRINTS, 400))
    assert [one["t"] for one in message["large"]] == list(range(800 - MOST_KEPT, 800))
    assert [one["t"] for one in message["sweeps"]] == [0, 400]


def test_what_is_kept_has_no_gap() -> None:
    message = recent(prints(0, 200), prints(1_000, 50, left_out=7)).message()
    assert [row[0] for row in message["prints"]] == list(range(1_000, 1_050))


def test_a_new_trading_day_begins_with_nothing() -> None:
    kept = recent(prints(0, 5), tape(0, 5))
    kept.told(frame())
    assert len(kept.message()["prints"]) == 5
    kept.told(frame("2026-11-20"))
    assert (kept.message()["prints"], kept.message()["large"], kept.message()["sweeps"]) == (
        [], [], [],
    )  # fmt: skip


async def test_each_page_that_asked_is_answered_once_and_nobody_else() -> None:
    kept = recent(prints(0, 5))
    kept.ask(request("one"))
    kept.ask(request("two"))
    kept.ask(request("one"))
    kept.ask(request("three", account="paper-MNQ"))
    assert [channel for channel, _ in await answers(kept)] == ["one", "two"]
    assert await answers(kept) == []


async def test_a_page_that_cannot_be_reached_keeps_no_other_from_its_answer() -> None:
    kept, heard = recent(), []
    kept.ask(request("gone"))
    kept.ask(request("there"))

    async def tell(channel: str, message: dict[str, Any]) -> None:
        if channel == "gone":
            raise ConnectionError
        heard.append(channel)

    await kept.answer(tell)
    assert (heard, kept.failures) == (["there"], 1)


async def test_a_page_asks_over_the_channel_layer_and_hears_as_it_hears_frames() -> None:
    layer: Any = get_channel_layer()
    channel = await layer.new_channel()
    kept = recent(prints(0, 5))
    listening = asyncio.create_task(kept.listen())
    try:
        async with asyncio.timeout(5):
            while not await _asked(kept, layer, channel):
                pass
            await kept.answer()
            event = await layer.receive(channel)
    finally:
        listening.cancel()
    assert event == {"type": "live.frame", "frame": kept.message()}


async def _asked(kept: Recent, layer: Any, channel: str) -> bool:
    await ask_recent(layer, ACCOUNT, channel)
    await asyncio.sleep(0.01)  # the listener's turn
    return bool(kept._asked)


# The stop's way


def opened(ts: int, trade: str, stop: int) -> PositionOpened:
    return PositionOpened(
        ts=ts * MS, trade_id=trade, symbol="MES", direction=1, size=1, entry_notional=20_000,
        stop=stop, target=20_100, pattern=Pattern.BUYING_ABSORPTION, signal_id="s",
    )  # fmt: skip


def moved(ts: int, trade: str, price: int, reason: str) -> OrderAmend:
    return OrderAmend(
        ts=ts * MS, id=f"{trade}-S", trade_id=trade, price=price, size=1, reason=reason
    )


def test_a_positions_stop_is_told_with_its_moves() -> None:
    stops = Stops()
    stops.see([opened(1, "a", 100), moved(2, "a", 110, ExitReason.BREAK_EVEN)])
    stops.see([moved(3, "a", 20_100, "entry_fill"), moved(4, "a", 115, ExitReason.TRAILING_STOP)])
    stops.see([moved(5, "b", 1, ExitReason.TRAILING_STOP)])
    assert stops.to_wire("a") == [[1, 100], [2, 110], [4, 115]]
    assert stops.to_wire("b") == []
    stops.see([opened(6, "b", 90)])
    assert (stops.to_wire("a"), stops.to_wire("b")) == ([], [[6, 90]])


def test_of_many_moves_the_first_and_the_latest_are_told() -> None:
    stops = Stops()
    stops.see([opened(0, "a", 0)])
    stops.see([moved(at, "a", at, ExitReason.TRAILING_STOP) for at in range(1, 3 * MOST_MOVES)])
    told = stops.to_wire("a")
    assert len(told) == MOST_MOVES
    assert told[0] == [0, 0]
    assert told[-1] == [3 * MOST_MOVES - 1, 3 * MOST_MOVES - 1]
