"""What is compiled before the first real tick."""

from engine.closing import close_bar
from engine.config import BarRules, engine_config
from engine.tape import scan_tape, scan_tape_records
from engine.warm import compile_engine


def test_every_way_into_a_live_engine_is_compiled_for_any_kind_of_bar() -> None:
    for bars in (BarRules(), BarRules(seconds=86_400), BarRules(kind="tick", size=2)):
        compile_engine(engine_config("ES", bars=bars))
    for function in (scan_tape, scan_tape_records, close_bar):
        assert function.signatures  # type: ignore[attr-defined]
