"""Where people look: the page's list, the admin, `manage.py notify`."""

import json

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.servers.discord import TOKEN
from trading.models import Account, Delivery, Notice
from trading.notify import News, post

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def page(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("boss", password="long enough"))
    return client


def told(number=1, **words):
    given = {"kind": "tier_changed", "key": f"test/{number}", "title": f"News {number}"}
    post(News(**given | words))


def html_of(page: Client, path: str) -> str:
    response = page.get(path)
    assert response.status_code == 200
    return response.content.decode()


# The page


def test_notices_are_listed_newest_first_with_what_became_of_them(page, discord, deliver):
    told(1, text="because <b>", facts=[("Balance", "2,500.00")])
    told(2, key="trade/paper-20240612-001/opened", level="error")
    discord.misbehave.append("400")
    deliver()
    html = html_of(page, "/notices/")
    assert html.index("News 2") < html.index("News 1")
    assert 'href="/trades/paper-20240612-001/"' in html
    assert "because &lt;b&gt;" in html
    assert "Discord: refused" in html
    assert "Discord: sent" in html
    assert 'href="/notices/" aria-current="page"' in html
    assert TOKEN not in html


def test_the_list_is_narrowed_by_level_kind_and_account(page):
    Account.objects.create(name="a", balance=1, peak=1)
    told(1, level="error")
    told(2, account="a")
    told(3, kind="margin_high")
    for query, title in [("level=error", 1), ("account=a", 2), ("kind=margin_high", 3)]:
        rows = page.get(f"/notices/?{query}", headers={"HX-Request": "true"})
        assert "<html" not in rows.content.decode()
        assert rows["HX-Push-Url"] == f"/notices/?{query}"
        assert [row.title for row in rows.context["page"]] == [f"News {title}"]
    assert "No notice passes" in html_of(page, "/notices/?kind=nothing")


def test_many_notices_ask_as_few_questions_as_one(page, discord):
    def asked():
        with CaptureQueriesContext(connection) as queries:
            page.get("/notices/")
        return len(queries)

    told()
    few = asked()
    for number in range(2, 60):
        told(number)
    assert asked() == few <= 12


def test_without_a_notice_the_page_says_what_to_do(page):
    assert "manage.py notify test" in html_of(page, "/notices/")


def test_the_page_needs_a_login(client: Client):
    assert client.get("/notices/").status_code == 302


def test_what_waits_is_said(page, discord, deliver):
    discord.down = True
    told()
    deliver()
    assert "1 waits to be sent" in html_of(page, "/notices/")
    assert "Discord cannot be reached" in html_of(page, "/notices/")


# The admin


def test_the_admin_shows_them_and_sends_them_again(page, discord, deliver):
    told(1)
    told(2)
    discord.deleted = True
    deliver()
    assert set(Delivery.objects.values_list("status", flat=True)) == {"refused"}
    for path in ("notice", "delivery"):
        assert "News 1" in html_of(page, f"/admin/trading/{path}/")
    discord.deleted = False
    row = Delivery.objects.get(notice__title="News 1")
    asked = {"action": "again", "_selected_action": [row.pk]}
    answer = page.post("/admin/trading/delivery/", asked, follow=True)
    assert "1 wait to be sent" in answer.content.decode()
    deliver()
    assert discord.titles == ["News 1"]
    asked = {
        "action": "again",
        "_selected_action": list(Notice.objects.values_list("pk", flat=True)),
    }
    page.post("/admin/trading/notice/", asked)
    deliver()
    assert discord.titles == ["News 1", "News 1", "News 2"]


def test_who_may_only_look_may_not_send_again(client: Client, discord, deliver):
    from django.contrib.auth.models import Permission

    user = User.objects.create_user("looks", password="long enough", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_notice"))
    client.force_login(user)
    told()
    deliver()
    asked = {"action": "again", "_selected_action": [Notice.objects.get().pk]}
    client.post("/admin/trading/notice/", asked)
    deliver()
    assert discord.titles == ["News 1"]


# The command


def test_the_command_sends_a_message_and_says_that_it_arrived(discord, capsys):
    call_command("notify", "test")
    assert discord.titles == ["This is a test"]
    assert capsys.readouterr().out == "discord: sent, and taken\n"
    assert Notice.objects.count() == 0


def test_the_command_says_why_it_did_not_arrive(discord, capsys):
    discord.misbehave.append("401")
    with pytest.raises(SystemExit) as ended:
        call_command("notify", "test")
    assert ended.value.code == 1
    out = capsys.readouterr().out
    assert "token is not accepted; set DISCORD_WEBHOOK_URL to one that is" in out
    assert TOKEN not in out


def test_without_a_channel_the_command_says_what_to_set():
    with pytest.raises(CommandError, match="set DISCORD_WEBHOOK_URL"):
        call_command("notify", "test")


def test_the_command_lists_what_was_told(discord, deliver, capsys):
    told(1)
    deliver()
    discord.misbehave.append("500")
    told(2, account="a")
    deliver()
    call_command("notify", "list")
    first, second = capsys.readouterr().out.splitlines()
    assert first.endswith("News 2 [a]: discord waiting (Discord answered 500)")
    assert second.endswith("News 1: discord sent")
    call_command("notify", "list", "--waiting", "--json", "-")
    (found,) = json.loads(capsys.readouterr().out)
    assert (found["title"], found["deliveries"]["discord"]["attempts"]) == ("News 2", 1)
    with pytest.raises(CommandError, match="--most 0"):
        call_command("notify", "list", "--most", "0")
