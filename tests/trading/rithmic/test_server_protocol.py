"""The local Rithmic's frames, as bytes on its websocket."""

import socket
import ssl
from contextlib import asynccontextmanager

import pytest
from async_rithmic.plants.base import TEMPLATES_MAP
from async_rithmic.protocol_buffers import base_pb2
from websockets.asyncio.client import connect

from tests.servers.rithmic.messages import frame, make


@asynccontextmanager
async def line(server):
    """A websocket that trusts the server."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(server.ca)
    async with connect(server.url, ssl=context) as made:
        yield made


async def answer(made):
    """The next message."""
    data = await made.recv()
    assert int.from_bytes(data[:4], "big") == len(data) - 4
    base = base_pb2.Base()
    base.ParseFromString(data[4:])
    message = TEMPLATES_MAP[base.template_id]()
    message.ParseFromString(data[4:])
    return message


async def logged_in(made, server, plant=2):
    login = make(
        "RequestLogin", user=server.user, password=server.password, infra_type=plant,
        system_name=server.systems[0], user_msg=["login"],
    )  # fmt: skip
    await made.send(frame(login))
    return await answer(made)


async def test_nobody_who_does_not_know_the_authority_gets_through(server):
    with pytest.raises(ssl.SSLCertVerificationError):
        await connect(server.url)


async def test_a_stopped_server_refuses_and_nobody_gets_its_port(server):
    await server.stop()
    with pytest.raises(ConnectionRefusedError):
        await connect(server.url)
    with pytest.raises(OSError, match="in use"):
        socket.create_server(("127.0.0.1", server.port))
    await server.start()
    async with line(server) as made:
        assert (await logged_in(made, server)).template_id == 11


async def test_systems_are_told_before_the_login(server):
    async with line(server) as made:
        await made.send(frame(make("RequestRithmicSystemInfo", user_msg=["x"])))
        told = await answer(made)
        assert (told.template_id, list(told.system_name)) == (17, ["Rithmic Test"])


async def test_anything_else_before_the_login_is_rejected(server):
    async with line(server) as made:
        await made.send(frame(make("RequestShowOrders", account_id="SIM-1", user_msg=["x"])))
        assert (await answer(made)).template_id == 75


async def test_a_login_is_answered_with_its_message_and_the_heartbeats_interval(server):
    async with line(server) as made:
        told = await logged_in(made, server)
        assert (told.template_id, list(told.user_msg)) == (11, ["login"])
        assert (list(told.rp_code), told.heartbeat_interval) == (["0"], 30)


async def test_only_the_last_message_of_an_answer_has_a_code(server):
    async with line(server) as made:
        await logged_in(made, server)
        await made.send(frame(make("RequestAccountList", user_msg=["x"])))
        rows = [await answer(made), await answer(made)]
        assert [list(each.rp_code) for each in rows] == [[], ["0"]]
        assert [list(each.rq_handler_rp_code) for each in rows] == [["0"], []]
        assert [list(each.user_msg) for each in rows] == [["x"], ["x"]]


async def test_a_request_about_an_unknown_account_is_refused(server):
    async with line(server) as made:
        await logged_in(made, server)
        await made.send(frame(make("RequestShowOrders", account_id="X")))
        told = await answer(made)
        assert (told.template_id, list(told.rp_code)) == (321, ["1", "no account 'X'"])


async def test_a_wrong_length_and_a_wrong_plant_are_rejected(server):
    async with line(server) as made:
        await logged_in(made, server)
        await made.send(b"\0\0\0\1" + frame(make("RequestHeartbeat"))[4:])
        assert (await answer(made)).template_id == 75
        await made.send(frame(make("RequestTimeBarReplay")))
        told = await answer(made)
        assert (told.template_id, told.rp_code[1]) == (75, "template 202 is not for this plant")


async def test_a_logout_ends_the_line(server):
    async with line(server) as made:
        await logged_in(made, server)
        await made.send(frame(make("RequestLogout")))
        assert (await answer(made)).template_id == 13
        await made.wait_closed()
        assert made.close_code == 1000
