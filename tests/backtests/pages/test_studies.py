"""Studies in the browser: the list, a stress test's report, a sweep's points and maps, a walk."""

import json
import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from backtests.models import Study
from backtests.stress.study import Spec as StressSpec
from backtests.stress.study import ask, carry_out
from backtests.sweeps.spec import Spec
from backtests.sweeps.sweep import sweep
from tests.backtests.pages.conftest import Store
from tests.backtests.sweeps.market import Market, around_sixteen, plan
from tests.backtests.sweeps.test_walking import Traded, walked

pytestmark = pytest.mark.django_db

QUICK = ("monte_carlo", "loss_streaks", "costs")


def text(client: Client, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status
    return answer.content.decode()


def plots_of(page: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        page.split('id="report-plots" type="application/json">')[1].split("<")[0]
    )
    return found


def kept(kind: str, result: dict[str, Any]) -> Study:
    content = json.loads(json.dumps(result, allow_nan=False))
    return Study.objects.create(kind=kind, status="done", result=content, done=4, parts=4)


def test_a_stress_test_is_shown_as_its_report(client: Client, store: Store) -> None:
    run = store(days=30, trades=90)
    study = ask(run, StressSpec(parts=QUICK, paths=50))
    result = carry_out(study)
    page = text(client, f"/backtests/studies/{study.pk}/")
    assert result["parts"]["costs"]["sentences"][0] in page
    assert set(re.findall(r'data-plot="([^"]+)"', page)) == set(plots_of(page))
    assert f'href="/backtests/{run.pk}/"' in page
    assert f'href="/backtests/studies/{study.pk}/"' in text(client, f"/backtests/{run.pk}/")


def test_a_sweep_shows_its_points_the_best_first_and_maps(client: Client) -> None:
    parameters = ("risk.stop_ticks=8:24:2", "risk.target_ticks=20,24")
    spec = Spec(plan=plan(120), parameters=parameters, objective="net")
    found = sweep(spec, Market(around_sixteen))
    study = kept("sweep", found.as_json())
    page = text(client, f"/backtests/studies/{study.pk}/")
    assert "Is the best more than luck?" in page
    points = page.split('aria-label="Points"')[1].split("</table>")[0]
    assert found.best is not None
    best = found.space.settings(found.best.point)
    first = points.split("<tbody>")[1].split("</tr>")[0]
    assert f">{best['risk.stop_ticks']}<" in first
    assert page.count("◆") == len(found.slices)
    assert found.plateau is not None
    assert found.plateau.says in page


def test_a_walk_forward_shows_its_folds(client: Client) -> None:
    result = walked(Traded(Market(around_sixteen))).as_json()
    page = text(client, f"/backtests/studies/{kept('walk_forward', result).pk}/")
    folds = page.split('aria-label="Folds"')[1].split("</table>")[0]
    assert folds.count("<tr>") == 1 + len(result["folds"])
    assert list(plots_of(page)) == ["equity"]


def test_a_study_without_a_result_says_so(client: Client, store: Store) -> None:
    waiting = Study.objects.create(kind="stress", backtest=store())
    assert "There is no result yet" in text(client, f"/backtests/studies/{waiting.pk}/")
    Study.objects.filter(pk=waiting.pk).update(status="failed", error="<b>out of memory</b>")
    page = text(client, f"/backtests/studies/{waiting.pk}/")
    assert "&lt;b&gt;out of memory&lt;/b&gt;" in page
    assert "There is no study 999" in text(client, "/backtests/studies/999/", 404)


def test_the_list_asks_as_much_for_many_as_for_few(client: Client, store: Store) -> None:
    assert "No studies yet" in text(client, "/backtests/studies/")
    run = store()
    Study.objects.create(kind="stress", backtest=run, asked_by_id=client.session["_auth_user_id"])

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            text(client, "/backtests/studies/")
        return len(queries)

    few = asked()
    for _ in range(5):
        Study.objects.create(
            kind="sweep", backtest=run, asked_by_id=client.session["_auth_user_id"]
        )
    assert asked() == few
