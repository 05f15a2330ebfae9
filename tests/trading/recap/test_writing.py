"""The recap as files: whole, quiet when nothing changed, by the command."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from marketdata.errors import StoreError
from tests.trading.days import DAY, NEXT_DAY, run_day, session_row
from tests.trading.test_pages_trades import add
from trading.errors import RecapError
from trading.recap.writing import path_of, recapped, write

pytestmark = pytest.mark.django_db(transaction=True)


def command(*words: str) -> str:
    out = StringIO()
    call_command("recap", *words, stdout=out)
    return out.getvalue()


def test_a_day_is_a_file_under_its_date(data_dir: Path) -> None:
    session_row()
    assert write(DAY) == data_dir / "recaps" / "2024-06-12_recap.json" == path_of(DAY)
    assert json.loads(path_of(DAY).read_text())["day"] == "2024-06-12"
    assert recapped() == [DAY]
    assert [path.name for path in (data_dir / "recaps").iterdir()] == ["2024-06-12_recap.json"]


def test_a_recap_that_says_the_same_is_left_as_it_is(data_dir: Path) -> None:
    session = session_row()
    before = write(DAY).read_bytes()
    inode = path_of(DAY).stat().st_ino
    assert write(DAY).read_bytes() == before
    assert path_of(DAY).stat().st_ino == inode
    add(session, 1, net="57.52")
    assert write(DAY).read_bytes() != before


def test_a_damaged_recap_is_made_anew(data_dir: Path) -> None:
    session_row()
    write(DAY).write_text("{half")
    assert json.loads(write(DAY).read_text())["version"] == 1


def test_a_day_without_a_session_has_none(data_dir: Path) -> None:
    with pytest.raises(RecapError, match="no session is stored for 2024-06-12"):
        write(DAY)
    assert recapped() == []


def test_a_disk_that_does_not_take_it_leaves_the_old_one(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = session_row()
    before = write(DAY).read_bytes()
    add(session, 1, net="57.52")

    def full(*_: Any, **__: Any) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(StoreError, match="No space left on device"):
        write(DAY)
    assert path_of(DAY).read_bytes() == before
    assert len(list((data_dir / "recaps").iterdir())) == 1


# The command


def test_the_command_takes_the_last_day(data_dir: Path) -> None:
    session_row()
    session_row("other", day=NEXT_DAY)
    said = command()
    assert f"Recap of 2024-06-13: {path_of(NEXT_DAY)}" in said
    assert "EXPORT_TARGET is not set" in said
    assert recapped() == [NEXT_DAY]
    command("--account", "paper-MES", "--no-export")
    assert recapped() == [DAY, NEXT_DAY]


def test_an_account_narrows_what_is_shown_and_not_what_is_kept(
    data_dir: Path, tmp_path: Path
) -> None:
    session_row("a")
    session_row("b")
    out = tmp_path / "b.json"
    command("--account", "b", "--no-export", "--json", str(out))
    shown = json.loads(out.read_text())["sessions"]
    assert [of["session"]["account"] for of in shown] == ["b"]
    assert len(json.loads(path_of(DAY).read_text())["sessions"]) == 2


def test_the_command_writes_a_page(data_dir: Path, tmp_path: Path) -> None:
    run_day()
    out = tmp_path / "day.html"
    command("--no-export", "--html", str(out))
    assert "Recap of Wed 12 Jun 2024" in out.read_text()


def test_standard_output_is_the_document_alone(
    data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    session_row()
    command("--no-export", "--json", "-")
    assert json.loads(capsys.readouterr().out)["day"] == "2024-06-12"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--date", "June"], "--date 'June' is no day; write it like 2025-11-20"),
        (["--date", "2024-06-13"], "no session of any account is stored for 2024-06-13"),
        (["--account", "nobody"], "no session of nobody is stored"),
        (["--html", "/no/such/folder/x.html"], "there is no folder /no/such/folder"),
    ],
)
def test_what_cannot_be_meant_is_one_line(data_dir: Path, words: list[str], said: str) -> None:
    session_row()
    with pytest.raises(CommandError, match=said) as refused:
        command(*words)
    assert "\n" not in str(refused.value)
    assert recapped() == []
