"""The local Rithmic as a process of its own, and its commands over a socket."""

import asyncio
import json
import signal
import subprocess
import sys
from contextlib import contextmanager
from decimal import Decimal
from types import SimpleNamespace

import pytest

from tests.servers.rithmic import Mistake
from tests.servers.rithmic.control import COMMANDS, Control, Remote
from tests.servers.rithmic.server import RithmicServer
from tests.trading.rithmic.conftest import client_of, connected, give


@contextmanager
def process(*arguments):
    """A server's process, what it said of itself, and its commands."""
    command = [sys.executable, "-m", "tests.servers.rithmic", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        try:
            assert running.stdout is not None
            said = SimpleNamespace(**json.loads(running.stdout.readline()))
            said.user, said.password, said.systems = "trader", "secret", ["Rithmic Test"]
            with Remote(said.control) as remote:
                yield said, remote
            running.send_signal(signal.SIGTERM)
            assert running.wait(10) == 0
        finally:
            running.kill()


async def test_a_process_trades_reports_and_keeps_its_state(tmp_path):
    kept = ["--folder", str(tmp_path), "--state", str(tmp_path / "state")]
    with process(*kept, "--account", "LIVE-7:1000", "--children", "one") as (said, remote):
        remote.do("trades", symbol="MESZ6", prices=["4999.75", ["5000", 1_700_000_000 * 10**9]])
        async with connected(client_of(said)) as client:
            await give(client, stop_ticks=16, target_ticks=24)
        before = remote.do("report")
        assert (before["account"], before["positions"]) == ("LIVE-7", {"MESZ6": 2})
        assert [each["role"] for each in before["working"]] == ["stop", "target"]
    with process(*kept, "--account", "LIVE-7:1000") as (_, remote):
        remote.do("trade", symbol="MESZ6", price="5007", ts=1_700_000_060 * 10**9)
        after = remote.do("report")
        assert after["working"] == []
        assert after["tags"] == {"A-1-E": 1}
        assert [each["id"] for each in after["fills"]] == ["F00000001", "F00000002"]
        assert after["fills"][1]["price"] == "5006.00"
        assert after["unprotected_seconds"] == 0
        assert Decimal(after["balance"]) == 1000 + 60 - 4 * Decimal("0.62")


async def test_commands_do_what_the_methods_do(server):
    async with Control(server) as control:
        commands = [
            ("trouble", {"what": "split", "on": "exit", "sizes": [1, 2]}),
            ("manual_order", {"account": "SIM-1", "symbol": "MESZ6", "side": 1, "size": 3}),
            ("margin", {"product": "MES", "rate": "99.5"}),
            ("refuse", {}),
            ("start", {}),
        ]

        def work():
            with Remote(control.port) as remote:
                return [remote.do(name, **arguments) for name, arguments in commands]

        answers = await asyncio.to_thread(work)
    assert answers[0]["sizes"] == [1, 2]
    assert answers[1] in server.exchange.orders
    assert server.exchange.margins == {"MES": Decimal("99.5")}
    assert server.exchange.position("SIM-1", "MESZ6").net == 3


@pytest.mark.parametrize(
    ("name", "arguments", "says"),
    [
        ("explode", {}, "no command 'explode'"),
        ("trouble", {"what": "rain"}, "no trouble 'rain'"),
        ("trade", {"symbol": "ES", "price": "1"}, "no instrument 'ES'"),
        ("trade", {"symbol": "MESZ6", "price": "1.1"}, "not on MESZ6's grid"),
        ("trade", {"symbol": "MESZ6"}, "missing"),
        ("report", {"account": "X"}, "no account 'X': there are SIM-1"),
        ("cancel", {"basket": "1"}, "no order with basket '1'"),
    ],
)
async def test_a_wrong_command_is_told_and_changes_nothing(server, name, arguments, says):
    async with Control(server) as control:

        def work():
            with Remote(control.port) as remote:
                with pytest.raises(Mistake, match=says):
                    remote.do(name, **arguments)
                return remote.do("report")["orders"]

        assert await asyncio.to_thread(work) == []


def test_every_command_is_a_method():
    assert all(callable(getattr(RithmicServer, each)) for each in COMMANDS)
