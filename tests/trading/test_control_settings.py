"""Settings from the page: checked, compared, stored as versions, and used by the next start."""

import asyncio
import json
from dataclasses import replace

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from tests.trading.days import TickFeed, planned, started, ticks, trade
from trading.configuration import stored
from trading.control import sheet as sheets
from trading.models import AuditEvent, Configuration, Session, Tier
from trading.pipeline.options import Options, plan
from trading.pipeline.start import open_account

pytestmark = pytest.mark.django_db

URL = "/control/settings/"


@pytest.fixture
def session():
    """A session that a pipeline began."""
    return started(planned(TickFeed([ticks()])))[1].session


@pytest.fixture
def client(session):
    client = Client()
    client.force_login(User.objects.create_user("ana", is_staff=True))
    return client


def post(client, values=None, *, base=0, save=True, **more):
    sent = {"values": values or {}, "base": base, "save": save, **more}
    return client.post(URL, json.dumps(sent), content_type="application/json")


def target(text):
    return {"numbers": {"risk.profit_target": text}}


def test_the_sheet_begins_with_what_the_session_runs_with(client):
    sheet = client.get(URL).json()
    assert (sheet["account"], sheet["symbol"], sheet["base"]) == ("paper-MES", "MES", 0)
    values = sheet["values"]
    assert values["numbers"]["bars.seconds"] == "300"
    assert values["numbers"]["risk.loss_limit"] == "5000"
    assert values["multipliers"]["RANGING"] == "0.75"
    assert (
        values["patterns"]["UNFINISHED_LOW"]
        == sheet["running_values"]["patterns"]["UNFINISHED_LOW"]
    )
    assert values["tiers"][0]["loss_limit"] == "100"
    assert sheet["pending"] == []


def test_a_change_is_shown_before_it_is_saved(client):
    answer = post(client, target("700"), save=False)
    assert answer.status_code == 200
    assert answer.json()["changes"] == [
        {"setting": "numbers.risk.profit_target", "before": "5000", "after": "700"}
    ]
    assert not Configuration.objects.exists()


def test_saving_makes_a_version_and_an_audit_event(client):
    answer = post(client, target("700"), note="calmer")
    assert (answer.status_code, answer.json()["saved"]) == (201, "paper-MES@1")
    row = Configuration.objects.get()
    assert (row.name, row.version, row.note, row.created_by.username) == (
        "paper-MES", 1, "calmer", "ana",
    )  # fmt: skip
    event = AuditEvent.objects.get(kind="configuration_saved")
    assert event.actor == "ana"
    config = stored.document(row).configs["MES"]
    assert str(config.risk.profit_target) == "700"
    assert str(config.risk.loss_limit) == "5000", "what the command line said is kept"
    assert config.account.id != "paper-MES"
    assert not stored.document(row).names("MES", "risk", "tiers")


def test_the_next_version_says_what_changed_from_which_to_which(client):
    post(client, target("700"))
    post(client, target("800"), base=1)
    event = AuditEvent.objects.filter(kind="configuration_saved").latest()
    assert event.payload["changes"] == ["MES risk.profit_target: 700 -> 800"]
    assert (event.payload["before"], event.payload["configuration"]) == (
        "paper-MES@1", "paper-MES@2",
    )  # fmt: skip


def test_after_saving_the_sheet_shows_what_waits_for_the_next_start(client):
    sheet = post(client, target("700")).json()["sheet"]
    assert (sheet["base"], sheet["label"]) == (1, "paper-MES@1")
    assert sheet["pending"] == [
        {"setting": "numbers.risk.profit_target", "before": "5000", "after": "700"}
    ]


def test_all_settings_of_the_sheet_can_be_changed(client):
    values = {
        "numbers": {"bars.seconds": "60", "risk.profit_target": "600", "risk.loss_limit": "200"},
        "multipliers": {"VOLATILE": "0.25"},
        "patterns": {"BUY_IMBALANCE": ["RANGING"], "UNFINISHED_LOW": []},
        "tiers": {"MES 1-3": {"max_size": "2", "loss_limit": "80"}},
    }
    answer = post(client, values)
    assert answer.status_code == 201
    config = stored.document(Configuration.objects.get()).configs["MES"]
    assert config.bars.seconds == 60
    assert config.risk.tiers[0].max_size == 2
    assert str(config.risk.tiers[0].loss_limit) == "80"
    shown = sheets.values(config)
    assert shown["patterns"]["UNFINISHED_LOW"] == []
    assert shown["patterns"]["BUY_IMBALANCE"] == ["RANGING"]
    assert shown["multipliers"]["VOLATILE"] == "0.25"


@pytest.mark.parametrize(
    ("values", "field", "words"),
    [
        (target("-5"), "numbers.risk.profit_target", "is -5; it must be above 0"),
        (target("ten"), "numbers.risk.profit_target", "is 'ten'; it must be a number"),
        ({"numbers": {"bars.seconds": "999999"}}, "numbers.bars.seconds", "at most a day"),
        ({"numbers": {"bars.seconds": 1.5}}, "numbers.bars.seconds", "must be text"),
        ({"numbers": {"risk.stale_s": "1"}}, "numbers.risk.stale_s", "is unknown"),
        ({"multipliers": {"RANGING": "0"}}, "multipliers.RANGING", "is 0; it must be above 0"),
        ({"multipliers": {"RANGING": "x"}}, "multipliers.RANGING", "is 'x'"),
        ({"patterns": {"BUY_IMBALANCE": ["UP"]}}, "patterns.BUY_IMBALANCE", "list of TRENDING_UP"),
        ({"tiers": {"MES 1-3": {"max_size": "0"}}}, "tiers.MES 1-3.max_size", "smallest size, 1"),
        ({"tiers": {"MES 1-3": {"max_size": "x"}}}, "tiers.MES 1-3.max_size", "whole number"),
        ({"tiers": {"MES 1-3": {"loss_limit": "0"}}}, "tiers.MES 1-3.loss_limit", "is 0"),
        ({"tiers": {"MES 1-3": {"name": "x"}}}, "tiers.MES 1-3.name", "cannot be changed here"),
        ({"tiers": {"huge": {}}}, "tiers.huge", "is unknown"),
        ({"leverage": {}}, "leverage", "no part of the settings"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(client, values, field, words):
    answer = post(client, values)
    assert answer.status_code == 400
    problems = answer.json()["problems"]
    assert list(problems) == [field] or field in problems
    assert words in problems[field]
    assert not Configuration.objects.exists()


def test_a_check_that_finds_fault_is_an_answer(client):
    answer = post(client, target("-5"), save=False)
    assert answer.status_code == 200
    assert "numbers.risk.profit_target" in answer.json()["problems"]


def test_all_that_is_wrong_is_said_at_once(client):
    answer = post(client, {**target("0"), "multipliers": {"RANGING": "-1"}}).json()
    assert set(answer["problems"]) == {"numbers.risk.profit_target", "multipliers.RANGING"}
    assert answer["error"] == "2 values cannot be used. Nothing was saved."


def test_nothing_changed_is_nothing_saved(client):
    answer = post(client, target("5000"))
    assert (answer.status_code, answer.json()["error"]) == (400, "Nothing was changed.")
    assert post(client, target("5000.00")).status_code == 400


def test_who_read_an_older_version_does_not_overwrite_a_newer(client):
    post(client, target("700"))
    answer = post(client, target("900"), base=0)
    assert answer.status_code == 409
    assert "paper-MES@1 was saved meanwhile by ana" in answer.json()["error"]
    assert Configuration.objects.count() == 1


def test_only_who_may_saves(session):
    client = Client()
    assert client.get(URL).status_code == 401
    user = User.objects.create_user("guest")
    client.force_login(user)
    assert client.get(URL).status_code == 200
    answer = post(client, target("700"))
    assert answer.status_code == 403
    assert "guest may look but not change settings" in answer.json()["error"]
    user.user_permissions.add(Permission.objects.get(codename="add_configuration"))
    client.force_login(User.objects.get(pk=user.pk))
    assert post(client, target("700")).status_code == 201


def test_a_save_from_another_site_is_refused(session):
    client = Client(enforce_csrf_checks=True)
    client.force_login(User.objects.create_user("ana", is_staff=True))
    assert post(client, target("700")).status_code == 403
    assert not Configuration.objects.exists()


def test_before_anything_was_traded_there_are_no_settings():
    client = Client()
    client.force_login(User.objects.create_user("ana", is_staff=True))
    assert client.get(URL).status_code == 409


# What the next start uses


def options(**words):
    return Options(symbol="MES", speed="max", **words)


def test_a_start_from_the_page_uses_what_was_saved_not_the_words_of_the_process(client):
    asked = options(timeframe="120", settings={"risk.stop_ticks": "9"})
    first = plan(asked, own=True)
    assert (first.config.bars.seconds, first.own_version) == (120, 0)
    assert plan(asked, own=True, after=first).config == first.config
    post(client, {"numbers": {"bars.seconds": "60"}})
    again = plan(asked, own=True, after=first)
    assert (again.config.bars.seconds, again.config_name) == (60, "paper-MES@1")


def test_a_new_process_uses_the_saved_settings_below_its_own_words(client):
    post(client, {"numbers": {"bars.seconds": "60", "risk.profit_target": "700"}})
    made = plan(options(), own=True)
    assert (made.config.bars.seconds, made.config_name) == (60, "paper-MES@1")
    made = plan(options(timeframe="120"), own=True)
    assert made.config.bars.seconds == 120
    assert str(made.config.risk.profit_target) == "700"
    assert made.config_name == "paper-MES@1, with options on top"


def test_a_named_configuration_counts_for_a_new_process_until_the_page_saves(client):
    stored.save_version("scalper", "version: 1\nsymbols: {MES: {bars: {seconds: 30}}}\n")
    post(client, {"numbers": {"bars.seconds": "60"}})
    asked = options(config="scalper")
    first = plan(asked, own=True)
    assert (first.config.bars.seconds, first.config_name) == (30, "scalper@1")
    post(client, {"numbers": {"bars.seconds": "90"}}, base=1)
    assert plan(asked, own=True, after=first).config_name == "paper-MES@2"


def test_another_accounts_settings_are_its_own(client):
    post(client, {"numbers": {"bars.seconds": "60"}})
    assert plan(options(account="other"), own=True).config.bars.seconds == 300


def test_a_replay_uses_no_accounts_settings(client):
    post(client, {"numbers": {"bars.seconds": "60"}})
    assert plan(options()).config.bars.seconds == 300


def test_changed_tiers_count_instead_of_the_ladder_and_others_do_not(client):
    post(client, target("700"))
    assert not plan(options(), own=True).tiers_given
    post(client, {"tiers": {"MES 1-3": {"max_size": "1"}}}, base=1)
    made = plan(options(), own=True)
    assert made.tiers_given
    assert made.config.risk.tiers[0].max_size == 1
    Tier.objects.filter(name="MES 1-3").update(max_size=7)
    assert client.get(URL).json()["values"]["tiers"][0]["max_size"] == "1"


@pytest.mark.django_db(transaction=True)
def test_a_session_that_runs_keeps_what_it_began_with(client, session):
    before = Session.objects.get().config
    post(client, target("700"))
    session.refresh_from_db()
    assert session.config == before
    plan_ = replace(plan(options(), own=True), feed=TickFeed([ticks()]))
    market, start = started(plan_)
    assert str(start.config.risk.profit_target) == "700"
    assert start.session.config_name == "paper-MES@1"
    run = asyncio.run(trade(plan_, market, start))
    assert run.outcome.status == "ended"
    assert client.get(URL).json()["pending"] == []


def test_the_balance_of_the_first_start_is_not_asked_for_again(client):
    asked = options(settings={"account.balance": "9000"}, account="rich")
    first = replace(plan(asked, own=True), feed=TickFeed([ticks()]))
    open_account(first)
    account = open_account(first)
    account.balance = 9100
    account.save()
    again = plan(asked, own=True, after=first)
    assert open_account(again) == account
