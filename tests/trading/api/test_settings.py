"""Settings through the API: read with an ETag, changed only by who has read them."""

from typing import Any

import pytest

from tests.trading.api.asking import Asker, by_token
from tests.trading.days import TickFeed, planned, started, ticks
from trading.models import AuditEvent, Configuration

pytestmark = pytest.mark.django_db

TARGET = {"numbers": {"risk.profit_target": "700"}}


@pytest.fixture(autouse=True)
def session() -> Any:
    return started(planned(TickFeed([ticks()])))[1].session


def tag(ask: Asker) -> dict[str, str]:
    return {"If-Match": ask("settings")["ETag"]}


def test_a_change_makes_the_next_version(ask: Asker) -> None:
    assert ask("settings").json()["values"]["numbers"]["risk.profit_target"] == "5000"
    answer = ask.patch("settings", tag(ask), values=TARGET, note="calmer")
    said = answer.json()
    assert (answer.status_code, said["saved"]) == (200, "paper-MES@1")
    assert said["changes"] == [
        {"setting": "numbers.risk.profit_target", "before": "5000", "after": "700"}
    ]
    row = Configuration.objects.get()
    assert (row.note, row.created_by.username) == ("calmer", "trader")  # type: ignore[union-attr]
    assert AuditEvent.objects.get(kind="configuration_saved").actor == "trader"
    assert answer["ETag"] == ask("settings")["ETag"]
    assert said["sheet"] == ask("settings").json()


def test_who_has_not_read_them_changes_nothing(ask: Asker) -> None:
    old = tag(ask)
    assert ask.patch("settings", values=TARGET).status_code == 428
    assert ask.patch("settings", {"If-Match": "3"}, values=TARGET).status_code == 400
    ask.patch("settings", old, values={"numbers": {"risk.profit_target": "800"}})
    answer = ask.patch("settings", old, values=TARGET)
    assert (answer.status_code, answer.json()["type"]) == (
        412, "urn:tradebot:problem:changed-meanwhile",
    )  # fmt: skip
    assert Configuration.objects.count() == 1
    assert ask.patch("settings", {"If-Match": "*"}, values=TARGET).status_code == 200


def test_what_is_refused_anyway_is_said_before_who_was_first(ask: Asker) -> None:
    """Reading the settings again would not help."""
    old = tag(ask)
    ask.patch("settings", old, values=TARGET)
    for patterns in ({"BUY_IMBALANCE": True}, {"BUY_IMBALANCE": 7}):
        assert ask.patch("settings", old, values={"patterns": patterns}).status_code == 400


def test_a_change_can_be_tried(ask: Asker) -> None:
    said = ask.patch("settings", tag(ask), values=TARGET, save=False).json()
    assert (len(said["changes"]), said["saved"]) == (1, None)
    assert not Configuration.objects.exists()


def test_nothing_different_is_no_version(ask: Asker) -> None:
    same = {"numbers": {"risk.profit_target": "5000"}}
    said = ask.patch("settings", tag(ask), values=same).json()
    assert (said["changes"], said["saved"]) == ([], None)
    assert not Configuration.objects.exists()


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"numbers": {"risk.profit_target": "much"}}, "numbers.risk.profit_target"),
        ({"numbers": {"risk.luck": "1"}}, "numbers.risk.luck"),
        ({"multipliers": {"RANGING": "-1"}}, "multipliers.RANGING"),
        ({"patterns": {"BUY_IMBALANCE": ["SIDEWAYS"]}}, "patterns.BUY_IMBALANCE"),
        ({"tiers": {"MES 1-3": {"max_size": "0"}}}, "tiers.MES 1-3.max_size"),
        ({"weather": {}}, "weather"),
    ],
)
def test_each_field_that_is_wrong_is_named(ask: Asker, values: dict[str, Any], field: str) -> None:
    answer = ask.patch("settings", tag(ask), values=values)
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    problem = answer.json()["problems"][0]
    assert problem["field"] == field
    assert problem["detail"]
    assert problem["remedy"]
    assert not Configuration.objects.exists()


@pytest.mark.parametrize("sent", [{}, {"values": []}, {"values": {}, "note": 3}, {"base": 1}])
def test_the_request_has_its_shape(ask: Asker, sent: dict[str, Any]) -> None:
    assert ask.patch("settings", tag(ask), **sent).status_code == 400


def test_the_scope_and_the_permission_are_both_needed(ask: Asker) -> None:
    for asker in (by_token("trader", "read", "trade"), by_token("viewer")):
        assert asker.patch("settings", tag(ask), values=TARGET).status_code == 403
    assert not Configuration.objects.exists()
