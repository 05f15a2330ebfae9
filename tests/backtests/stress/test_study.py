"""What is asked of a stored run is kept with its answer, and shown."""

import io
import json
import re
from html import unescape
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from rich.console import Console

from backtests import storing
from backtests.models import Backtest, Study
from backtests.outcome import Outcome
from backtests.stress.errors import StressError
from backtests.stress.page import report
from backtests.stress.plots import plots
from backtests.stress.study import PARTS, Spec, ask, carry_out, find_run, stress
from backtests.stress.terminal import show
from tests.backtests.outcomes import by_ticks, outcome

QUICK = tuple(part for part in PARTS if part not in ("slippage", "latency"))


def stored(run: Outcome) -> Backtest:
    row = storing.create(run.plan, asked_from=Backtest.Asked.COMMAND)
    storing.finish(row, run)
    return row


def told(result: dict[str, object]) -> str:
    console = Console(file=io.StringIO(), width=120, highlight=False)
    show(result, console)
    return console.file.getvalue()  # type: ignore[attr-defined,no-any-return]


def test_the_same_run_spec_and_seed_give_the_same_result() -> None:
    run = outcome(days=60, trades=250, seed=1)
    spec = Spec(parts=QUICK, paths=200, seed=7)
    assert stress(run, spec) == stress(run, spec)
    other = stress(run, Spec(parts=QUICK, paths=200, seed=8))
    assert other["parts"]["monte_carlo"] != stress(run, spec)["parts"]["monte_carlo"]


@pytest.mark.parametrize(
    "run",
    [
        by_ticks([[], []]),
        by_ticks([[-16]]),
        by_ticks([[24]] * 5),
        by_ticks([[-16]] * 5),
        by_ticks([[0]]),
        outcome(days=30, trades=100, seed=2, symbol="BTCUSDT"),
    ],
    ids=["no trades", "one loss", "wins", "losses", "nothing won or lost", "fees by value"],
)
def test_any_run_is_answered_and_shown(run: Outcome) -> None:
    result = stress(run, Spec(paths=50))
    json.dumps(result, allow_nan=False)
    text = told(result)
    assert "Monte Carlo" in text
    assert "Estimated from the run's own trades" in text or not run.trades
    if len(run.trades) < 30:
        assert "are too few" in text


def test_a_result_is_shown_alike_whatever_order_a_database_gives_its_keys() -> None:
    result = stress(outcome(days=40, trades=160, seed=2), Spec(paths=50))
    stirred = json.loads(json.dumps(result, sort_keys=True))
    assert list(stirred["parts"]) != list(result["parts"])
    assert told(stirred) == told(result)
    assert plots(stirred) == plots(result)
    assert report(stirred) == report(result)


def test_a_run_without_a_day_is_refused() -> None:
    run = by_ticks([[8]])
    with pytest.raises(StressError, match="run it to an end first"):
        stress(Outcome(plan=run.plan, days=(), data_digest="", code=""), Spec())


def test_a_spec_comes_back_from_json_and_old_ones_have_defaults() -> None:
    spec = Spec(parts=("costs",), paths=5, seed=3, block=2, days=9, ruin="100", ticks=7)
    assert Spec.from_json(json.loads(json.dumps(spec.as_json()))) == spec
    assert Spec.from_json({}) == Spec()


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        ({"paths": 0}, "the number of paths is 0; it must be 1 to 100000"),
        ({"ticks": 99}, "additional ticks are 99|additional ticks is 99"),
        ({"seed": -1}, "seed is -1"),
        ({"ruin": "much"}, "ruin is 'much'; it must be a balance like 500"),
        ({"ruin": "-1"}, "ruin is '-1'"),
        ({"ruin": "NaN"}, "ruin is 'NaN'"),
        ({"parts": ("weather",)}, "no such stress test: weather; there are monte_carlo"),
        ({"parts": ()}, "none named"),
    ],
)
def test_a_spec_out_of_range_is_refused(asked: dict[str, object], text: str) -> None:
    with pytest.raises(StressError, match=text):
        Spec(**asked)  # type: ignore[arg-type]


@pytest.mark.django_db
def test_a_study_keeps_what_was_asked_and_what_came_of_it() -> None:
    row = stored(outcome(days=30, trades=120, seed=1))
    study = ask(row, Spec(parts=QUICK, paths=50))
    done: list[str] = []
    result = carry_out(study, told=done.append)
    study.refresh_from_db()
    assert done == list(QUICK)
    assert (study.status, study.done, study.parts) == ("done", len(QUICK), len(QUICK))
    assert study.result == json.loads(json.dumps(result))
    assert study.result["run"]["number"] == row.pk
    assert study.finished_at is not None


@pytest.mark.django_db
def test_a_study_that_is_stopped_keeps_the_parts_that_are_done() -> None:
    study = ask(stored(outcome(days=30, trades=120, seed=1)), Spec(parts=QUICK, paths=50))

    def stop(part: str) -> None:
        Study.objects.filter(pk=study.pk).update(stop_asked=True)

    carry_out(study, told=stop)
    study.refresh_from_db()
    assert study.status == "stopped"
    assert list(study.result["parts"]) == ["monte_carlo"]


@pytest.mark.django_db
def test_what_goes_wrong_is_kept_with_the_study() -> None:
    study = ask(stored(by_ticks([[8], [-8]])), Spec(ruin="99999"))
    with pytest.raises(StressError):
        carry_out(study)
    study.refresh_from_db()
    assert study.status == "failed"
    assert "name a lower one with --ruin" in study.error


@pytest.mark.django_db
def test_one_who_interrupts_a_study_stops_it() -> None:
    study = ask(stored(by_ticks([[8], [-8]])), Spec())

    def interrupt(part: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        carry_out(study, told=interrupt)
    study.refresh_from_db()
    assert study.status == "stopped"


@pytest.mark.django_db
def test_json_goes_to_standard_output_and_the_tables_elsewhere(
    capsys: pytest.CaptureFixture[str],
) -> None:
    row = stored(by_ticks([[8], [-8]]))
    call_command("stress", str(row.pk), "--costs", "--json", "-")
    told = capsys.readouterr()
    assert json.loads(told.out)["run"]["number"] == row.pk
    assert "Costs" in told.err


@pytest.mark.django_db
def test_a_run_that_is_not_there_lists_the_newest() -> None:
    with pytest.raises(StressError, match="make one: manage"):
        find_run("7")
    rows = [stored(by_ticks([[8], [-8]])) for _ in range(2)]
    with pytest.raises(StressError) as refused:
        find_run("999999")
    assert f"The newest: {rows[1]} (2 trades); {rows[0]} (2 trades)" in str(refused.value)
    assert find_run("last") == rows[1]
    assert find_run(str(rows[0].pk)) == rows[0]
    with pytest.raises(StressError, match="there is no run first"):
        find_run("first")


@pytest.mark.django_db
def test_a_run_that_is_not_over_is_refused() -> None:
    row = storing.create(by_ticks([[8]]).plan, asked_from=Backtest.Asked.COMMAND)
    with pytest.raises(StressError, match="is waiting; wait until it is over"):
        find_run(str(row.pk))


# -- the command ---------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_command_shows_keeps_and_writes(tmp_path: Path) -> None:
    row = stored(outcome(days=30, trades=120, seed=1))
    out, text = tmp_path / "stress.json", io.StringIO()
    call_command(
        "stress", str(row.pk), "--monte-carlo", "60", "--costs", "--seed", "4",
        "--json", str(out), stdout=text,
    )  # fmt: skip
    study = Study.objects.get(kind="stress", backtest=row)
    assert json.loads(out.read_text()) == study.result
    assert set(study.result["parts"]) == {"monte_carlo", "costs"}
    assert (study.spec["paths"], study.spec["seed"]) == (60, 4)
    assert "In 60 resamplings of days" in text.getvalue().replace("\n", " ")
    assert f"Study {study.pk}, seed 4" in text.getvalue()


@pytest.mark.django_db
def test_the_report_is_a_file_that_asks_nothing_of_any_other_place(tmp_path: Path) -> None:
    row, out = stored(outcome(days=60, trades=240, seed=1)), tmp_path / "stress.html"
    call_command("stress", str(row.pk), "--html", str(out), stdout=io.StringIO())
    page = out.read_text()
    assert f"Stress tests of backtest {row.pk}: MES" in page
    assert "SIMULATED MARKET" in page
    assert "default-src 'none'" in unescape(page)
    assert "://" not in re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    plots = json.loads(
        page.split('<script id="report-plots" type="application/json">')[1].split("</script>")[0]
    )
    places = set(re.findall(r'data-plot="([^"]+)"', page))
    assert places == set(plots) == {
        "fan", "drawdowns", "ends", "streaks", "hours", "weekdays", "fees", "slippage",
    }  # fmt: skip
    fan = plots["fan"]["data"]
    assert all(low <= high for low, high in zip(fan[0]["y"], fan[1]["y"], strict=True))
    assert fan[-1]["y"][-1] == pytest.approx(float(row.closing))


@pytest.mark.django_db
def test_a_report_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    row = stored(by_ticks([[8], [-8]]))
    with pytest.raises(CommandError, match=r"--html .* cannot be written"):
        call_command(
            "stress", str(row.pk), "--costs", "--html", str(tmp_path / "no" / "x.html"),
            stdout=io.StringIO(),
        )  # fmt: skip


@pytest.mark.django_db
def test_without_options_everything_is_asked_and_what_needs_ticks_says_so() -> None:
    row, text = stored(outcome(days=10, trades=40, seed=1)), io.StringIO()
    call_command("stress", str(row.pk), stdout=text)
    study = Study.objects.get(backtest=row)
    assert set(study.result["parts"]) == set(PARTS)
    assert study.result["parts"]["slippage"]["method"] == "linear"
    assert "Later orders need the run's ticks" in text.getvalue()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["12345"], "there is no run 12345"),
        (["last", "--monte-carlo", "0"], "the number of paths is 0"),
        (["last", "--slippage", "50"], "additional ticks is 50; it must be 1 to 20"),
        (["last", "--ruin", "x"], "ruin is 'x'"),
        (["last", "--workers", "0"], "--workers is 0; it must be at least 1"),
    ],
)
def test_the_command_refuses_in_one_line(words: list[str], text: str) -> None:
    stored(by_ticks([[8], [-8]]))
    with pytest.raises(CommandError) as refused:
        call_command("stress", *words, stdout=io.StringIO())
    assert text in str(refused.value)
    assert "\n" not in str(refused.value)
