"""Grafana's dashboard and Prometheus' rules ask only for what there is."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily

from trading.observing import rows
from trading.observing.figures import TradingCollector
from trading.observing.metrics import REGISTRY

DEPLOY = Path(__file__).parents[3] / "deploy"
DASHBOARD = json.loads((DEPLOY / "grafana" / "tradebot.json").read_text())
RULES = yaml.safe_load((DEPLOY / "prometheus" / "tradebot.rules.yml").read_text())
SCRAPE = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())

NAME = re.compile(r"\b(?:tradebot|process|python)_[a-z_]+\b")
ROWS = ("Market and engine", "Orders and money", "The pipeline's queues", "Web and workers",
        "Errors")  # fmt: skip


def queries():
    for panel in DASHBOARD["panels"]:
        for target in panel.get("targets", ()):
            yield target["expr"]
    for group in RULES["groups"]:
        for rule in group["rules"]:
            yield rule["expr"]


@pytest.fixture
def there(db):
    """Every name of a series that Prometheus can be told, and its labels."""
    families = [*TradingCollector().describe(), *REGISTRY.collect(), *rows.read(), rows._up(True)]
    names = set()
    for family in families:
        kind = family.type
        if isinstance(family, HistogramMetricFamily) or kind == "histogram":
            names |= {f"{family.name}_{end}" for end in ("bucket", "count", "sum")}
        elif isinstance(family, CounterMetricFamily) or kind == "counter":
            names.add(f"{family.name}_total")
        else:
            names.add(family.name)
    return names


def test_every_figure_that_is_asked_for_exists(there):
    asked = {name for query in queries() for name in NAME.findall(query)}

    assert len(asked) > 40
    assert asked - there == set()


def test_every_figure_of_trading_is_shown(there):
    """What nobody would ever see need not be counted."""
    shown = {name for query in queries() for name in NAME.findall(query)}
    ours = {re.sub(r"_(bucket|count|sum)$", "", name) for name in there if "tradebot_" in name}
    seen = {re.sub(r"_(bucket|count|sum)$", "", name) for name in shown}

    assert ours - seen == set()


def test_the_dashboard_can_be_imported_anywhere():
    panels = DASHBOARD["panels"]
    names = [variable["name"] for variable in DASHBOARD["templating"]["list"]]

    assert names[0] == "datasource"
    assert tuple(panel["title"] for panel in panels if panel["type"] == "row") == ROWS
    assert len({panel["id"] for panel in panels}) == len(panels)
    for panel in panels:
        if panel["type"] != "row":
            assert panel["datasource"]["uid"] == "${datasource}"
            assert panel["targets"]
            assert panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24


def test_panels_do_not_lie_over_each_other():
    taken = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"])
                 for y in range(at["y"], at["y"] + at["h"])}  # fmt: skip
        assert not cells & taken, panel["title"]
        taken |= cells


def test_every_alert_says_what_it_is_and_what_to_do():
    rules = [rule for group in RULES["groups"] for rule in group["rules"]]

    assert len({rule["alert"] for rule in rules}) == len(rules)
    for rule in rules:
        assert rule["labels"]["severity"] in ("critical", "warning"), rule
        assert rule["annotations"].keys() == {"summary", "remedy"}, rule


def test_braces_and_brackets_of_queries_are_closed():
    for query in queries():
        for opened, closed in ("()", "[]", "{}"):
            assert query.count(opened) == query.count(closed), query


def test_jobs_are_named_as_rules_and_dashboard_know_them():
    jobs = [job["job_name"] for job in SCRAPE["scrape_configs"]]
    assert jobs == ["tradebot-trade", "tradebot-worker", "tradebot-web"]
    assert SCRAPE["rule_files"] == ["tradebot.rules.yml"]


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_prometheus_itself_takes_the_rules():
    done = subprocess.run(
        ["promtool", "check", "rules", str(DEPLOY / "prometheus" / "tradebot.rules.yml")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
