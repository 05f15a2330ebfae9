"""Steering from the page: each control asks first, and its effect is seen in the database."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.browser.conftest import Look, Server, rows, until, wait_until

LookAt = Callable[..., Look]

CONFIRM = ".sheet--command .sheet__actions .button:last-child"
OK = ".sheet--command .progress[data-level=ok]"
"""What went well; its dialog closes by itself soon after."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The product, started from its page's point of view like any other."""
    one = Server(tmp_path_factory.mktemp("control"))
    one.prepare()
    try:
        one.start(
            "manage.py", "trade", "--feed", "simulator", "--symbol", "MES", "--timeframe", "60",
            "--serve", f"127.0.0.1:{one.port}", "--speed", "120",
        )  # fmt: skip
        yield one
    finally:
        one.stop()


def commands(server: Server) -> list[tuple[str, str, str]]:
    return rows(server, "select kind, status, reason from trading_command order by id")


def last(server: Server) -> tuple[str, str]:
    kind, status, _ = commands(server)[-1]
    return kind, status


def confirm(live: Look, kind: str, reason: str = "") -> None:
    """Press a control's button, and in its dialog the one that acts."""
    live.page.click(f"#control-bar [data-command={kind}]")
    live.page.wait_for_selector(".sheet--command[open]")
    if reason:
        live.page.fill("#command-reason", reason)
    live.page.click(CONFIRM)


def done(live: Look, kind: str) -> None:
    live.page.wait_for_selector(OK, state="attached")
    wait_until(lambda: last(live.server) == (kind, "done"), f"{kind} is done in the database")
    live.page.keyboard.press("Escape")
    live.page.wait_for_selector(".sheet--command:not([open])", state="attached")


def halts(server: Server) -> str:
    return str(rows(server, "select halts from trading_account")[0][0])


def test_a_halt_and_its_resume_are_executed_and_answered(look: LookAt) -> None:
    live = look()
    confirm(live, "halt", "news at two")
    done(live, "halt")
    assert commands(live.server)[-1] == ("halt", "done", "news at two")
    wait_until(lambda: "operator" in halts(live.server), "the account is halted")
    live.until("document.querySelector('[data-command=resume]') !== null")
    assert "HALTED" in live.text("#badges")
    confirm(live, "resume")
    done(live, "resume")
    wait_until(lambda: halts(live.server) == "[]", "the halt is lifted")
    live.until("document.querySelector('[data-command=halt]') !== null")


def test_a_command_that_is_done_before_its_answer_comes_is_told_as_done(look: LookAt) -> None:
    live = look()
    held: list[tuple[Any, Any]] = []
    live.page.route("**/control/halt/", lambda route: held.append((route, route.fetch())))
    confirm(live, "halt")
    heard = "[...livePage.steering.bar.commands.values()].at(-1)"
    live.until(f"{heard}?.kind === 'halt' && {heard}.status === 'done'")
    live.until("document.querySelector('.sheet--command').dataset.stage === 'sending'")
    wait_until(lambda: (live.page.wait_for_timeout(50), bool(held))[1], "the server has answered")
    for route, answer in held:
        route.fulfill(response=answer)
    done(live, "halt")
    confirm(live, "resume")
    done(live, "resume")


def test_opening_and_cancelling_asks_for_nothing(look: LookAt) -> None:
    live = look()
    before = commands(live.server)
    live.page.keyboard.press("k")
    live.page.wait_for_selector(".sheet--command[open]")
    assert "No entries until a person resumes" in live.text(".consequences")
    assert live.page.evaluate("document.activeElement.textContent") == "Cancel"
    live.shoot("control-kill")
    live.page.keyboard.press("Enter")  # on Cancel
    live.page.wait_for_selector(".sheet--command:not([open])", state="attached")
    live.page.keyboard.press("k")
    live.page.wait_for_selector(".sheet--command[open]")
    live.page.keyboard.press("Escape")
    live.page.wait_for_selector(".sheet--command:not([open])", state="attached")
    assert commands(live.server) == before


def test_the_kill_switch_acts_when_held_not_when_clicked(look: LookAt) -> None:
    live = look()
    before = len(commands(live.server))
    live.page.click("#control-bar [data-command=kill]")
    live.page.click(CONFIRM)
    live.page.fill("#command-word", "kil")
    live.page.press("#command-word", "Enter")
    assert "hold the button down" in live.text(".sheet--command .progress")
    assert len(commands(live.server)) == before
    live.page.hover(CONFIRM)
    live.page.mouse.down()
    live.page.wait_for_selector(OK, state="attached")
    live.page.mouse.up()
    wait_until(lambda: last(live.server) == ("kill", "done"), "the kill is done")
    wait_until(lambda: "kill" in halts(live.server), "the account is halted")
    live.page.keyboard.press("Escape")
    confirm(live, "resume")
    done(live, "resume")


def test_the_kill_switch_can_be_typed(look: LookAt) -> None:
    live = look(width=390, height=844, has_touch=True)
    live.page.click("#control-bar [data-command=kill]")
    live.page.fill("#command-word", "kill")
    live.page.press("#command-word", "Enter")
    done(live, "kill")
    live.shoot("control-390")
    confirm(live, "resume")
    done(live, "resume")


def test_what_is_open_is_flattened(look: LookAt) -> None:
    live = look()
    for _ in range(10):
        live.until("livePage.state().frame?.position != null", seconds=90)
        held = live.state("frame.position.id")
        live.page.keyboard.press("f")
        live.page.wait_for_selector(".sheet--command[open]")
        if "Closes " in live.text(".consequences"):
            break
        live.page.keyboard.press("Escape")  # the market was faster: it is closed already
        live.page.wait_for_selector(".sheet--command:not([open])", state="attached")
    assert "Closes " in live.text(".consequences")
    live.page.click(CONFIRM)
    live.page.wait_for_selector(".sheet--command .progress[data-level]:not([hidden])")
    live.until(f"livePage.state().frame.position?.id !== '{held}'")
    wait_until(lambda: last(live.server)[0] == "flatten", "it was asked for")
    wait_until(
        lambda: (
            rows(live.server, f"select status from trading_trade where id='{held}'")
            == [("closed",)]
        ),
        "the trade is closed",
    )


def test_a_session_is_stopped_and_started_again(look: LookAt) -> None:
    live = look()
    confirm(live, "stop")
    done(live, "stop")
    live.until("document.getElementById('feed-state').textContent === 'Stopped'")
    status = "select status, starts from trading_session order by updated_at desc limit 1"
    wait_until(lambda: rows(live.server, status)[0][0] == "stopped", "the session is stopped")
    starts = rows(live.server, status)[0][1]
    assert "Nothing is traded" in live.text(".idle-strip")
    live.shoot("control-stopped")
    bars = len(live.bars())
    live.page.click(".idle-strip .button")
    live.page.wait_for_selector(".sheet--command[open]")
    live.page.click(CONFIRM)
    done(live, "start")
    live.until("document.getElementById('feed-state').textContent === 'Live'")
    assert rows(live.server, status) == [("running", starts + 1)]
    live.until(f"livePage.state().bars.length > {bars}")
    # A frame may come before what it misses has been asked for.
    live.until("livePage.state().bars.every(({i}, at, all) => at === 0 || i === all[at - 1].i + 1)")


def test_another_pages_command_is_told_as_a_toast(look: LookAt) -> None:
    live, other = look(), look()
    confirm(live, "halt", "lunch")
    done(live, "halt")
    other.page.wait_for_selector(".toast:has-text('Halt by trader')")
    confirm(other, "resume")
    done(other, "resume")
    toast = live.page.wait_for_selector(".toast:has-text('Resume by trader')")
    toast.hover()  # so that it does not go by itself
    live.page.click(".toast:has-text('Resume by trader') .toast__close")
    live.until(
        "![...document.querySelectorAll('.toast')].some((t) => t.textContent.includes('Resume by'))"
    )


def test_without_a_trading_process_the_dialog_says_so_at_once(look: LookAt) -> None:
    live = look(wire=True)

    def silent(message: dict[str, Any]) -> dict[str, Any] | None:
        return None if message["type"] in ("frame", "command") else message

    live.wire.tamper = silent
    live.until("document.body.dataset.process === 'silent'")
    live.page.click("#control-bar [data-command=stop]")
    assert "No trading process answers" in live.text(".consequences")
    assert "expires" in live.text(".consequences")


def test_who_may_only_look_is_told_why(browser: Any, server: Server) -> None:
    users = "from django.contrib.auth.models import User"
    server.manage("shell", "-c", f"{users}; User.objects.create_user('guest', password='look')")
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{server.url}/")
    page.fill("#id_username", "guest")
    page.fill("#id_password", "look")
    page.click("button[type=submit]")
    until(page, "window.livePage?.drawn().length > 20")
    before = commands(server)
    page.click("#control-bar [data-command=kill]", force=True)
    page.wait_for_selector(".toast:has-text('You may look but not steer')")
    assert page.query_selector(".sheet--command[open]") is None
    assert commands(server) == before
    context.close()


def test_keys_have_a_sheet_and_do_nothing_while_one_types(look: LookAt) -> None:
    live = look()
    live.page.keyboard.press("?")
    live.page.wait_for_selector(".sheet--help[open]")
    sheet = live.text(".sheet--help")
    for does in ("Zoom in", "Kill switch", "Flatten the position", "Sound on or off"):
        assert does in sheet
    live.shoot("control-keys")
    live.page.keyboard.press("k")
    assert live.page.query_selector(".sheet--command[open]") is None
    live.page.keyboard.press("Escape")
    live.page.wait_for_selector(".sheet--help:not([open])", state="attached")
    live.page.keyboard.press("2")
    assert live.page.get_attribute("#tab-trades", "aria-selected") == "true"
    before = live.page.input_value("#cells")
    live.page.keyboard.press("m")
    assert live.page.input_value("#cells") != before


def test_sound_is_off_until_it_is_switched_on(look: LookAt) -> None:
    live = look()
    assert live.page.get_attribute(".control-bar__sound", "aria-pressed") == "false"
    live.page.click(".control-bar__sound")
    assert live.page.get_attribute(".control-bar__sound", "aria-pressed") == "true"
    assert live.page.evaluate("livePage.steering.sound.play('alert')") is True


def test_settings_are_checked_compared_saved_and_used_by_the_next_start(look: LookAt) -> None:
    live = look()
    live.page.keyboard.press("c")
    live.page.wait_for_selector(".settings")
    target = "[data-setting='numbers.risk.profit_target']"
    live.page.fill(target, "-5")
    live.page.click("text=Review changes")
    live.page.wait_for_selector(f"{target}[aria-invalid=true]")
    assert "must be above 0" in live.text(".field__problem:not(:empty)")
    live.page.fill(target, "777")
    live.page.select_option("[data-setting='numbers.bars.seconds']", "30")
    live.page.click("[aria-label='Unfinished low in ranging']")
    live.page.click("text=Review changes")
    live.page.wait_for_selector("#settings-note")
    shown = live.text(".settings__changes")
    for words in ("Profit target", "500", "777", "30 s", "Unfinished low"):
        assert words in shown
    live.shoot("control-settings")
    assert rows(live.server, "select count(*) from trading_configuration") == [(0,)]
    live.page.fill("#settings-note", "calmer")
    live.page.click(".sheet--settings .button--primary")
    live.page.wait_for_selector(".sheet--settings .progress[data-level=ok]")
    found = rows(live.server, "select name, version, note, text from trading_configuration")
    assert found[0][:3] == ("paper-MES", 1, "calmer")
    assert "777" in found[0][3]
    actor = "select actor from trading_auditevent where kind='configuration_saved'"
    assert rows(live.server, actor) == [("trader",)]
    assert live.state("config.timeframe") == 60, "a session that runs keeps what it began with"
    live.page.click(".sheet--settings .sheet__actions .button")
    confirm(live, "stop")
    done(live, "stop")
    confirm(live, "start")
    done(live, "start")
    live.until("livePage.state().config.timeframe === 30")
    live.until("livePage.state().frame?.account?.target?.startsWith('777')")
    name = "select config_name from trading_session order by updated_at desc limit 1"
    assert rows(live.server, name) == [("paper-MES@1",)]


def test_settings_fit_a_phone_and_ask_before_they_are_thrown_away(look: LookAt) -> None:
    live = look(width=390, height=844, has_touch=True)
    live.page.click(".control-bar__settings")
    live.page.wait_for_selector(".settings")
    wide = live.page.eval_on_selector(
        ".settings__content", "(it) => it.scrollWidth - it.clientWidth"
    )
    assert wide <= 0
    live.page.fill("[data-setting='multipliers.VOLATILE']", "0.3")
    live.page.keyboard.press("Escape")
    assert "not saved" in live.text(".sheet--settings .progress")
    live.shoot("control-settings-390")
    live.page.click("text=Discard changes")
    live.page.wait_for_selector(".sheet--settings:not([open])", state="attached")
