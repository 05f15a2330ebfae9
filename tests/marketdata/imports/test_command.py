"""`manage.py ticks import` as an operator has it."""

import io

import pytest
from django.core.management import CommandError, call_command

from marketdata.store import TickStore
from tests.marketdata.files import trade, write_dbn, write_text

ROWS = ["ts,price,size,side", *(f"2024-06-{day} 10:00:00,5300,2,B" for day in (10, 11))]
WORDS = ("--symbol", "ES", "--timezone", "UTC")


@pytest.fixture
def store(data_dir) -> TickStore:
    return TickStore(data_dir / "ticks")


def ran(*words: object) -> tuple[int, str]:
    """Exit code and output."""
    out = io.StringIO()
    try:
        call_command("ticks", "import", *map(str, words), stdout=out)
    except SystemExit as end:
        return int(end.code or 0), out.getvalue()
    return 0, out.getvalue()


def test_each_day_is_said_with_what_is_to_be_known(tmp_path, store):
    path = write_text(tmp_path / "es.csv", ROWS)
    code, text = ran(path, *WORDS)
    assert code == 0
    assert text.splitlines()[:3] == [
        "ES 2024-06-10 -: 1 ticks, 2 lots: stored",
        "    times were read as UTC",
        "    partial: begins 12 h 00 min after the open, 2024-06-10 10:00:00 UTC",
    ]
    assert len(store.days("ES")) == 2
    code, text = ran(path, *WORDS)
    assert text.count("stored already from this file") == 2


def test_a_dry_run_stores_nothing(tmp_path, store):
    path = write_text(tmp_path / "es.csv", ROWS)
    assert "ES 2024-06-11 -: 1 ticks, 2 lots: would be stored" in ran(path, *WORDS, "--dry-run")[1]
    assert store.symbols() == []
    ran(path, *WORDS)
    other = write_text(tmp_path / "other.csv", [*ROWS[:2], "2024-06-10 11:00:00,5300,2,B"])
    text = ran(other, *WORDS, "--dry-run", "--replace")[1]
    assert "2 ticks, 4 lots: would be stored anew" in text


def test_inferred_sides_are_said(tmp_path, store):
    path = write_text(tmp_path / "es.csv", ROWS)
    text = ran(path, *WORDS, "--side", "tick-rule", "--from", "2024-06-11")[1]
    assert text.startswith("ES 2024-06-11 -: 1 ticks, 2 lots (sides inferred): stored\n")
    assert store.days("ES")[0].day == 11


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--symbol", "ES"), "name no time zone"),
        ((*WORDS, "--side", "guess"), "side 'guess' is not known"),
        ((*WORDS, "--price-scale", "0"), "'0' is no factor"),
        ((*WORDS, "--price-scale", "much"), "'much' is no factor"),
        ((*WORDS, "--price-scale", "0.01"), "only prices of Sierra Chart"),
        ((*WORDS, "--from", "yesterday"), "is no day"),
        (("--symbol", "XX"), "unknown symbol 'XX'"),
    ],
)
def test_a_refusal_is_one_line(tmp_path, store, words, said):
    path = write_text(tmp_path / "es.csv", ROWS)
    with pytest.raises(CommandError, match=said) as caught:
        ran(path, *words)
    assert "\n" not in str(caught.value)
    assert store.symbols() == []


def test_one_bad_file_of_several_does_not_keep_the_others_out(tmp_path, store):
    good = write_dbn(tmp_path / "es.dbn", [trade(0, 5300.0)])
    bad = write_text(tmp_path / "bad.csv", ["a,b", "1,2"])
    also = write_dbn(tmp_path / "mes.dbn", [trade(0, 5300.0)], {"MESM4": 1})
    code, text = ran(good, bad, also)
    assert code == 1
    assert store.symbols() == ["ES", "MES"]
    assert f"refused: {bad}: no column for ts" in text


def test_an_interrupted_import_says_how_far_it_came(tmp_path, store, monkeypatch):
    path = write_text(tmp_path / "es.csv", ROWS)
    write = TickStore.write

    def interrupted(self, info, blocks, **words):
        if info.day.day == 11:
            raise KeyboardInterrupt
        return write(self, info, blocks, **words)

    monkeypatch.setattr(TickStore, "write", interrupted)
    code, text = ran(path, *WORDS)
    assert code == 130
    assert text.endswith("interrupted: 1 of 2 days stored; run it again for the others\n")
    monkeypatch.undo()
    text = ran(path, *WORDS)[1]
    assert "2024-06-10 -: 1 ticks, 2 lots: stored already" in text
    assert "2024-06-11 -: 1 ticks, 2 lots: stored\n" in text
