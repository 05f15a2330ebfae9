"""Days on their way: what is sent, kept, told, and done again."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from marketdata.feeds import stored
from marketdata.store import TickStore
from tests.trading.days import DAY, NEXT_DAY, session_row, ticks
from trading.errors import ExportError
from trading.export import sending
from trading.export.sending import send
from trading.export.target import Outgoing, TryAgain
from trading.models import Export, Notice
from trading.recap.writing import write

pytestmark = pytest.mark.django_db(transaction=True)

TICKS = f"ticks/MES/{DAY}.parquet"
RECAP = f"recaps/{DAY}_recap.json"


@pytest.fixture
def archive(tmp_path_factory: pytest.TempPathFactory, settings: Any) -> Path:
    made = tmp_path_factory.mktemp("archive")
    settings.EXPORT_TARGET = str(made)
    return made


class Shaky:
    """A target that fails so often, and then behaves; or that never keeps what it is given."""

    def __init__(self, failures: int = 0, *, forgets: bool = False) -> None:
        self.failures, self.forgets = failures, forgets
        self.kept: set[str] = set()

    def holds(self, file: Outgoing) -> bool:
        return file.path in self.kept

    def put(self, file: Outgoing) -> None:
        if self.failures:
            self.failures -= 1
            raise TryAgain("the line broke")
        if not self.forgets:
            self.kept.add(file.path)


def through(monkeypatch: pytest.MonkeyPatch, target: Shaky) -> Shaky:
    monkeypatch.setattr(sending, "opened", lambda address: target)
    return target


def command(*words: str) -> str:
    out = StringIO()
    call_command("export", *words, stdout=out)
    return out.getvalue()


def outcomes() -> dict[str, str]:
    return dict(Export.objects.values_list("path", "status"))


def test_nothing_configured_does_nothing_and_says_so(stored_day: Path) -> None:
    done = send(DAY)
    assert (done.lines, done.failed) == (["Nothing is sent: EXPORT_TARGET is not set."], [])
    assert str(done) == done.lines[0]
    assert not Export.objects.exists()
    assert not Notice.objects.exists()


def test_a_days_ticks_and_recap_arrive(stored_day: Path, archive: Path) -> None:
    done = send(DAY)
    assert [(each.path, each.outcome) for each in done.results] == [
        (TICKS, "sent"), (RECAP, "sent"),
    ]  # fmt: skip
    for path in (TICKS, RECAP):
        assert (archive / path).read_bytes() == (stored_day / path).read_bytes()
    assert outcomes() == {TICKS: "verified", RECAP: "verified"}
    row = Export.objects.get(path=TICKS)
    assert (row.day, row.target, row.attempts) == (DAY, str(archive), 1)
    assert row.size == (stored_day / TICKS).stat().st_size
    assert len(row.sha256) == 64
    assert row.verified_at is not None
    assert str(done) == f"2 of 2 files are at {archive}"


def test_sending_again_sends_nothing(stored_day: Path, archive: Path) -> None:
    send(DAY)
    before = (archive / TICKS).stat().st_ino
    done = send(DAY)
    assert {each.outcome for each in done.results} == {"there"}
    assert (archive / TICKS).stat().st_ino == before
    assert Export.objects.count() == 2


def test_what_rotted_there_is_sent_again(stored_day: Path, archive: Path) -> None:
    send(DAY)
    content = (archive / TICKS).read_bytes()
    (archive / TICKS).write_bytes(content[:-1] + b"\0")
    done = send(DAY)
    assert [each.outcome for each in done.results] == ["sent", "there"]
    assert (archive / TICKS).read_bytes() == content


def test_a_recap_that_was_made_anew_replaces_the_old_one(data_dir: Path, archive: Path) -> None:
    session = session_row()
    write(DAY)
    send(DAY)
    session.status = "ended"
    session.save()
    write(DAY)
    assert [each.outcome for each in send(DAY).results] == ["sent"]
    assert json.loads((archive / RECAP).read_text())["sessions"][0]["session"]["status"] == "ended"


def test_a_journal_is_made_parquet_first(data_dir: Path, archive: Path, day_info: Any) -> None:
    store = TickStore(data_dir / "ticks")
    appender = store.appender(day_info)
    appender.append(stored(ticks()))
    appender.close()
    assert [each.outcome for each in send(DAY).results] == ["sent"]
    assert not store.journal_path("MES", DAY).exists()
    assert (archive / TICKS).exists()


def test_a_day_that_is_being_recorded_fails_and_is_told(
    data_dir: Path, archive: Path, day_info: Any
) -> None:
    appender = TickStore(data_dir / "ticks").appender(day_info)
    appender.append(stored(ticks()))
    try:
        done = send(DAY)
    finally:
        appender.close()
    assert [each.path for each in done.failed] == [TICKS]
    assert outcomes() == {TICKS: "failed"}
    assert "record" in Export.objects.get().error
    assert Notice.objects.get().kind == "export_failed"


def test_a_line_that_breaks_is_tried_again(
    stored_day: Path, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    through(monkeypatch, Shaky(failures=3))
    done = send(DAY)
    assert not done.failed
    assert Export.objects.get(path=TICKS).attempts == 4
    assert not Notice.objects.exists()


def test_a_target_that_keeps_other_bytes_is_not_believed(
    stored_day: Path, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    through(monkeypatch, Shaky(forgets=True))
    done = send(DAY)
    assert {each.outcome for each in done.results} == {"failed"}
    assert "arrived with other bytes than were sent" in done.results[0].error
    assert set(outcomes().values()) == {"failed"}


def test_a_failure_is_told_once_with_its_remedy_and_when_it_is_mended(
    stored_day: Path, archive: Path
) -> None:
    archive.rmdir()
    for _ in range(2):
        send(DAY)
    notice = Notice.objects.get()
    assert notice.title == "The export of 2024-06-12 failed"
    assert notice.level == Notice.Level.ERROR
    assert "mount it, or correct EXPORT_TARGET" in notice.text
    assert "manage.py export --date 2024-06-12" in notice.text
    assert ["Arrived", "0 of 2 files"] in notice.facts
    archive.mkdir()
    for _ in range(2):
        send(DAY)
    assert Notice.objects.count() == 2
    assert Notice.objects.filter(kind="export_done", level=Notice.Level.GOOD).count() == 1


def test_one_file_that_fails_does_not_keep_the_others(stored_day: Path, archive: Path) -> None:
    (archive / "ticks").write_text("in the way")
    done = send(DAY)
    assert [each.outcome for each in done.results] == ["failed", "sent"]
    (archive / "ticks").unlink()
    assert [each.outcome for each in send(DAY).results] == ["sent", "there"]
    assert outcomes() == {TICKS: "verified", RECAP: "verified"}
    assert Export.objects.get(path=TICKS).error == ""


def test_a_target_that_cannot_be_meant_is_told_too(stored_day: Path, settings: Any) -> None:
    settings.EXPORT_TARGET = "ftp://trader:hunter2@nas/srv"
    with pytest.raises(ExportError):
        send(DAY)
    assert "EXPORT_TARGET" in Notice.objects.get().text
    assert "hunter2" not in Notice.objects.get().text


def test_a_day_without_files_is_no_failure(data_dir: Path, archive: Path) -> None:
    done = send(DAY)
    assert (done.lines, done.failed) == (["2024-06-12: there is nothing to send"], [])


# The command


def test_a_dry_run_says_what_would_be_sent(stored_day: Path, archive: Path) -> None:
    said = command("--date", f"{DAY}", "--dry-run")
    assert f"{TICKS}: to send" in said
    assert list(archive.iterdir()) == []
    assert not Export.objects.exists()
    send(DAY)
    assert f"{TICKS}: there" in command("--date", f"{DAY}", "--dry-run")


def test_several_days_are_those_that_have_something(
    data_dir: Path, archive: Path, stored_day: Path
) -> None:
    session_row(day=NEXT_DAY)
    write(NEXT_DAY)
    said = command("--from", "2024-06-01")
    assert said.splitlines() == [
        line for line in said.splitlines() if f"{DAY}" in line or f"{NEXT_DAY}" in line
    ]
    assert Export.objects.count() == 3


def test_the_command_fails_when_a_file_did_not_arrive(stored_day: Path, archive: Path) -> None:
    archive.rmdir()
    with pytest.raises(SystemExit) as ended:
        command("--date", f"{DAY}")
    assert ended.value.code == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--date", "x"], "--date 'x' is no day"),
        (["--to", "2024-06-12"], "--to needs --from"),
        (["--date", "2024-06-12", "--from", "2024-06-01"], "give one of them"),
        (["--from", "2024-06-12", "--to", "2024-06-01"], "is before --from"),
        ([], "no session of any account is stored"),
    ],
)
def test_what_cannot_be_meant_is_one_line(data_dir: Path, words: list[str], said: str) -> None:
    with pytest.raises(CommandError, match=said):
        command(*words)


def test_the_recap_command_sends_the_day(data_dir: Path, archive: Path) -> None:
    session_row()
    out = StringIO()
    call_command("recap", stdout=out)
    assert f"{RECAP}: sent" in out.getvalue()
    assert (archive / RECAP).exists()
