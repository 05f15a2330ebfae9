"""`manage.py backtest --html OUT` leaves a report where it was asked to."""

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from backtests.days import Found
from tests.backtests.outcomes import by_ticks


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Days that need no ticks; whether they were run."""
    outcome, calls = by_ticks([[24, -16]]), []

    def run(*args: object, **options: object) -> object:
        calls.append("run")
        return outcome

    monkeypatch.setattr("backtests.asking.plan_of", lambda *_, **__: (outcome.plan, FOUND))
    monkeypatch.setattr("backtests.runner.run", run)
    return calls


FOUND = Found(days=(), missing=(), left_out=())


@pytest.mark.django_db
def test_the_report_is_written_with_its_note(ran: list[str], tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    call_command("backtest", "--symbol", "MES", "--html", str(out), "--note", "a <first> try")
    content = out.read_text(encoding="utf-8")
    assert "a &lt;first&gt; try" in content
    assert content.rstrip().endswith("</html>")


def test_a_folder_that_is_not_there_is_said_before_anything_is_run(
    ran: list[str], tmp_path: Path
) -> None:
    out = tmp_path / "nowhere" / "report.html"
    with pytest.raises(CommandError, match=r"--html .*nowhere/report.html: there is no folder"):
        call_command("backtest", "--symbol", "MES", "--html", str(out))
    assert ran == []
