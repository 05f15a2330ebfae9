"""A story for people at a terminal: 100 columns, plain text where there are no colours."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, Final, TextIO

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from marketdata.calendars import NEW_YORK
from trading.wire import Json

WIDTH: Final = 100
MS: Final = 1_000_000
TERMS: Final = (
    ("balance", "balance {balance}, peak {peak}, {streak}"),
    ("day_pnl", "day {day_pnl}, open {open_pnl}"),
    ("loss_left", "{loss_left} of the day's loss limit {loss_limit} left"),
    ("profit_left", "{profit_left} to the day's profit target {profit_target}"),
    ("drawdown_left", "drawdown {drawdown}, {drawdown_left} of {max_drawdown} left"),
    ("traded", "tier {tier}: {traded}, size {min_size} to {max_size}"),
)
DECIMALS: Final = 4


def show(story: Json, file: TextIO) -> None:
    """Print the document of a story."""
    console = Console(file=file, highlight=False)
    console.width = min(console.width, WIDTH) if console.is_terminal else WIDTH
    with console.capture() as shown:
        _show(console, story)
    file.writelines(f"{line.rstrip()}\n" for line in shown.get().splitlines())


def _show(console: Console, story: Json) -> None:
    _title(console, story)
    parts: tuple[tuple[str, Callable[[Json], Iterable[RenderableType]]], ...] = (
        ("Pattern", _pattern), ("Bar", _bar), ("Regime", _regime), ("Router", _router),
        ("Choice", _choice), ("Risk and size", _risk), ("Orders and fills", _orders),
        ("Path", _path), ("Result", _result),
    )  # fmt: skip
    for name, tell in parts:
        lines = list(tell(story))
        if lines:
            console.print(f"\n[bold cyan]{name}[/bold cyan]")
            for line in lines:
                console.print(Padding(line, (0, 0, 0, 2), expand=False))


def clock(ts: int | None) -> str:
    """New York, to the millisecond."""
    if ts is None:
        return "-"
    second, rest = divmod(ts, 1_000 * MS)
    return f"{datetime.fromtimestamp(second, NEW_YORK):%H:%M:%S}.{rest // MS:03d}"


def words(name: str) -> str:
    """BUY_IMBALANCE as people write it."""
    return name.replace("_", " ").lower()


def _title(console: Console, story: Json) -> None:
    signal, end = story["signal"], story["exit"]
    size = story["decision"]["size"]
    symbol = story["entry"]["symbol"] if story["entry"] else story["symbol"]
    line = f"[bold]{story['trade']}[/bold]: {signal['direction']} {size} {symbol}"
    if end is None:
        line += ", not closed" if _filled(story) else ", never entered"
    else:
        colour = "red" if end["net"].startswith("-") else "green"
        line += f", {words(end['reason'])}, net [{colour}]{end['net']}[/{colour}]"
    console.print(line)
    console.print(f"Trading day {story['day']}; times are New York's.")
    if story["synthetic"]:
        console.print(
            Text(f"Synthetic ticks, no such trades took place: {story['source']}", "yellow")
        )
    if story["note"]:
        console.print(Text(story["note"], "yellow"))


def _filled(story: Json) -> bool:
    return any(event["kind"] == "filled" for event in story["events"])


def _figures(details: Json) -> str:
    return ", ".join(f"{words(name)} {_number(value)}" for name, value in details.items())


def _number(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.{DECIMALS}f}".rstrip("0").rstrip(".")
    return "not known yet" if value is None else str(value)


def _pattern(story: Json) -> Iterable[RenderableType]:
    signal, done = story["signal"], story["completion"]
    yield (
        f"[bold]{words(signal['pattern'])}[/bold] at {signal['price']}, {signal['direction']}, "
        f"strength {signal['strength']:.2f}: {_figures(signal['details'])}"
    )
    if done is None:
        return
    when = "the bar's last trade" if done["at_the_close"] else "from then on it held to the close"
    yield (
        f"Complete with trade {done['number']:,} of {done['trades']:,} at {clock(done['ts'])} "
        f"({when}): {_figures(done['details'])}"
    )
    yield f"The last trades in its rows, {done['low']} to {done['high']}:"
    table = _table("trade", "time", "price", "size", "side", "row's volume of that side", "delta")
    for one in done["prints"]:
        table.add_row(
            f"{one['number']:,}", clock(one["ts"]), one["price"], str(one["size"]), one["side"],
            f"{one['row']}: {one['before']} -> {one['after']}", f"{one['delta']:+}",
            style="bold yellow" if one["completing"] else "",
        )  # fmt: skip
    yield table


def _bar(story: Json) -> Iterable[RenderableType]:
    bar = story["bar"]
    yield (
        f"{clock(bar['start'])} to {clock(bar['end'])}: open {bar['open']}, high {bar['high']}, "
        f"low {bar['low']}, close {bar['close']}"
    )
    yield (
        f"volume {bar['volume']:,} in {bar['trades']:,} trades, delta {bar['delta']:+} "
        f"({bar['min_delta']:+} to {bar['max_delta']:+}), of the day {bar['cum_delta']:+}"
    )
    yield (
        f"POC {bar['poc']}, value area {bar['val']} to {bar['vah']}, VWAP {bar['vwap']}, "
        f"the session's {bar['session_vwap'] or '-'}"
    )
    table = _table("price", "bid", "ask", "unknown", "")
    buys, sells = set(bar["buy_imbalances"]), set(bar["sell_imbalances"])
    marks = {"close": bar["close"], "open": bar["open"], "POC": bar["poc"]}
    for price, bid, ask, unknown in reversed(bar["levels"]):
        said = [name for name, at in marks.items() if at == price]
        said += ["buy imbalance"] * (price in buys) + ["sell imbalance"] * (price in sells)
        said += ["<- the signal"] * (price == story["signal"]["price"])
        bid_text, ask_text = f"{bid:,}", f"{ask:,}"
        table.add_row(
            price,
            f"[red]{bid_text}[/red]" if price in sells else bid_text,
            f"[green]{ask_text}[/green]" if price in buys else ask_text,
            f"{unknown:,}" if unknown else "",
            ", ".join(said),
        )
    yield table


def _regime(story: Json) -> Iterable[RenderableType]:
    regime = story["regime"]
    if regime is None:
        return
    how = f": {regime['how']}" if regime["how"] else ""
    yield f"[bold]{regime['regime']}[/bold], confidence {regime['confidence']:.2f}{how}"
    yield "scores: " + ", ".join(f"{name} {score:g}" for name, score in regime["scores"].items())
    yield _grid((words(name), _number(value)) for name, value in regime["inputs"].items())


def _router(story: Json) -> Iterable[RenderableType]:
    rule = story["router"]
    if rule is None:
        return
    yield (
        f"{words(story['signal']['pattern'])} is enabled in "
        f"{', '.join(rule['enabled_in']) or 'no regime'}; this is {rule['regime']}, "
        f"bias {rule['bias']}"
    )
    yield (
        f"strength {rule['strength']:.2f} (at least {rule['min_strength']:.2f}), "
        f"confidence {rule['confidence']:.2f} (at least {rule['min_confidence']:.2f}), "
        f"size x {rule['size_multiplier']}"
    )


def _choice(story: Json) -> Iterable[RenderableType]:
    table = _table("signal", "price", "", "strength", "")
    for one in story["choices"]:
        table.add_row(
            words(one["pattern"]), one["price"], one["direction"], f"{one['strength']:.2f}",
            ("traded: " if one["chosen"] else "not traded: ") + one["why"],
        )  # fmt: skip
    for one in story["rejected"]:
        table.add_row(
            words(one["pattern"]), one["price"], one["direction"], f"{one['strength']:.2f}",
            f"rejected: {one['reason']}",
        )  # fmt: skip
    yield table


def _risk(story: Json) -> Iterable[RenderableType]:
    terms = story["decision"]["terms"]
    streak = terms.get("account_streak", 0)
    won = "wins" if streak > 0 else "losses"
    shown = terms | {"streak": f"{abs(streak)} {won} running" if streak else "no streak"}
    for needed, text in TERMS:
        if needed in terms:
            try:
                yield text.format_map(shown)
            except KeyError:  # a row from before a term was kept
                continue
    if "base" in terms:
        yield (
            f"size: {terms['base']} {terms['confluence']:+} confluence "
            f"({terms['signals_for']} for this direction) {terms['trend']:+} trend "
            f"{terms['streak']:+} streak = {_wanted(terms)}, in the tier's range "
            f"{terms['clamped']}, x {terms['multiplier']} = {terms['units']}, lots {terms['size']}"
        )


def _wanted(terms: Json) -> int:
    return int(terms["base"] + terms["confluence"] + terms["trend"] + terms["streak"])


def _orders(story: Json) -> Iterable[RenderableType]:
    entry = story["entry"]
    if entry is not None and entry["arrives"] is not None:
        yield (
            f"decided at {clock(entry['sent'])}, at the exchange {clock(entry['arrives'])}, "
            f"filled {clock(entry['filled'])} at {entry['price'] or '-'}"
        )
    table = _table("time", "what", "")
    for event in story["events"]:
        table.add_row(clock(event["ts"]), words(event["kind"]), told(event))
    yield table


def told(event: Json) -> str:
    """An event's fields in a line; one that we have no words for is told by its fields."""
    if event["kind"] == "filled":
        line = f"{event['role']}: {event['side']} {event['size']} at {event['price']}"
        if event["market"] is not None:
            line += f", the trade was at {event['market']} (slippage {event['slippage_ticks']})"
        return f"{line}, fee {event['fee']}"
    if event["kind"] == "order_intent":
        price = f" at {event['price']}" if event["price"] else ""
        line = f"{event['role']}: {event['type']} {event['side']} {event['size']}{price}"
        if event["role"] == "entry":
            line += f", stop {event['stop_ticks']} and target {event['target_ticks']} ticks away"
        return f"{line} ({words(event['reason'])})" if event["reason"] else line
    if event["kind"] == "position_opened":
        line = f"{event['direction']} {event['size']} {event['symbol']}"
        return f"{line}, stop {event['stop']}, target {event['target']}"
    if event["kind"] == "order_amend":
        why = words(event["reason"])
        return f"{event['role']}: now {event['size']} at {event['price']} ({why})"
    if event["kind"] == "order_update":
        why = f" ({event['reason']})" if event["reason"] else ""
        part = f" {event['filled']}" if event["filled"] else ""
        return f"{event['role']}: {event['status']}{part}{why}"
    left = {name: value for name, value in event.items() if name not in ("ts", "kind")}
    known = {name: value for name, value in left.items() if value not in ("", None)}
    return ", ".join(f"{words(name)} {value}" for name, value in known.items())


def _path(story: Json) -> Iterable[RenderableType]:
    path = story["path"]
    if path is None:
        return
    for name in ("best", "worst"):
        one = path[name]
        way = "in its favour" if name == "best" else "against it"
        yield f"{name} {one['price']} at {clock(one['ts'])}, {one['ticks']} ticks {way}"
    yield f"{path['trades']:,} trades while it was held"


def _result(story: Json) -> Iterable[RenderableType]:
    end = story["exit"]
    if end is None:
        return
    yield (
        f"in at {end['entry_price']} ({clock(end['entry_ts'])}), out at {end['exit_price']} "
        f"({clock(end['exit_ts'])}) by {words(end['reason'])}"
    )
    yield (
        f"{end['ticks']} ticks x {end['tick_value']} x {end['size']} = {end['gross']}, less fees "
        f"{end['fees']} = [bold]{end['net']}[/bold]; balance {end['balance']}"
    )
    for event in story["caused"]:
        if event["kind"] == "halted":
            yield f"halted at {clock(event['ts'])}: {words(event['halt'])}: {event['reason']}"
        else:
            yield f"tier {event['before']} -> {event['after']} at a balance of {event['balance']}"


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    right = {"price", "bid", "ask", "unknown", "size", "strength", "trade", "delta"}
    for name in columns:
        table.add_column(name, justify="right" if name in right else "left")
    return table


def _grid(pairs: Iterable[tuple[str, str]], across: int = 3) -> Table:
    table = Table.grid(padding=(0, 2))
    cells = [f"[dim]{name}[/dim] {value}" for name, value in pairs]
    for start in range(0, len(cells), across):
        table.add_row(*cells[start : start + across])
    return table
