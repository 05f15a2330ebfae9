"""What stands around the chart: tape, orders, day, session, heartbeat, and the layout."""

from collections.abc import Callable
from typing import Any

from tests.browser.conftest import Look

LookAt = Callable[..., Look]

PRINTS = "#tape-rows .tape__row.print:not([hidden])"
VISIBLE_PRINTS = f"""() => [...document.querySelectorAll("{PRINTS}")]
    .map((row) => row.querySelector(".tape__time").textContent)"""
NEWEST = (
    "document.querySelector('#tape-rows .tape__row:not([hidden]) .tape__time')?.textContent ?? ''"
)


def burst(now_ms: int, count: int, **changes: Any) -> dict[str, Any]:
    prints = [[now_ms + at, 20_000 + at % 3, 1 + at % 60, (-1) ** at] for at in range(count)]
    return {
        "type": "prints",
        "account_name": "paper-MES",
        "prints": prints,
        "left_out": 0,
    } | changes


def give(live: Look, *messages: dict[str, Any]) -> None:
    live.page.evaluate("(all) => all.forEach((one) => livePage.station.receive(one))", messages)


def silence(live: Look) -> None:
    """From now on only what the test gives reaches the page."""
    live.wire.tamper = lambda message: None if message["type"] != "snapshot" else message


def test_trades_run_through_time_and_sales_newest_first(look: LookAt) -> None:
    live = look()
    live.until(f"({VISIBLE_PRINTS})().length > 10")
    times = live.page.evaluate(VISIBLE_PRINTS)
    assert times == sorted(times, reverse=True)
    assert len(times[0]) == len("09:31:05.123")
    live.until(f"{NEWEST} !== {times[0]!r}")
    row = "#tape-rows .tape__row.up:not([hidden]), #tape-rows .tape__row.down:not([hidden])"
    assert live.page.locator(f":is({row}) .tape__mark").first.inner_text() in "▲▼"


def test_the_tape_has_as_many_elements_as_fit_whatever_comes(look: LookAt) -> None:
    live = look(wire=True)
    silence(live)
    give(live, *(burst(1_718_200_000_000 + at * 300, 300) for at in range(30)))
    live.until("document.querySelector('#tape-rows').style.height === '10000px'")
    assert live.page.locator("#tape-rows .tape__row").count() < 60
    assert live.page.evaluate("livePage.station.tape.tape.all.length") <= 5_000


def test_a_size_filter_holds_and_is_kept(look: LookAt) -> None:
    live = look(wire=True)
    silence(live)
    give(live, burst(1_718_200_000_000, 120))
    live.page.fill("#tape-min", "59")
    sizes = f"""[...document.querySelectorAll("{PRINTS} .tape__size")]
        .map((cell) => Number(cell.textContent))"""
    live.until(f"{sizes}.length > 0 && {sizes}.every((size) => size >= 59)")
    live.page.fill("#tape-min", "5000")
    live.until("!document.querySelector('#tape-empty').hidden")
    live.wire.tamper = lambda message: message
    live.page.reload()
    live.until("window.livePage?.drawn().length > 20")
    assert live.page.input_value("#tape-min") == "5000"


def test_a_large_trade_and_a_sweep_stand_out_and_what_was_left_out_is_said(look: LookAt) -> None:
    live = look(wire=True)
    silence(live)
    at = 1_718_200_000_000
    large = {"t": at + 1, "price": 20_001, "size": 2, "side": -1, "threshold": 2}
    sweep = {
        "t": at, "e": at + 1, "side": -1, "first": 20_004, "last": 20_001, "prices": 4, "v": 77,
        "n": 12,
    }  # fmt: skip
    tape = {"type": "tape", "account_name": "paper-MES", "large": [large], "sweeps": [sweep]}
    give(live, tape, burst(at, 4, left_out=412))
    live.page.wait_for_selector("#tape-rows .tape__row.large:not([hidden])")
    assert "77" in live.text("#tape-rows .tape__row.sweep")
    assert live.text("#tape-rows .tape__row.gap") == "412 trades not listed"


def test_what_was_heard_before_is_there_after_a_reload(look: LookAt) -> None:
    live = look(wire=True)
    live.until("livePage.station.tape.tape.all.length > 50")
    live.until("livePage.station.chart.overlays.tape.sweeps.length > 0")
    told: list[str] = []

    def only_recent(message: dict[str, Any]) -> dict[str, Any] | None:
        told.append(message["type"])
        return None if message["type"] in ("prints", "tape") else message

    live.wire.tamper = only_recent
    live.page.reload()
    live.until(f"window.livePage && ({VISIBLE_PRINTS})().length > 10")
    assert told.count("recent") == 1
    times = live.page.evaluate(VISIBLE_PRINTS)
    assert times == sorted(times, reverse=True)
    assert live.page.evaluate("livePage.station.chart.overlays.tape.sweeps.length") > 0
    rows = live.page.evaluate("livePage.station.tape.tape.all.length")
    live.wire.tamper = lambda message: message
    live.until(f"livePage.station.tape.tape.all.length > {rows}")
    times = live.page.evaluate("livePage.station.tape.tape.all.map(({t}) => t)")
    assert times == sorted(times)
    live.shoot("panels-after-reload")


def test_another_accounts_trades_are_not_shown(look: LookAt) -> None:
    live = look(wire=True)
    silence(live)
    before = live.page.evaluate("livePage.station.tape.tape.count")
    give(live, burst(1_718_200_000_000, 4, account_name="another"))
    assert live.page.evaluate("livePage.station.tape.tape.count") == before


def test_the_tape_holds_still_under_the_pointer_and_goes_on(look: LookAt) -> None:
    live = look()
    live.until(f"({VISIBLE_PRINTS})().length > 10")
    live.page.hover("#tape-scroll")
    live.page.wait_for_selector("#tape-state", state="visible")
    held = live.page.evaluate(NEWEST)
    live.until("document.querySelector('#tape-new').textContent.endsWith('new')")
    assert live.page.evaluate(NEWEST) == held
    live.page.hover("#readout")
    live.page.wait_for_selector("#tape-state", state="hidden")
    live.until(f"{NEWEST} !== {held!r}")


def test_the_tape_is_held_by_its_button_and_by_scrolling(look: LookAt) -> None:
    live = look()
    live.until(f"({VISIBLE_PRINTS})().length > 10")
    live.page.click("#tape-pause")
    assert live.page.get_attribute("#tape-pause", "aria-pressed") == "true"
    live.page.click("#tape-resume")
    live.page.wait_for_selector("#tape-state", state="hidden")
    live.until("document.querySelector('#tape-rows').offsetHeight > 3000")
    live.page.evaluate("document.querySelector('#tape-scroll').scrollTop = 600")
    live.page.wait_for_selector("#tape-state", state="visible")
    held = live.page.evaluate(VISIBLE_PRINTS)
    live.until("document.querySelector('#tape-new').textContent.endsWith('new')")
    assert live.page.evaluate(VISIBLE_PRINTS) == held


def test_a_thousand_trades_a_second_cost_little(look: LookAt) -> None:
    """Painting the tape is a small part of a frame's time, over two hundred messages."""
    live = look(wire=True)
    silence(live)
    spent = live.page.evaluate(
        """async (messages) => {
            const tape = livePage.station.tape;
            const state = livePage.state();
            const took = [];
            for (const message of messages) {
                livePage.station.receive(message);
                const began = performance.now();
                tape.render(state);
                took.push(performance.now() - began);
                await new Promise(requestAnimationFrame);
            }
            took.sort((one, other) => one - other);
            return took[Math.floor(took.length / 2)];
        }""",
        [burst(1_718_200_000_000 + at * 100, 100) for at in range(200)],
    )
    assert spent < 4, f"{spent:.1f} ms of a frame's 16.7"


def frame_with(changes: Callable[[dict[str, Any]], None]) -> Callable[[dict[str, Any]], Any]:
    def tamper(message: dict[str, Any]) -> dict[str, Any]:
        if message["type"] == "frame":
            changes(message)
        return message

    return tamper


def test_a_position_is_shown_with_its_working_orders(look: LookAt) -> None:
    live = look(wire=True)

    def hold(frame: dict[str, Any]) -> None:
        last = frame["forming"]["c"]
        order = {"trade": "x", "symbol": "MES", "side": -1, "size": 2, "filled": 0, "t": 0}
        frame["position"] = {
            "id": "x", "symbol": "MES", "dir": 1, "size": 2, "ep": "5000.25", "et": frame["now"],
            "stop": last - 16, "target": last + 24, "mae": 3, "mfe": 11, "open_pnl": "-12.50",
        }  # fmt: skip
        frame["orders"] = [
            order | {"id": "x-S", "role": "stop", "kind": "stop", "price": last - 16},
            order | {"id": "x-T", "role": "target", "kind": "limit", "price": last + 24},
        ]
        frame["account"]["open_pnl"] = "-12.50"

    live.wire.tamper = frame_with(hold)
    live.page.wait_for_selector("#orders-rows tr")
    target, stop = live.page.locator("#orders-rows tr").all_inner_texts()
    assert "Target" in target
    assert "+24" in target
    assert "Stop" in stop
    assert "−16" in stop
    assert "Long 2" in live.text("#position")
    assert "11 ticks" in live.text("#position")
    assert live.text("#position-pnl") == "−12.50"
    live.shoot("live-position")
    live.wire.tamper = frame_with(lambda frame: frame.update(position=None, orders=[]))
    live.page.wait_for_selector("#orders", state="hidden")


def test_the_tier_says_what_the_next_one_takes(look: LookAt) -> None:
    live = look(wire=True)

    def rich(frame: dict[str, Any]) -> None:
        frame["account"] |= {"balance": "3000.00", "peak": "3100.00", "open_pnl": "0.00"}

    live.wire.tamper = frame_with(rich)
    live.until("document.querySelector('#tier-next').textContent === '500.00 to ES 1'")
    assert live.text("#tier-name") == "MES 1-3"
    assert live.text("#day-drawdown") == "−100.00"
    live.page.click("#tier-next")
    assert live.page.locator("#tier-ladder tr").count() == 5
    assert "MES 1-3" in live.text("#tier-ladder tr[aria-current=true]")


def test_the_session_counts_down_to_what_comes_next(look: LookAt) -> None:
    live = look(wire=True)

    def late(frame: dict[str, Any]) -> None:
        times = frame["session"]["times"]
        frame["session"] |= {"ts": times["flatten"] - 95_000, "phase": "entries_closed"}

    live.wire.tamper = frame_with(late)
    live.until("document.querySelector('#session-next').textContent === 'Flattens in 1 min 35 s'")
    assert live.text("#session-phase") == "No new entries"
    assert live.text("#session-next-at") == "15:55"


def test_the_heartbeat_is_calm_until_something_is_wrong(look: LookAt) -> None:
    live = look(wire=True)
    says = "document.querySelector('#heartbeat-says').textContent"
    live.until(f"{says} === 'All is well'")
    live.page.click(".heartbeat__line")
    live.until("document.querySelector('#heart-trip').textContent.endsWith('ms')")
    assert "/" in live.text("#heart-latency")

    def trouble(frame: dict[str, Any]) -> None:
        frame["output"] |= {"failing": True, "waiting": 321, "inputs": 8}

    live.wire.tamper = frame_with(trouble)
    live.until(f"{says}.includes('database takes no rows')")
    assert live.page.get_attribute("#heartbeat", "data-level") == "danger"
    assert "engine is behind" in live.text("#heartbeat-troubles")
    live.wire.tamper = lambda message: message
    live.until(f"{says} === 'All is well'")


def test_the_side_folds_and_widens_and_stays_so(look: LookAt) -> None:
    live = look()
    wide = live.page.locator("#chart").bounding_box()["width"]
    live.page.click("#tape-fold")
    live.page.wait_for_selector("#tape", state="hidden")
    live.page.focus("#side-grip")
    before = live.page.locator("#side-panel").bounding_box()["width"]
    live.page.keyboard.press("ArrowLeft")
    assert live.page.locator("#side-panel").bounding_box()["width"] == before + 16
    live.page.reload()
    live.until("window.livePage?.drawn().length > 20")
    assert live.page.is_hidden("#tape")
    assert live.page.locator("#side-panel").bounding_box()["width"] == before + 16
    live.page.click("#side-fold")
    live.page.wait_for_selector("#side", state="hidden")
    live.until(f"document.querySelector('#chart').offsetWidth > {wide} + 200")
    live.shoot("live-folded")
    live.page.click("#side-fold")
    live.page.wait_for_selector("#side", state="visible")


def test_the_side_is_dragged_between_its_limits(look: LookAt) -> None:
    live = look()
    grip = live.page.locator("#side-grip").bounding_box()
    live.page.mouse.move(grip["x"] + 3, grip["y"] + 200)
    live.page.mouse.down()
    live.page.mouse.move(300, grip["y"] + 200, steps=4)
    live.page.mouse.up()
    assert live.page.locator("#side-panel").bounding_box()["width"] == 560


def test_on_a_phone_one_panel_at_a_time_stands_under_the_chart(look: LookAt) -> None:
    live = look(390, 844, is_mobile=True, has_touch=True)
    shown = {
        "day": "#day-card", "position": "#position-card", "tape": "#tape", "lists": "#lists",
        "regime": "#regime-card", "heartbeat": "#heartbeat",
    }  # fmt: skip
    for name, selector in shown.items():
        live.page.tap(f"[data-shows={name}]")
        for other, at in shown.items():
            assert live.page.is_visible(at) == (other == name), f"{at} under {name}"
        assert live.page.evaluate("document.documentElement.scrollWidth") <= 390
        assert live.page.locator(f"[data-shows={name}]").bounding_box()["height"] >= 40
        assert live.page.locator(selector).bounding_box()["width"] > 300
        live.shoot(f"phone-{name}")
    live.page.reload()
    live.until("window.livePage?.drawn().length > 20")
    assert live.page.is_visible("#heartbeat")
    live.page.tap("[data-shows=tape]")
    live.until(f"({VISIBLE_PRINTS})().length > 5")


def test_what_can_be_pressed_on_a_phone_is_large_enough(look: LookAt) -> None:
    live = look(390, 844, is_mobile=True, has_touch=True)
    small = live.page.evaluate(
        """() => [...document.querySelectorAll("button, select, summary, .site a, .check")]
            .filter((one) => one.checkVisibility())
            .filter((one) => one.offsetHeight > 0 && one.offsetHeight < 36)
            .map((one) => `${one.id || one.className || one.textContent} ${one.offsetHeight}`)"""
    )
    assert small == []


def test_a_row_keeps_its_focus_when_new_signals_come(look: LookAt) -> None:
    live = look()
    live.page.wait_for_selector("#signals button.row")
    name = live.page.evaluate(
        """() => {
            const row = document.querySelector("#signals button.row");
            row.focus();
            return row.dataset.id;
        }"""
    )
    live.until(f"document.querySelector('#signals button.row').dataset.id !== {name!r}")
    assert live.page.evaluate("document.activeElement.dataset.id") == name
    listed, known = live.page.evaluate(
        """() => [
            [...document.querySelectorAll("#signals button.row")].map((row) => row.dataset.id),
            livePage.state().signals.map(({id}) => id).reverse(),
        ]"""
    )
    assert listed == known[known.index(listed[0]) :][: len(listed)]


def test_keys_fold_the_tape_and_the_side(look: LookAt) -> None:
    live = look()
    for key, panel in (("t", "#tape"), ("p", "#side")):
        live.page.keyboard.press(key)
        live.page.wait_for_selector(panel, state="hidden")
        live.page.keyboard.press(key)
        live.page.wait_for_selector(panel, state="visible")
