"""What a preflight asks outside: Redis, Databento, Discord, workers, watchdog, export."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from tests.servers.databento_gateway import KEY, Gateway, Listed, Trouble
from tests.servers.webhook import SECRET, Webhook
from trading import clock
from trading.pipeline import databento as live
from trading.pipeline.options import Options, plan
from trading.preflight import market, services

MESZ5 = Listed(1, "MESZ5", 1_766_160_000 * 10**9)


@pytest.fixture
def gateway(settings):
    with Gateway([MESZ5]) as server:
        settings.DATABENTO_API_KEY = KEY
        settings.DATABENTO_GATEWAY, settings.DATABENTO_PORT = "127.0.0.1", server.port
        yield server


def databento():
    return market.feed(plan(Options(symbol="MES", feed="databento")))


def test_databentos_gateway_takes_the_key_and_is_asked_for_nothing(gateway):
    result = databento()
    assert (result.level, result.remedy) == ("pass", "")
    assert len(gateway.logins) == 1
    assert gateway.started == 0
    assert gateway.asked in ([], [[]])


def test_a_key_that_databento_refuses_fails_and_is_not_shown(gateway, settings):
    settings.DATABENTO_API_KEY = "db-" + "WrongKey" * 3 + "vwxyz"
    result = databento()
    assert result.level == "fail"
    assert "refused the key" in result.text
    assert "DATABENTO_API_KEY" in result.remedy
    assert "WrongKey" not in str(result)
    assert "vwxyz" not in str(result)


def test_a_gateway_that_hangs_or_is_not_there_fails_in_time(gateway, settings, monkeypatch):
    timing = live.Timing(connect=0.2)
    monkeypatch.setattr(live, "TIMING", timing)
    gateway.troubles.append(Trouble(what="hang"))
    assert "did not answer within 0.2 s" in databento().text
    settings.DATABENTO_PORT = 1
    result = databento()
    assert result.level == "fail"
    assert "status.databento.com" in result.remedy


def test_without_a_key_nobody_is_asked(gateway, settings):
    settings.DATABENTO_API_KEY = ""
    assert databento().text == "no key of Databento"
    assert gateway.logins == []


def test_discord_is_asked_for_the_webhooks_name_and_nothing_is_sent(settings):
    with Webhook() as webhook:
        settings.DISCORD_WEBHOOK_URL = webhook.url
        result = services.discord()
    assert (result.level, result.text) == ("pass", "the webhook tradebot exists")
    assert [method for method, _ in webhook.asked] == ["GET"]


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (404, {"message": "Unknown Webhook", "code": 10015}, "does not exist (404)"),
        (401, {"message": "Invalid Webhook Token"}, "does not exist (401)"),
        (429, {"retry_after": 1}, "answers 429"),
        (500, "oops", "answers 500"),
        (200, "<html>", "not a webhook's"),
        (200, [1], "not a webhook's"),
    ],
)
def test_a_webhook_that_is_none_warns_without_its_address(settings, status, body, words):
    with Webhook() as webhook:
        webhook.answer(status, body)
        settings.DISCORD_WEBHOOK_URL = webhook.url
        result = services.discord()
    assert result.level == "warn"
    assert words in result.text
    assert result.remedy
    assert SECRET not in str(result)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/api/webhooks/1/hush", "nonsense/hush", "x://"])
def test_an_address_that_answers_nobody_warns(settings, url):
    settings.DISCORD_WEBHOOK_URL = url
    result = services.discord()
    assert result.level == "warn"
    assert "hush" not in str(result)


def test_what_is_not_set_is_not_asked(settings):
    settings.DISCORD_WEBHOOK_URL = settings.REDIS_URL = ""
    settings.EXPORT_TARGET = ""
    assert services.discord().level == "warn"
    assert [result.level for result in services.redis()] == ["pass"]
    assert services.workers().level == "pass"
    assert services.export().level == "pass"


def test_the_target_of_exports_is_asked_and_sent_nothing(settings, tmp_path):
    settings.EXPORT_TARGET = str(tmp_path / "archive")
    assert services.export().level == "warn"
    (tmp_path / "archive").mkdir()
    assert services.export().level == "pass"
    assert list((tmp_path / "archive").iterdir()) == []
    settings.EXPORT_TARGET = "ftp://ana:hush-hush@nas/x"
    result = services.export()
    assert result.level == "warn"
    assert "hush-hush" not in str(result)


def watched(data_dir, **words):
    told = {"looked_at": clock.now().isoformat(), "ended": False} | words
    (data_dir / "watchdog.json").write_text(json.dumps(told))
    return services.watchdog()


def test_a_watchdog_is_there_while_it_looks(data_dir):
    assert services.watchdog().level == "warn"
    assert watched(data_dir).level == "pass"
    assert watched(data_dir, ended=True).text == "it was stopped"
    old = (datetime.now(UTC) - timedelta(minutes=30)).isoformat()
    assert watched(data_dir, looked_at=old).text == "last looked 30 minutes ago"
    (data_dir / "watchdog.json").write_text("{")
    assert "cannot be read" in services.watchdog().text


class FakeRedis:
    """The answers of a server, as the client gives them."""

    def __init__(self, *, version="7.2.4", policy="noeviction", limit=0, used=1_000_000, late=0.0):
        self.told = {"redis_version": version, "maxmemory": limit, "maxmemory_policy": policy,
                     "used_memory": used}  # fmt: skip
        self.keys, self.late = {}, late

    def set(self, key, value, ex):
        self.keys[key] = value

    def get(self, key):
        return self.keys.get(key)

    def delete(self, key):
        del self.keys[key]

    def info(self, section):
        return self.told

    def time(self):
        now = datetime.now(UTC).timestamp() - self.late
        return int(now), int(now % 1 * 1e6)


@pytest.mark.parametrize(
    ("words", "name", "level"),
    [
        ({}, "Redis' memory", "pass"),
        ({"version": "5.0.7"}, "Redis", "warn"),
        ({"limit": 10_000_000}, "Redis' memory", "pass"),
        ({"limit": 10_000_000, "policy": "allkeys-lru"}, "Redis' memory", "warn"),
        ({"limit": 1_100_000}, "Redis' memory", "warn"),
        ({"late": 60.0}, "Redis' clock", "warn"),
    ],
)
def test_redis_that_would_forget_or_is_old_or_late_warns(words, name, level):
    fake = FakeRedis(**words)
    found = {result.name: result.level for result in services._redis(fake, "here")}
    assert found[name] == level
    assert fake.keys == {}  # what was written is taken back


def test_redis_that_keeps_nothing_fails():
    fake = FakeRedis()
    fake.get = lambda key: None
    assert services._redis(fake, "here")[0].level == "fail"


@pytest.mark.services
def test_the_redis_that_is_there_passes():
    results = services.redis()
    assert results[0].level == "pass"
    assert "Redis" in results[0].text


@pytest.mark.services
def test_no_worker_is_a_warning(monkeypatch):
    monkeypatch.setattr(services, "ASK_WORKERS_S", 0.2)
    assert services.workers().level == "warn"
