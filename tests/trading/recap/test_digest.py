"""The day in a message: to whom it is told, what it says, its picture."""

import struct
from pathlib import Path

import pytest

from marketdata.models import Bar
from tests.trading.days import DAY, NEXT_DAY, run_day, session_row
from tests.trading.recap.test_document import event
from tests.trading.test_pages_recap import stored_day
from tests.trading.test_pages_trades import add
from trading.models import Delivery, Notice, Session
from trading.recap.chart import MOST_CANDLES, candles
from trading.recap.digest import post_digest
from trading.recap.document import document

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("data_dir")]

PNG = b"\x89PNG\r\n\x1a\n"


def told() -> Notice:
    post_digest(DAY)
    return Notice.objects.get(kind="digest")


def facts(notice: Notice) -> dict[str, str]:
    return dict(notice.facts)


def test_every_account_of_the_day_is_told_its_own() -> None:
    for name in ("a", "b"):
        session_row(name)
    session_row("c", day=NEXT_DAY)
    assert post_digest(DAY) == 2
    assert set(Notice.objects.values_list("account", flat=True)) == {"a", "b"}


def test_a_day_without_a_session_has_no_digest() -> None:
    assert post_digest(DAY) == 0
    assert not Notice.objects.exists()


def test_a_digest_is_told_once(settings) -> None:
    settings.DISCORD_WEBHOOK_URL = "https://discord.invalid/webhook"
    session_row()
    post_digest(DAY)
    post_digest(DAY)
    assert (Notice.objects.count(), Delivery.objects.count()) == (1, 1)


def test_a_day_says_what_it_made_and_by_what() -> None:
    session = session_row(balance=2512)
    add(session, 1, net="57.52")
    add(session, 2, net="-44.98", exit="stop", pattern="BUY_IMBALANCE", direction=-1)
    notice = told()
    assert notice.title == "Wed 12 Jun 2024: +12.54 USD"
    assert notice.text == "2 trades in MES: 1 won, 1 lost."
    assert notice.level == Notice.Level.GOOD
    said = facts(notice)
    assert said["Trades"] == "2: 1 won (50 %)"
    assert said["Profit factor"] == "1.28"
    assert said["Best trade"] == "+57.52, Buying exhaustion long at 09:31:00, target"
    assert said["Worst trade"] == "−44.98, Buy imbalance short at 09:32:00, stop"
    assert said["By pattern"] == (
        "Buying exhaustion: +57.52 in 1 trade\nBuy imbalance: −44.98 in 1 trade"
    )
    assert (said["Drawdown"], said["Fees"]) == ("44.98", "4.96")


def test_a_traded_day_names_regime_signals_and_reasons() -> None:
    run_day()
    said = facts(told())
    counted = document(DAY)["sessions"][0]["statistics"]["signals"]
    assert said["Signals"].startswith(f"{counted['all']:,}: {counted['traded']} traded")
    most = counted["not_traded"][0]
    assert said["Not traded"].split("\n")[0].endswith(f": {most['count']}")
    assert said["Not traded"].count("\n") == 2
    assert " %" in said["Regime of the day"]
    assert said["Tier"].startswith("MES 1-3; ")
    assert "to ES 1" in said["Tier"]


def test_a_day_without_trades_is_told_too() -> None:
    run_day(settings={"router.min_confidence": "0.99", "router.min_strength": "0.99"})
    notice = told()
    assert notice.title == "Wed 12 Jun 2024: 0.00 USD"
    assert notice.text == "No trade in MES MESM4."
    assert notice.level == Notice.Level.INFO
    assert facts(notice)["Trades"] == "none"
    assert "Best trade" not in facts(notice)
    assert notice.picture


def test_what_went_wrong_is_said_errors_first_and_weighs_more_than_a_gain() -> None:
    session = session_row()
    add(session, 1, net="57.52")
    event(session, "halted", 1, halt="stale_feed", reason="silent for 60 s")
    event(session, "broker_line", 2, level="error", text="Broker: the line was lost")
    notice = told()
    assert notice.level == Notice.Level.WARNING
    assert facts(notice)["What went wrong"] == (
        "09:32:00 Broker: the line was lost\n09:31:00 stale feed: silent for 60 s"
    )


def test_many_troubles_are_counted_after_five() -> None:
    session = session_row()
    for minute in range(9):
        event(session, "halted", minute, halt="operator", reason="again")
    lines = facts(told())["What went wrong"].split("\n")
    assert (len(lines), lines[-1]) == (6, "and 4 more")


def test_the_datas_grade_is_said() -> None:
    session_row(contract="MESM4", ticks=4140, dropped={"duplicate": 2})
    stored_day()
    assert facts(told())["Data"] == "4,140 ticks, 2 dropped, 0 gaps, graded doubtful"


# The picture


def test_the_picture_is_a_png_of_its_size(data_dir: Path) -> None:
    run_day()
    notice = told()
    assert notice.picture == "notices/2024-06-12_paper-MES.png"
    content = (data_dir / notice.picture).read_bytes()
    assert content.startswith(PNG)
    assert struct.unpack(">II", content[16:24]) == (1200, 675)
    assert [path.name for path in (data_dir / "notices").iterdir()] == ["2024-06-12_paper-MES.png"]


def test_the_same_day_is_the_same_picture(data_dir: Path) -> None:
    run_day()
    path = data_dir / told().picture
    before = path.read_bytes()
    post_digest(DAY)
    assert path.read_bytes() == before


def test_without_bars_there_is_no_picture() -> None:
    run_day()
    Bar.objects.all().delete()
    assert told().picture == ""


def test_a_lost_day_of_real_money_is_drawn_too(data_dir: Path) -> None:
    run_day()
    session = Session.objects.get()
    session.trades.update(net=-5)
    session.mode = "live"
    session.account.broker = "rithmic"
    session.account.save()
    session.save()
    assert (data_dir / told().picture).read_bytes().startswith(PNG)


def test_many_bars_become_candles_that_can_be_told_apart() -> None:
    run_day(settings={}, timeframe="60")
    bars = document(DAY)["sessions"][0]["bars"]
    found = list(candles(bars))
    assert len(bars) > MOST_CANDLES >= len(found)
    assert max(one.high for one in found) == max(float(bar["high"]) for bar in bars)
    assert min(one.low for one in found) == min(float(bar["low"]) for bar in bars)
    assert found[0].open == float(bars[0]["open"])
    assert found[-1].close == float(bars[-1]["close"])
