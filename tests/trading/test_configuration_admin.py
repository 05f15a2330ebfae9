"""Configurations in the admin: each save is a version, checked and compared before it is one."""

import pytest
from django.contrib.auth.models import Permission, User
from django.urls import reverse

from tests.trading.days import session_row
from trading.configuration.stored import newest, save_version
from trading.models import AuditEvent, Configuration

pytestmark = pytest.mark.django_db

TEXT = "version: 1\nsymbols:\n  MES: {risk: {stop_ticks: %s}}\n"
ADD = "admin:trading_configuration_add"


def url(row, what="change"):
    return reverse(f"admin:trading_configuration_{what}", args=[row.pk])


@pytest.fixture
def versions():
    return [save_version("scalper", TEXT % stop) for stop in (12, 14)]


def posted(text, **more):
    return {"text": text, "note": "", **more}


def effect(client, **values):
    answer = client.post(reverse("admin:trading_configuration_effect"), values)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_new_name_begins_with_version_1(admin_client, admin_user):
    page = admin_client.get(reverse(ADD)).content.decode()
    assert "version: 1" in page
    answer = admin_client.post(reverse(ADD), posted(TEXT % 12, name="scalper", note="first"))
    row = Configuration.objects.get()
    assert answer.url == url(row)
    assert (str(row), row.note, row.created_by) == ("scalper@1", "first", admin_user)
    assert AuditEvent.objects.get().actor == admin_user.username


def test_saving_a_change_makes_the_next_version(versions, admin_client):
    text = (TEXT % 16).replace("\n", "\r\n")  # as browsers send it
    answer = admin_client.post(url(versions[1]), posted(text, over="2", note="wider"))
    row = newest("scalper")
    assert (row.version, row.text, row.note) == (3, TEXT % 16, "wider")
    assert answer.url == url(row)
    assert [stored.text for stored in Configuration.objects.order_by("version")[:2]] == [
        TEXT % 12, TEXT % 14,
    ]  # fmt: skip
    page = admin_client.get(url(row)).content.decode()
    assert "risk.stop_ticks" in page
    assert "Version 2" in page
    assert "Version 3" in page


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (TEXT % 0, "line 3: symbols.MES.risk.stop_ticks is 0; it must be above 0"),
        (TEXT % 14, "Nothing differs from version 2."),
        ("", "This field is required"),
        ("name: other\n" + TEXT % 9, "the text says `name: other`"),
    ],
)
def test_what_is_wrong_is_said_in_the_form(versions, admin_client, text, says):
    answer = admin_client.post(url(versions[1]), posted(text, over="2"))
    assert answer.status_code == 200
    assert says in answer.content.decode()
    assert Configuration.objects.count() == 2


def test_a_name_that_is_taken_is_not_begun_again(versions, admin_client):
    answer = admin_client.post(reverse(ADD), posted(TEXT % 9, name="scalper"))
    assert "scalper is there already; open its newest version" in answer.content.decode()
    assert Configuration.objects.count() == 2


def test_who_was_overtaken_is_told_and_may_save_again(versions, admin_client):
    save_version("scalper", TEXT % 20)
    answer = admin_client.post(url(versions[1]), posted(TEXT % 16, over="2"))
    page = answer.content.decode()
    assert "saved version 3 meanwhile" in page
    assert 'name="over" value="3"' in page
    assert newest("scalper").version == 3
    admin_client.post(url(versions[1]), posted(TEXT % 16, over="3"))
    assert (newest("scalper").version, newest("scalper").text) == (4, TEXT % 16)


def test_an_old_version_is_looked_at(versions, admin_client):
    page = admin_client.get(url(versions[0])).content.decode()
    assert "stop_ticks: 12" in page
    assert '<textarea name="text"' not in page
    assert "Make current again" in page
    assert "Make current again" not in admin_client.get(url(versions[1])).content.decode()


def test_an_old_version_becomes_current_again_as_the_next_one(versions, admin_client):
    action = reverse("admin:trading_configuration_make_current", args=[versions[0].pk])
    answer = admin_client.get(action)
    assert answer.url == f"{url(versions[1])}?again=1"
    assert newest("scalper").version == 2
    page = admin_client.get(answer.url).content.decode()
    assert "stop_ticks: 12" in page
    assert 'value="Version 1 again"' in page
    admin_client.post(answer.url, posted(TEXT % 12, over="2", note="Version 1 again"))
    assert (newest("scalper").version, newest("scalper").text) == (3, TEXT % 12)


def test_nobody_deletes_a_version(versions, admin_client):
    assert admin_client.post(url(versions[0], "delete"), {"post": "yes"}).status_code == 403
    action = {"action": "delete_selected", "_selected_action": [versions[0].pk], "post": "yes"}
    admin_client.post(reverse("admin:trading_configuration_changelist"), action)
    assert Configuration.objects.count() == 2


def test_the_effect_is_shown_while_one_writes(versions, admin_client):
    said = effect(admin_client, name="scalper", over="2", text=TEXT % 20)
    assert "Saving makes version 3" in said
    assert all(f"<td>{cell}</td>" in said for cell in ("MES", "risk.stop_ticks", "14", "20"))
    same = effect(admin_client, name="scalper", over="2", text="# words\n" + TEXT % 14)
    assert "No setting differs from version 2" in same
    assert "stop_ticks is 0; it must be above 0" in effect(admin_client, text=TEXT % 0)
    assert "It holds: MES is rules" in effect(admin_client, text=TEXT % 3)
    assert "&lt;b&gt;" in effect(admin_client, text="<b>: 1")


def test_who_may_only_look_cannot_save(versions, client):
    person = User.objects.create_user("eve", is_staff=True)
    person.user_permissions.add(Permission.objects.get(codename="view_configuration"))
    client.force_login(person)
    page = client.get(url(versions[1])).content.decode()
    assert "stop_ticks: 14" in page
    assert '<textarea name="text"' not in page
    assert client.post(url(versions[1]), posted(TEXT % 9, over="2")).status_code == 403
    checked = client.post(reverse("admin:trading_configuration_effect"), {"text": TEXT % 9})
    assert checked.status_code == 403
    assert Configuration.objects.count() == 2


def test_a_version_that_cannot_be_read_any_more_is_still_shown(versions, admin_client):
    row = Configuration.objects.create(name="scalper", version=3, text="version: 0\n")
    page = admin_client.get(url(row)).content.decode()
    assert "cannot read it any more" in page
    admin_client.post(url(row), posted(TEXT % 9, over="3"))
    assert newest("scalper").version == 4


def test_a_session_leads_to_its_configuration_and_back(versions, admin_client):
    row = session_row(config_name="scalper@1, with options on top", rules_digest="0123456789ab")
    page = admin_client.get(reverse("admin:trading_session_change", args=[row.pk])).content.decode()
    assert url(versions[0]) in page
    assert "0123456789ab" in page
    assert ", with options on top" in page
    back = admin_client.get(url(versions[0])).content.decode()
    assert "?q=scalper@1" in back
    found = admin_client.get(reverse("admin:trading_session_changelist"), {"q": "scalper@1"})
    assert "paper-MES" in found.content.decode()
