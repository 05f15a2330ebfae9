"""A journal's inputs, merged, give what the inputs gave one by one."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.commands import Flatten, HaltTrading, ResumeTrading
from engine.engine import Engine
from engine.ticks import TickColumns, part
from tests.trading.days import Listener, ticks
from tests.trading.journal.test_recording import CONFIG, RTH, header
from trading.errors import JournalError
from trading.journal import files
from trading.journal.reading import JournalFile, is_over, of_run, unfinished
from trading.journal.recording import Recording
from trading.journal.replaying import Replay, replay
from trading.pipeline.core import Beat, Core, Finish, Roll, WarmUp

NS = 10**9
WHOLE = TickColumns(*(column[:12_000] for column in ticks()))
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("ticks"), st.sampled_from([1, 1, 2, 40, 700])),
        st.tuples(st.just("beat"), st.sampled_from([-5, 0, 1, 3, 400])),
        st.tuples(st.just("tell"), st.sampled_from([HaltTrading, ResumeTrading, Flatten])),
        st.tuples(st.just("warm"), st.booleans()),
        st.tuples(st.just("roll"), st.none()),
    ),
    min_size=3,
    max_size=60,
)


@pytest.fixture(autouse=True)
def _folder(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("marketdata.store.durable.SYNC_EVERY_S", 1e6)


def acted(steps: Any, run: str = "r1") -> tuple[Path, Core, Listener]:
    """Act on inputs made of the steps, the beats some seconds from the last tick."""
    made = header(run=run)
    kept = Recording(files.create(made), made, RTH, by_reference=True)
    listener = Listener()
    core = Core(Engine(CONFIG, RTH), [listener], inputs=kept)
    at = 0
    for number, (kind, what) in enumerate(steps):
        now = int(WHOLE.ts[max(at - 1, 0)])
        match kind:
            case "ticks":
                core.act(part(WHOLE, slice(at, at + what)))
                at += what
            case "beat":
                core.act(Beat(now + what * NS))
            case "tell":
                core.act(what(id=str(number), ts=now))
            case "warm":
                core.act(WarmUp(what, gap=number > 1))
            case "roll":
                core.act(Roll())
    core.act(Finish())
    kept.close()
    return kept.path, core, listener


def again(path: Path, source: TickColumns = WHOLE) -> tuple[Replay, Core, Listener]:
    made = replay([JournalFile(path)], lambda header: iter([source]))
    listener = Listener()
    core = Core(Engine(CONFIG, RTH), [listener])
    for item in made.inputs:
        core.act(item)
    return made, core, listener


@given(STEPS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_merged_inputs_give_the_same(steps: Any) -> None:
    path, core, listener = acted(steps)
    made, replayed, heard = again(path)
    assert heard.events == listener.events
    assert replayed.engine.status() == core.engine.status()
    assert made.ticks == core.engine.status().ticks + sum(core.engine.status().dropped.values())
    assert made.finished


def test_ticks_and_beats_become_few_inputs() -> None:
    steps = [step for _ in range(300) for step in (("ticks", 20), ("beat", 0))]
    made, _, _ = again(acted(steps)[0])
    assert [type(item) for item in made.inputs] == [TickColumns, Beat, Finish]
    assert len(made.inputs[0].ts) == 6_000


def test_ticks_that_its_source_has_otherwise_now_are_refused() -> None:
    path, _, _ = acted([("ticks", 40), ("ticks", 40)])
    other = WHOLE._replace(ts=WHOLE.ts + (np.arange(len(WHOLE.ts)) >= 60))
    with pytest.raises(JournalError, match=r"tick 80 of 2024-06-12 was at .* was the day repaired"):
        again(path, other)


def test_ticks_that_are_lost_are_left_out_and_what_people_said_is_kept() -> None:
    steps = [("ticks", 40), ("beat", 1), ("ticks", 40), ("tell", HaltTrading), ("ticks", 40)]
    path, _, _ = acted(steps)
    made, core, _ = again(path, part(WHOLE, slice(50)))
    status = core.engine.status()
    assert (status.ticks, made.at, made.missing) == (50, 50, 70)
    assert [str(halt) for halt in status.halts] == ["operator"]

    # The restart says so; what is heard then stands where the lost ticks stood.
    kept = Recording(path, header(), RTH, by_reference=True)
    kept.note("restarted", lost=made.lost)
    running = Core(Engine(CONFIG, RTH), inputs=kept)
    running.act(part(WHOLE, slice(50, 90)))
    kept.close()
    later, core, _ = again(path)
    assert (later.at, later.missing) == (90, 0)
    assert sum(len(item.ts) for item in later.inputs if isinstance(item, TickColumns)) == 90


def test_the_run_that_is_not_over_is_found_from_the_ends_of_its_files() -> None:
    assert unfinished("paper-MES") == []
    over, _, _ = acted([("ticks", 5)], run="r1")
    kept = Recording(over, header(run="r1"), RTH, by_reference=True)
    kept.end("")
    left, _, _ = acted([("ticks", 5)], run="r2")
    assert (is_over(over), is_over(left)) == (True, False)
    assert unfinished("paper-MES") == [left]
    assert of_run("paper-MES", "r1") == [over]
    kept = Recording(left, header(run="r2"), RTH, by_reference=True)
    kept.end("position of paper-MES-20240612-001")
    assert unfinished("paper-MES") == [left]
