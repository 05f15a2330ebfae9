"""The status as people read it."""

from datetime import datetime
from typing import Final, TextIO

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from marketdata.calendars import NEW_YORK
from trading.wire import Json

STATES: Final = {
    "running": "green", "starting": "yellow", "idle": "yellow", "ended": "dim",
    "gone": "bold red", "silent": "bold red",
}  # fmt: skip
LEVELS: Final = {"critical": "bold red", "error": "red", "warning": "yellow"}
VERDICTS: Final = {
    "healthy": "[green]healthy[/]",
    "wrong": "[bold red]something is wrong[/]",
    "nothing runs": "[bold red]nothing runs[/]",
}
HOW_TO_START: Final = "start one with: python manage.py trade --serve 127.0.0.1:8000"


def show(status: Json, file: TextIO) -> None:
    """The verdict, each account, then what else there is to know."""
    console = Console(file=file, highlight=False, soft_wrap=True)
    console.print(f"tradebot: {VERDICTS[status['health']]}")
    for finding in status["findings"]:
        style = LEVELS.get(finding["level"], "dim")
        console.print(f"\n[{style}]{escape(finding['title'])}[/]: {escape(finding['text'])}")
        console.print(f"  [dim]-> {escape(finding['remedy'])}[/]")
    for account in status["accounts"]:
        console.print()
        console.print(_table(_account(account)))
    if not status["accounts"]:
        console.print(f"\nNo process was heard within a day; {HOW_TO_START}")
    console.print()
    console.print(_table(_around(status)))


def _table(rows: dict[str, str]) -> Table:
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(no_wrap=True, style="dim")
    table.add_column(overflow="fold")
    for name, text in rows.items():
        table.add_row(name, text)
    return table


def _account(said: Json) -> dict[str, str]:
    colour = STATES.get(said["now"], "yellow")
    heard = f"heard {said['age']}" if said["now"] != "ended" else said["age"]
    rows = {escape(said["account"]): f"[{colour}]{said['now']}[/], {heard}"}
    if said["error"]:
        rows["Error"] = f"[red]{escape(said['error'])}[/]"
    if "session" in said:
        rows |= _session(said)
    where = f"pid {said['pid']} on {said['host']}, {said['memory_mb']:.0f} MB"
    rows["Process"] = escape(f"{where}, version {said['version']}")
    return rows


def _session(said: Json) -> dict[str, str]:
    regime = said["regime"].replace("_", " ").lower() or "none yet"
    halted = f", [bold red]halted: {escape(', '.join(said['halts']))}[/]" if said["halts"] else ""
    open_pnl = f", open {said['open_pnl']}" if said["position"] else ""
    journal = said["journal"] or {}
    grew = (
        f", {journal['bytes'] / 1e6:.1f} MB, grew {journal['age_s']:.0f} s before"
        if journal
        else ""
    )
    phase = said["phase"] or "no phase yet"
    market = f"{said['symbol']} {said['mode']}, {said['source']}, feed {said['feed_state']}"
    rows = {
        "Session": escape(f"{said['session']}, {said['session_status']}, {phase}") + halted,
        "Market": f"{escape(market)}, {said['reconnect_count']} reconnects",
        "Heard": f"{said['tick_count']:,} ticks, {said['bar_count']} bars, "
        f"{said['signal_count']} signals, last tick {_new_york(said['last_tick_time'])}",
        "Account": f"balance {said['balance']}, day {said['daily_pnl']}{open_pnl}, "
        f"{said['trade_count']} trades, tier {escape(said['tier_name'] or '-')}",
        "Position": escape(said["position"] or "flat"),
        "Regime": f"{regime}" + (f" {said['confidence']:.0%}" if said["confidence"] else ""),
        "Waiting": f"{said['rows_waiting']} rows, {said['inputs_waiting']} inputs",
        "Journal": escape(f"{journal.get('file', 'none')}") + grew,
    }
    if said["broker"]:
        rows["Broker"] = escape(said["broker"]["text"])
    return rows


def _new_york(iso: str | None) -> str:
    if iso is None:
        return "none"
    return f"{datetime.fromisoformat(iso).astimezone(NEW_YORK):%Y-%m-%d %H:%M:%S} New York"


def _around(status: Json) -> dict[str, str]:
    rows = {"Database": escape(status["database"])}
    if status["redis"]:
        rows["Redis"] = escape(status["redis"])
    rows["Machine"] = (
        f"memory {status['memory_percent']:.0f} % used, disk {status['disk_free_mb']:,} MB free"
    )
    rows["Watchdog"] = _watchdog(status["watchdog"])
    if status["notifications"] is not None:
        rows["Notices"] = escape(_notices(status["notifications"]))
    if status["jobs"] is not None:
        rows["Jobs today"] = escape(
            ", ".join(f"{job['job']} {job['status']}" for job in status["jobs"]) or "none yet"
        )
    if status["preflight"] is not None:
        rows["Preflight"] = _preflight(status["preflight"])
    return rows


def _watchdog(said: Json) -> str:
    if not said["alive"]:
        looked = f"[yellow]not alive[/] (looked {said['looked']})"
        return f"{looked}; start it with: python manage.py watchdog"
    more = ", delivers notices" if said["delivers"] else ""
    return f"alive, looked {said['looked']}{more}" + (
        f", [red]{said['unsaid']} notices not taken yet[/]" if said["unsaid"] else ""
    )


def _preflight(said: Json) -> str:
    verdict = "[green]passed[/]" if said["passed"] else "[bold red]failed[/]"
    why = f": {escape('; '.join(said['failed']))}" if said["failed"] else ""
    return f"{escape(said['account'])}, trading day {said['day']}: {verdict}{why}"


def _notices(said: Json) -> str:
    channels = ", ".join(said["channels"]) or "no channel is configured"
    waits = f"{said['waiting'] + said['spooled']} waiting, {said['refused']} refused"
    return f"{channels}; {waits}" + (f"; last error: {said['error']}" if said["error"] else "")
