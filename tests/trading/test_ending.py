"""Tasks end, also those in which a cancellation gets lost."""

import asyncio

from trading.pipeline import ending
from trading.pipeline.ending import cancel


def test_a_lost_cancellation_is_repeated(monkeypatch):
    monkeypatch.setattr(ending, "PATIENCE_S", 0.01)
    lost = []

    async def deaf():
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            lost.append(1)
        await asyncio.Event().wait()

    async def go():
        task = asyncio.create_task(deaf())
        await asyncio.sleep(0)
        await cancel(task)
        return task.cancelled()

    assert asyncio.run(go())
    assert lost == [1]


def test_tasks_that_are_over_are_no_matter():
    async def done():
        return 1

    async def broken():
        raise ValueError("x")

    async def go():
        tasks = [asyncio.create_task(done()), asyncio.create_task(broken())]
        await asyncio.sleep(0)
        await cancel(*tasks)
        await cancel()

    asyncio.run(go())
