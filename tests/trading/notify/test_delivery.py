"""From rows to Discord: once, in order, whatever Discord does meanwhile."""

import json
import socket
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.db import OperationalError

from tests.servers.discord import TOKEN
from trading.models import Account, Delivery, Notice
from trading.notify import News, delivery, outbox, post, spool, waiting
from trading.notify.channels import discord as discord_channel
from trading.notify.delivery import Deliverer, delivering, state
from trading.notify.grouping import MANY, WINDOW_S

pytestmark = pytest.mark.django_db(transaction=True)

AT = datetime(2024, 6, 12, 14, 31, 2, tzinfo=UTC)


def news(number=1, **words):
    given = {"kind": f"kind{number}", "key": f"test/{number}", "title": f"News {number}", "ts": AT}
    return News(**given | words)


def statuses():
    return list(Delivery.objects.order_by("notice_id").values_list("status", flat=True))


@pytest.fixture
def away(monkeypatch):
    """A database that can be switched off for whoever posts and delivers."""
    state = {"away": False}
    real = outbox.transaction.atomic

    def atomic(*args, **kwargs):
        if state["away"]:
            raise OperationalError("the database is away")
        return real(*args, **kwargs)

    def asked():
        if state["away"]:
            raise OperationalError("the database is away")
        return brought()

    brought = waiting.bring_in
    monkeypatch.setattr(delivery, "bring_in", asked)
    monkeypatch.setattr(outbox.transaction, "atomic", atomic)
    return state


# One message


def test_a_message_is_an_embed_with_level_facts_time_and_account(discord, deliver):
    facts = [("Entry", "5,432.25"), ("Stop", "5,428.25 (−$20.00)"), ("Why", "long " * 20)]
    post(news(title="Opened long 1 MES", level="good", account="paper-MES", text="A", facts=facts))
    deliver()
    (message,) = discord.posts
    assert message.payload["allowed_mentions"] == {"parse": []}
    assert message.payload["username"] == "tradebot"
    assert message.embed == {
        "title": "Opened long 1 MES",
        "description": "A",
        "color": discord_channel.COLOURS["good"],
        "footer": {"text": "Wed 12 Jun 2024 10:31:02 New York · paper-MES"},
        "fields": [
            {"name": "Entry", "value": "5,432.25", "inline": True},
            {"name": "Stop", "value": "5,428.25 (−$20.00)", "inline": True},
            {"name": "Why", "value": "long " * 20, "inline": False},
        ],
    }
    (row,) = Delivery.objects.all()
    assert (row.status, row.attempts, row.error) == ("sent", 1, "")
    assert row.sent_at is not None


def test_every_level_has_a_colour_and_a_lost_trade_its_own(discord, deliver):
    for number, level in enumerate(Notice.Level.values):
        post(news(number, level=level))
    post(news(9, kind="trade_closed", level="info"))
    deliver(3)
    colours = [post.embed["color"] for post in discord.posts]
    assert len(set(colours)) == len(Notice.Level.values) + 1


def test_real_money_is_said_first(discord, deliver):
    for name, mode, broker in [("a", "live", "rithmic"), ("b", "live", "test"), ("c", "paper", "")]:
        Account.objects.create(name=name, mode=mode, broker=broker, balance=1, peak=1)
        post(news(name, account=name))
    deliver()
    assert discord.titles == ["REAL MONEY · News a", "News b", "News c"]


def test_what_looks_like_markdown_or_a_mention_is_shown_as_it_is(discord, deliver):
    post(news(title="order *x* _y_", text="@everyone [a](http://b) `c`", facts=[("", "")]))
    deliver()
    embed = discord.posts[0].embed
    assert embed["title"] == r"order \*x\* \_y\_"
    assert embed["description"] == r"@everyone [a\](http://b) \`c\`"
    assert embed["fields"] == [{"name": "–", "value": "–", "inline": True}]


def test_what_is_too_long_is_cut_to_what_discord_takes(discord, deliver):
    many = [(f"name {number} " + "n" * 400, "v" * 3000) for number in range(40)]
    post(news(1, title="t" * 500, text="x_" * 9000, facts=many))
    post(news(2, text="short", facts=[(f"{number}", "v") for number in range(40)]))
    deliver()
    assert len(discord.posts) == 2
    assert len(discord.posts[1].embed["fields"]) == 25


def test_links_lead_to_the_page_only_where_it_has_an_address(discord, deliver, settings):
    post(news(1))
    settings.PUBLIC_URL = "https://trading.example.org"
    deliver()
    post(news(2, key="trade/paper-20240612-001/opened"))
    post(news(3))
    deliver()
    assert "url" in discord.posts[0].embed  # it counts when it is sent
    assert [post.embed["url"] for post in discord.posts[1:]] == [
        "https://trading.example.org/trades/paper-20240612-001/",
        "https://trading.example.org/notices/",
    ]
    settings.PUBLIC_URL = ""
    post(news(4))
    deliver()
    assert "url" not in discord.posts[3].embed


def test_a_picture_goes_with_its_message(discord, deliver, data_dir: Path):
    picture = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40
    (data_dir / "digests").mkdir()
    (data_dir / "digests" / "day.png").write_bytes(picture)
    post(news(1, picture="digests/day.png"))
    post(news(2, picture="digests/gone.png"))
    deliver()
    first, second = discord.posts
    assert first.files == {"files[0]": ("picture.png", "image/png", picture)}
    assert first.embed["image"] == {"url": "attachment://picture.png"}
    assert "image" not in second.embed
    assert "No such file" in second.embed["description"]


# Once, and in order


def test_the_same_news_again_is_no_second_message(discord, deliver):
    for _ in range(3):
        post(news(1))
        deliver()
    assert discord.titles == ["News 1"]
    assert Notice.objects.count() == 1


def test_without_a_channel_notices_are_kept_and_never_delivered_later(discord, deliver, settings):
    address, settings.DISCORD_WEBHOOK_URL = settings.DISCORD_WEBHOOK_URL, ""
    post(news(1))
    deliver()
    settings.DISCORD_WEBHOOK_URL = address
    post(news(1))
    deliver()
    assert Notice.objects.count() == 1
    assert discord.posts == []


@pytest.mark.parametrize("fault", ["reset", "500", "502", "503", "429 3"])
def test_what_fails_goes_out_later_in_order(discord, deliver, fault):
    discord.misbehave.extend([fault, fault])
    for number in range(4):
        post(news(number))
        deliver()
    deliver(10)
    assert discord.titles == [f"News {number}" for number in range(4)]
    assert statuses() == ["sent"] * 4


def test_an_outage_of_discord_ends_with_everything_delivered_once(discord, deliver):
    discord.down = True
    for number in range(12):
        post(news(number))
        deliver(5)
    tried = discord.asked
    assert 5 < tried < 30, "it backs off"
    assert discord.posts == []
    found = state()
    assert found["waiting"] == 12
    assert "cannot be reached" in found["error"]
    assert found["oldest_s"] >= 0
    discord.down = False
    deliver(100)
    assert discord.titles == [f"News {number}" for number in range(12)]
    assert state() == {
        "channels": ["discord"], "waiting": 0, "refused": 0, "spooled": 0, "oldest_s": None,
        "error": "",
    }  # fmt: skip


@pytest.mark.parametrize("fault", ["429 7.5", "429 global 7.5"])
def test_a_429_is_waited_out_to_the_second(discord, deliverer, clock, fault):
    discord.misbehave.append(fault)
    post(news())
    deliverer.deliver_once()
    clock.advance(7.4)
    deliverer.deliver_once()
    assert discord.asked == 1
    clock.advance(0.2)
    deliverer.deliver_once()
    assert discord.titles == ["News 1"]


def test_a_429_that_says_nothing_is_waited_out_too(discord, deliverer, clock):
    discord.misbehave.append("429 without words")
    post(news())
    deliverer.deliver_once()
    clock.advance(discord_channel.UNSAID_S + 0.1)
    deliverer.deliver_once()
    assert discord.titles == ["News 1"]


def test_the_bucket_is_never_overdrawn(discord, deliver, deliverer, clock):
    for number in range(13):
        post(news(number))
    for _ in range(100):
        deliverer.deliver_once()
        clock.advance(0.1)
    assert len(discord.posts) == discord.asked == 13


def test_a_discord_that_hangs_is_left_after_its_time(discord, deliverer, clock, monkeypatch):
    monkeypatch.setattr(
        discord_channel,
        "opened",
        lambda: discord_channel.Discord(discord.url, timeout_s=0.2),
    )
    discord.misbehave.append("hang")
    post(news())
    deliverer.deliver_once()
    assert Delivery.objects.get().error == "Discord did not answer in time"
    clock.advance(2)
    deliverer.deliver_once()
    assert discord.titles == ["News 1"]


# What is refused for good


@pytest.mark.parametrize("fault", ["400", "401", "403", "404"])
def test_what_is_refused_for_good_is_marked_and_the_next_goes_out(discord, deliver, fault):
    discord.misbehave.append(fault)
    post(news(1))
    post(news(2))
    deliver()
    assert discord.titles == ["News 2"]
    assert statuses() == ["refused", "sent"]
    assert state()["refused"] == 1
    assert state()["error"].startswith(f"Discord answered {fault}")


def test_a_webhook_that_was_deleted_says_what_to_do(discord, deliver):
    discord.deleted = True
    post(news())
    deliver()
    assert Delivery.objects.get().error == (
        "Discord answered 404, Unknown Webhook: there is no such webhook any more; make another "
        "and set DISCORD_WEBHOOK_URL to it"
    )


FAULTS = ["reset", "500", "429 1", "400 with the address", "401", "hang", "takes it and hangs up"]


def test_the_address_is_in_no_log_row_or_error(discord, deliver, caplog, capfd, monkeypatch):
    caplog.set_level("DEBUG")
    monkeypatch.setattr(
        discord_channel,
        "opened",
        lambda: discord_channel.Discord(discord.url, timeout_s=0.2),
    )
    discord.misbehave.extend(FAULTS)
    for number in range(10):
        post(news(number))
        deliver(3)
    discord.down = True
    post(news(11))
    deliver()
    rows = json.dumps([*Notice.objects.values(), *Delivery.objects.values()], default=str)
    out, err = capfd.readouterr()
    for text in (rows, caplog.text, out, err, json.dumps(state())):
        assert TOKEN not in text
    assert "notice_refused" in caplog.text + out + err


# Storms


def test_many_that_wait_become_one_message_with_the_first_and_the_last(discord, deliver):
    for number in range(200):
        post(news(number, kind="order_rejected", title=f"Order {number} was rejected"))
    post(news(999, kind="kill_switch", title="Kill switch"))
    deliver()
    assert discord.titles == ["200 × order rejected", "Kill switch"]
    first = discord.posts[0]
    assert first.facts["First"].endswith("Order 0 was rejected")
    assert first.facts["Last"].endswith("Order 199 was rejected")
    assert "188 more" in first.embed["description"]
    assert statuses() == ["sent", *["grouped"] * 199, "sent"]


def test_a_storm_of_200_that_come_one_after_the_other_becomes_few_messages(
    discord, deliverer, clock
):
    for number in range(200):
        post(news(number, kind="order_rejected", title=f"Order {number} was rejected"))
        deliverer.deliver_once()
        clock.advance(0.1)
    clock.advance(WINDOW_S)
    deliverer.deliver_once()
    assert discord.titles == [
        *(f"Order {number} was rejected" for number in range(MANY)),
        f"{200 - MANY} × order rejected",
    ]


def test_nothing_else_waits_for_a_storm_and_nothing_critical(discord, deliver):
    for number in range(MANY + 2):
        post(news(number, kind="order_rejected"))
        deliver()
    assert len(discord.posts) == MANY
    post(news(100, kind="trade_closed"))
    deliver()
    assert discord.titles[-1] == "News 100"
    post(news(101, kind="order_rejected", level="critical"))
    deliver()
    assert discord.titles[-1] == "News 101" or discord.titles[-1] == "3 × order rejected"
    assert Delivery.objects.get(notice__key="test/101").status in ("sent", "grouped")


# Processes


def test_one_process_of_a_machine_delivers(discord, deliverer, clock):
    other = Deliverer(clock=clock)
    assert deliverer.deliver_once() == 0
    post(news())
    assert other.deliver_once() == 0
    assert deliverer.deliver_once() == 1
    deliverer.close()
    post(news(2))
    assert other.deliver_once() == 1
    other.close()


def test_a_process_that_is_killed_between_sending_and_marking_makes_one_duplicate(
    discord, deliverer, clock, monkeypatch
):
    class Killed(BaseException):
        pass

    def killed(*_):
        raise Killed

    for number in range(3):
        post(news(number))
    with monkeypatch.context() as patch:
        patch.setattr(waiting.Rows, "sent", killed)
        with pytest.raises(Killed):
            deliverer.deliver_once()
    deliverer.close()
    after = Deliverer(clock=clock)
    after.deliver_once()
    after.close()
    assert discord.titles == ["News 0", "News 0", "News 1", "News 2"]


def test_a_database_that_fails_between_sending_and_marking_makes_no_duplicate(
    discord, deliverer, deliver, monkeypatch
):
    post(news(1))
    real = waiting.transaction.atomic
    failing = {"left": 2}

    def atomic(*args, **kwargs):
        if failing["left"]:
            failing["left"] -= 1
            raise OperationalError("away")
        return real(*args, **kwargs)

    monkeypatch.setattr(waiting.transaction, "atomic", atomic)
    deliver(5)
    assert failing["left"] == 0
    assert discord.titles == ["News 1"]
    assert statuses() == ["sent"]


def test_the_thread_delivers_and_ends_with_what_waits_sent(discord, clock):
    discord.clock = lambda: 0.0
    discord.limited = False
    with delivering():
        post(news(1))
    assert discord.titles == ["News 1"]
    assert not [thread for thread in threading.enumerate() if thread.name == "notify"]


# Without a database


def test_while_the_database_is_away_news_are_kept_in_files_and_delivered(
    discord, deliver, away, data_dir
):
    post(news(1))
    away["away"] = True
    post(news(2))
    post(news(3))
    assert len(list((data_dir / "spool" / "notices").iterdir())) == 2
    deliver()
    assert discord.titles == ["News 2", "News 3"]
    deliver(3)
    away["away"] = False
    post(news(4))
    deliver(3)
    assert discord.titles == ["News 2", "News 3", "News 1", "News 4"]
    assert statuses() == ["sent"] * 4
    assert list((data_dir / "spool" / "notices").iterdir()) == []


def test_files_that_nobody_delivered_come_in_order_when_the_database_is_back(
    discord, deliver, away
):
    away["away"] = True
    for number in range(5):
        post(news(number))
    away["away"] = False
    deliver()
    assert discord.titles == [f"News {number}" for number in range(5)]


def test_what_was_told_from_a_file_is_not_told_again_by_its_row(discord, deliver, away):
    away["away"] = True
    post(news(1))
    deliver()
    away["away"] = False
    post(news(1))  # a replay of the journal writes it before the file is brought in
    deliver(3)
    assert discord.titles == ["News 1"]
    assert statuses() == ["sent"]


def test_a_file_that_cannot_be_read_is_put_aside(discord, deliver, data_dir):
    spool.keep([news(1)])
    (data_dir / "spool" / "notices" / "0-torn.json").write_text('{"news": {')
    deliver()
    assert discord.titles == ["News 1"]
    names = [path.name for path in (data_dir / "spool" / "notices").iterdir()]
    assert names == ["0-torn.unreadable"]


def test_an_answer_that_cannot_be_read_is_waited_after_like_any_other_failure(
    discord, deliverer, clock, settings
):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        settings.DISCORD_WEBHOOK_URL = f"http://127.0.0.1:{listener.getsockname()[1]}/1/secret"
        heard = []

        def answer():
            for _ in range(3):
                line, _ = listener.accept()
                with line:
                    heard.append(line.recv(65536))
                    line.sendall(
                        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n"
                        b"Connection: close\r\n\r\nnope"
                    )

        threading.Thread(target=answer, daemon=True).start()
        post(News(kind="test", key="test/1", title="Once"))
        for _ in range(5):
            assert deliverer.deliver_once() == 0
            clock.advance(0.1)
    assert len(heard) == 1, "the next attempt has its time"
    assert Delivery.objects.get().error == "Discord cannot be reached (DecodingError)"
