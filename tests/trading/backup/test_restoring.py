"""A day is traded, its process killed, everything wrecked and restored; and the day goes on."""

import json
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services import open_database
from tests.trading.backup.installation import ACCOUNT, TRADE, Installation

SERVER = os.environ.get("DATABASE_URL", "")


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.services)]
)
def traded(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    """Somebody traded, was killed, and made a backup."""
    folder = tmp_path_factory.mktemp("installation")
    service = open_database(SERVER, "for a restore") if request.param == "postgresql" else None
    here = Installation(folder / "data", service.url if service else "")
    try:
        here.manage("migrate", "--verbosity", "0")
        here.trade_until(lambda: here.inputs() > 60)
        ticks = here.data / "ticks" / "MES"
        ticks.mkdir(parents=True)
        (ticks / "2025-11-20.parquet").write_bytes(b"ticks" * 1000)
        yield here
    finally:
        if service:
            service.close()


@pytest.mark.slow
def test_what_was_wrecked_comes_back_and_the_day_goes_on(traded: Installation) -> None:
    out, _ = traded.manage("backup", "--verify")
    assert "every table is the same" in out
    tables, contents, run = traded.tables(), traded.contents(), traded.journals()[0].header.run
    assert tables["trading_session"]

    traded.wreck_database()
    shutil.rmtree(traded.data / "journal")
    shutil.rmtree(traded.data / "ticks")
    out, _ = traded.manage("restore", "latest")

    assert "The database here is empty" in out
    assert traded.tables() == tables
    assert traded.contents() == contents

    had = traded.inputs()
    process = traded.start(*TRADE)
    traded.wait(process, lambda: traded.inputs() > had + 20)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate()
    assert process.returncode == 0, err
    assert "run_restarted" in [json.loads(line)["event"] for line in err.splitlines()]
    assert traded.journals()[0].header.run == run
    assert traded.one("select count(*) from trading_session") == len(tables["trading_session"])

    # It has rows now: nothing is replaced unless that is asked for.
    later = traded.tables()
    _, err = traded.manage("restore", "latest", code=1)
    assert "is not empty" in err
    assert "--replace replaces it" in err
    assert traded.tables() == later

    out, _ = traded.manage("restore", "latest", "--replace")
    assert "put aside" in out
    assert traded.tables() == tables
    assert traded.contents() == contents
    (aside,) = traded.data.glob("journal.before-*")
    assert list((aside / ACCOUNT).glob("*.jrn"))


@pytest.mark.slow
def test_while_an_account_is_traded_nothing_is_restored(traded: Installation) -> None:
    traded.manage("backup")
    had = traded.inputs()
    process = traded.start(*TRADE)
    try:
        traded.wait(process, lambda: traded.inputs() > had)
        traded.manage("backup", "--verify")  # while it trades
        _, err = traded.manage("restore", "latest", "--replace", code=1)
    finally:
        process.kill()
        process.communicate()

    assert f"account {ACCOUNT} is being traded" in err


@pytest.mark.slow
def test_a_backup_that_is_damaged_changes_nothing(traded: Installation, tmp_path: Path) -> None:
    traded.manage("backup", "--dir", str(tmp_path))
    (dump,) = tmp_path.glob("snapshots/*/database.*")
    content = bytearray(dump.read_bytes())
    content[len(content) // 2] ^= 255
    dump.write_bytes(content)
    before = traded.tables()

    _, err = traded.manage("restore", "latest", "--dir", str(tmp_path), "--replace", code=1)

    assert f"{dump.name}: is damaged" in err
    assert traded.tables() == before
