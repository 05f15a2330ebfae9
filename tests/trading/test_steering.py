"""Steering from the command line: through the pipeline, and past it."""

import asyncio
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError

from tests.trading.broker_double import Double
from tests.trading.days import session_row
from trading.brokers.adapter import BrokerError
from trading.brokers.closing import close_everything
from trading.errors import OptionError
from trading.models import Account, AuditEvent, Command
from trading.steering import asking, steer
from trading.steering.steer import DONE, FAILED, UNHEARD, Wish

pytestmark = pytest.mark.django_db


@pytest.fixture
def account():
    return session_row().account


@pytest.fixture
def live(account):
    account.mode, account.broker, account.broker_account = "live", "rithmic", "S-1"
    account.save()
    return account


class Pipeline:
    """Answers while who asks sleeps; each answer changes the newest command."""

    def __init__(self, *answers):
        self.now, self.answers = 0.0, list(answers)

    def clock(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds
        if self.answers:
            Command.objects.filter(pk=Command.objects.latest("pk").pk).update(**self.answers.pop(0))


def asked(account, kind, *answers, wait_s=5.0):
    pipeline = Pipeline(*answers)
    return asking.ask(
        account, kind, "why", wait_s=wait_s, clock=pipeline.clock, sleep=pipeline.sleep
    )


def test_the_answer_is_waited_for(account):
    said = asked(account, "halt", {"status": "executing"}, {"status": "done", "result": "halted"})
    assert (said.heard, said.ok, said.text) == (True, True, "halted")
    said = asked(account, "flatten", {"status": "refused", "result": "nothing is open"})
    assert (said.heard, said.ok, said.text) == (True, False, "nothing is open")


def test_nobody_answers(account):
    said = asked(account, "kill")
    assert (said.heard, said.ok) == (False, False)
    assert Command.objects.get().status == "pending"


def test_with_real_money_the_brokers_proof_is_waited_for(live):
    session = live.sessions.get()
    began = {"status": "done", "session": session, "result": "t: closing 1 at market"}
    proven = {"result": "t: closing 1 at market; flat at the broker, verified"}
    assert asked(live, "flatten", began, {}, proven).ok
    assert not asked(live, "flatten", began).ok
    left = {"result": "t: closing 1 at market; not flat at the broker: +1 MESM4; ..."}
    said = asked(live, "kill", began, left)
    assert (said.heard, said.ok) == (True, False)
    idle = {"status": "done", "result": "killed: no session is running"}
    assert asked(live, "kill", idle).ok
    assert asked(live, "halt", began).ok


# Past the pipeline


async def flatten(adapter, **options):
    now = [0.0]

    async def sleep(seconds):
        now[0] += seconds

    return await close_everything(adapter, clock=lambda: now[0], sleep=sleep, **options)


def test_everything_is_closed_and_that_is_proven():
    adapter = Double(positions={"MESM4": 2})
    assert asyncio.run(flatten(adapter)) == "flat at the broker, verified, after 0 s"
    assert adapter.flattened == 1
    assert not adapter.up


def test_what_is_left_is_named_and_the_broker_is_told_again():
    adapter = Double(positions={"MESM4": -2}, stuck=True)
    with pytest.raises(BrokerError, match="not flat after 60 s: -2 MESM4"):
        asyncio.run(flatten(adapter))
    assert adapter.flattened == 7


def test_a_line_that_cannot_be_had_is_said():
    with pytest.raises(BrokerError, match="login refused"):
        asyncio.run(flatten(Double(refuses="login refused")))
    with pytest.raises(BrokerError, match="no line to the broker within 0"):
        asyncio.run(flatten(Double(silent=True), line_s=0))


@pytest.fixture
def unheard(monkeypatch):
    """No pipeline answers, and nobody waits for it."""
    ask = asking.ask
    monkeypatch.setattr(
        asking, "ask", lambda account, kind, reason, wait_s: ask(account, kind, reason, wait_s=0)
    )


def steered(adapter=None, *, sure=True, **words):
    said: list[str] = []
    code = steer.steer(
        Wish(**words), connect=lambda account: adapter or Double(), say=said.append,
        sure=lambda question: sure,
    )  # fmt: skip
    return code, "\n".join(said)


def test_without_direct_it_only_says_so(unheard, live):
    adapter = Double(positions={"MESM4": 1})
    code, text = steered(adapter, kind="kill")
    assert code == UNHEARD
    assert "no trading process answered" in text
    assert "with --direct" in text
    assert adapter.flattened == 0
    assert Account.objects.get().halts == []


@pytest.mark.parametrize("kind", ["kill", "flatten"])
def test_direct_closes_halts_and_is_audited(unheard, live, kind):
    adapter = Double(positions={"MESM4": 1})
    code, text = steered(adapter, kind=kind, direct=True, reason="dead", actor="ana")
    assert code == DONE
    assert "Rithmic account S-1: flat at the broker, verified" in text
    assert adapter.positions == {}
    assert Account.objects.get().halts == ["kill"]
    event = AuditEvent.objects.get(kind="closed_directly")
    assert (event.actor, event.payload["reason"]) == ("ana", "dead")
    assert Command.objects.get().status == "done"


def test_direct_that_fails_says_to_close_it_at_the_broker(unheard, live):
    code, text = steered(Double(refuses="login refused"), kind="kill", direct=True)
    assert code == FAILED
    assert "FAILED: login refused; close it at the broker" in text
    assert Account.objects.get().halts == ["kill"]
    assert Command.objects.get().status == "pending"


def test_direct_asks_first(unheard, live):
    adapter = Double(positions={"MESM4": 1})
    assert steered(adapter, sure=False, kind="kill", direct=True)[0] == FAILED
    assert adapter.flattened == 0


def test_direct_works_without_a_database(live, settings, monkeypatch):
    settings.RITHMIC_ACCOUNT = "S-1"

    def gone(name):
        raise OperationalError("gone")

    monkeypatch.setattr(steer, "_account", gone)
    adapter = Double(positions={"MESM4": 1})
    code, text = steered(adapter, kind="kill", account=live.name, direct=True)
    assert code == DONE
    assert adapter.positions == {}
    assert "Not kept: the kill halt and the audit event" in text


def test_paper_has_nothing_at_a_broker(unheard, account):
    with pytest.raises(OptionError, match="for paper"):
        steered(kind="kill", direct=True)
    with pytest.raises(OptionError, match="the pipeline's"):
        steered(kind="halt", direct=True)


def test_the_commands_ask_and_tell_by_their_exit_code(live, monkeypatch):
    out = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("halt", "--wait", "0", "--reason", "lunch", stdout=out)
    assert ended.value.code == UNHEARD
    assert "executed as soon as one trades this account" in out.getvalue()
    assert Command.objects.get().reason.startswith("lunch (")
    with pytest.raises(CommandError, match="no such account"):
        call_command("resume", "--account", "nobody")
    with pytest.raises(CommandError, match="unrecognized"):
        call_command("halt", "--direct")


def test_before_anything_was_traded_there_is_nothing_to_steer():
    with pytest.raises(CommandError, match="nothing has been traded"):
        call_command("kill")
