"""`--config` of trade and replay, and `manage.py config`."""

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from engine.config import engine_config, fill_profile
from marketdata.feeds.files.parquet import write_ticks
from marketdata.feeds.simulator import Simulator
from tests.trading.days import TickFeed, planned, run_day, started, ticks
from trading.configuration.document import parse
from trading.configuration.stored import save_version
from trading.errors import OptionError
from trading.models import AuditEvent, Session, Tier
from trading.pipeline.options import Options, plan

TEXT = """version: 1
defaults:
  bars: {seconds: 60}
  risk: {stop_ticks: 12}
symbols:
  ES: {}
  MES: {fills: {profile: ideal}}
"""
TIER = "{name: own, min_balance: 0, symbol: MES, min_size: 1, max_size: 1, loss_limit: 50}"


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "es.yaml"
    path.write_text(TEXT)
    return path


def command(*words):
    out = StringIO()
    call_command(*words, stdout=out)
    return out.getvalue()


def refused(*words):
    with pytest.raises(CommandError) as error:
        command(*words)
    return str(error.value)


# What a plan makes of it


def test_a_plan_takes_the_file_and_the_options_on_top(file):
    made = plan(Options(symbol="MES", config=str(file)))
    assert made.config == parse(TEXT, "x").configs["MES"]
    assert (made.config_name, made.tiers_given) == ("es.yaml", False)
    made = plan(
        Options(
            symbol="MES", config=str(file), timeframe="120", fills="honest",
            settings={"risk.stop_ticks": "9", "fills.latency_ms": "70"},
        )
    )  # fmt: skip
    assert (made.config.bars.seconds, made.config.risk.stop_ticks) == (120, 9)
    assert made.config.fills == replace(fill_profile("honest"), latency_ms=70)
    assert made.config_name == "es.yaml, with options on top"


def test_without_a_configuration_a_plan_is_what_it_was():
    made = plan(Options(symbol="MES"))
    assert made.config == engine_config("MES")
    assert (made.config_name, made.tiers_given) == ("", False)


def test_a_symbol_that_it_does_not_name_is_refused(file):
    with pytest.raises(OptionError, match="says nothing about NQ, only about ES, MES; add"):
        plan(Options(symbol="NQ", config=str(file)))


def test_the_simulator_plays_the_only_symbol(tmp_path):
    path = tmp_path / "cl.yaml"
    path.write_text("version: 1\nsymbols: {CL: {}}\n")
    assert plan(Options(config=str(path))).symbol == "CL"


@pytest.mark.django_db
def test_tiers_are_the_databases_unless_the_configuration_names_some(tmp_path):
    Tier.objects.filter(name="MES 1-3").update(loss_limit=77)
    path = tmp_path / "mes.yaml"
    path.write_text("version: 1\nsymbols: {MES: {}}\n")
    start = started(planned(TickFeed([ticks()]), config=str(path)))[1]
    assert start.config.risk.tiers[0].loss_limit == 77
    path.write_text(f"version: 1\nsymbols: {{MES: {{risk: {{tiers: [{TIER}]}}}}}}\n")
    start = started(planned(TickFeed([ticks()]), config=str(path), account="other"))[1]
    assert [(tier.name, tier.loss_limit) for tier in start.config.risk.tiers] == [
        ("own", Decimal(50))
    ]


# What results say


@pytest.mark.django_db
def test_the_session_and_its_audit_name_the_configuration():
    row = save_version("scalper", TEXT)
    plan_ = planned(TickFeed([ticks()]), config="scalper")
    session = started(plan_)[1].session
    session.refresh_from_db()
    assert session.config_name == "scalper@1, with options on top"
    assert session.rules_digest == plan_.config.rules_digest != row.digests["MES"]
    event = AuditEvent.objects.get(kind="started")
    assert event.payload["configuration"] == session.config_name
    assert event.payload["rules"] == session.rules_digest


@pytest.mark.django_db(transaction=True)
def test_a_configuration_has_one_digest_from_day_to_day():
    save_version("scalper", TEXT)
    run_day(date(2024, 6, 12), date(2024, 6, 13), config="scalper")
    days = Session.objects.all()
    assert len(days) == 2
    assert len({day.rules_digest for day in days}) == 1
    assert {day.config_name for day in days} == {"scalper@1, with options on top"}


@pytest.mark.django_db
def test_stored_tiers_alike_the_defaults_leave_the_digest_alone():
    row = save_version("mes", "version: 1\nsymbols: {MES: {}}\n")
    plan_ = plan(Options(symbol="MES", config="mes"))
    session = started(replace(plan_, feed=TickFeed([ticks()])))[1].session
    assert (session.config_name, session.rules_digest) == ("mes@1", row.digests["MES"])


@pytest.mark.django_db
def test_replay_says_which_configuration_it_was(tmp_path, file):
    path, out = tmp_path / "es.parquet", tmp_path / "out.json"
    write_ticks(path, "ES", Simulator("ES", seed=3, ticks_per_day=5_000).day(date(2025, 7, 8)),
                synthetic=True)  # fmt: skip
    said = command("replay", "--file", str(path), "--json", str(out), "--config", str(file))
    config = json.loads(out.read_text())["config"]
    es = parse(TEXT, "x").configs["ES"]
    assert config["name"] == "es.yaml"
    assert (config["digest"], config["rules_digest"]) == (es.digest, es.rules_digest)
    assert config["bars"]["seconds"] == 60
    assert "es.yaml" in said
    assert es.rules_digest in said
    command("replay", "--file", str(path), "--json", str(out))
    assert json.loads(out.read_text())["config"]["name"] is None
    save_version("scalper", TEXT)
    command("replay", "--file", str(path), "--json", str(out), "--config", "scalper@1")
    assert json.loads(out.read_text())["config"]["name"] == "scalper@1"


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["trade", "replay"])
def test_all_that_is_wrong_with_a_file_is_said_a_line_each(name, tmp_path):
    path = tmp_path / "es.yaml"
    path.write_text("version: 1\nsymbols:\n  MES:\n    risk: {stop_tick: 1, target_ticks: 0}\n")
    words = ["--file", str(path)] if name == "replay" else ["--headless"]
    assert refused(name, *words, "--config", str(path)).splitlines() == [
        f"{path}: 2 problems",
        "  line 4: symbols.MES.risk.stop_tick is unknown; did you mean stop_ticks or "
        "trail_step_ticks?",
        "  line 4: symbols.MES.risk.target_ticks is 0; it must be above 0",
    ]
    assert not Session.objects.exists()


def test_a_configuration_is_an_option_of_a_replay_to_explain(file):
    said = refused("explain", "paper-20240612-1", "--config", str(file))
    assert said == "options of a replay need --file, or --date and --symbol"


# manage.py config


def test_show_prints_all_that_holds_and_reads_back(file):
    said = command("config", "show", "--symbol", "MES", "--config", str(file))
    config = parse(TEXT, "x").configs["MES"]
    assert said.splitlines()[0] == (
        f"# MES: es.yaml, rules {config.rules_digest}, with this account {config.digest}"
    )
    assert parse(said, "said").configs == {"MES": config}
    assert "stack_levels: 3" in said


def test_show_changed_prints_what_differs(file):
    said = command("config", "show", "--config", str(file), "--changed")
    assert parse(said, "said").configs == parse(TEXT, "x").configs
    assert "stop_ticks: 12" in said
    assert "stack_levels" not in said


def test_show_without_a_configuration_is_the_defaults():
    said = command("config", "show", "--symbol", "GC")
    assert parse(said, "said").configs == {"GC": engine_config("GC")}
    assert said.startswith("# GC: defaults, rules ")


def test_check_says_that_it_holds_or_what_is_wrong(file):
    digests = parse(TEXT, "x").digests
    assert command("config", "check", str(file)).splitlines() == [
        "es.yaml holds.",
        f"  ES: rules {digests['ES']}; 2 settings differ from the defaults",
        f"  MES: rules {digests['MES']}; 3 settings differ from the defaults",
    ]
    file.write_text("version: 1\n")
    assert refused("config", "check", str(file)) == (
        f"{file}: symbols must name at least one, like {{ES: {{}}}}"
    )


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["show"], "--symbol is missing"),
        (["show", "--symbol", "XYZ"], "unknown symbol 'XYZ'"),
        (["check"], "the following arguments are required: FILE|NAME"),
        ([], "show|check"),
        (["check", "no/such.yaml"], "no/such.yaml: there is no such file"),
    ],
)
def test_nonsense_is_refused_in_one_line(words, says):
    message = refused("config", *words)
    assert says in message
    assert "\n" not in message
    assert not message.startswith("Error")
