"""A channel is one file: here a second one, put where channels are looked for."""

from pathlib import Path

import pytest

from trading.models import Delivery
from trading.notify import News, channels, post

pytestmark = pytest.mark.django_db(transaction=True)

CARRIER = '''
"""Pigeons, and a file that they carry messages to."""

import os
from pathlib import Path

from trading.notify.message import Message, TryLater


def configured() -> bool:
    return "CARRIER_LOFT" in os.environ


def opened() -> "Carrier":
    return Carrier(Path(os.environ["CARRIER_LOFT"]))


class Carrier:
    def __init__(self, loft: Path) -> None:
        self.loft = loft

    def send(self, message: Message) -> float:
        if not self.loft.is_dir():
            raise TryLater("the loft is closed", 30.0)
        with (self.loft / "letters").open("a") as file:
            file.write(f"{message.title}\\n")
        return 0.0

    def close(self) -> None:
        pass
'''


@pytest.fixture
def loft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "carrier.py").write_text(CARRIER)
    monkeypatch.setattr(channels, "__path__", [*channels.__path__, str(tmp_path / "more")])
    monkeypatch.setenv("CARRIER_LOFT", str(tmp_path / "loft"))
    return tmp_path / "loft"


def test_a_file_is_a_channel(discord, deliver, loft):
    loft.mkdir()
    post(News(kind="a", key="1", title="One"))
    deliver()
    assert discord.titles == ["One"]
    assert (loft / "letters").read_text() == "One\n"
    assert set(Delivery.objects.values_list("channel", "status")) == {
        ("carrier", "sent"), ("discord", "sent"),
    }  # fmt: skip


def test_a_channel_that_is_away_holds_up_no_other(discord, deliver, loft):
    for number in range(3):
        post(News(kind=f"{number}", key=f"{number}", title=f"{number}"))
        deliver()
    assert discord.titles == ["0", "1", "2"]
    loft.mkdir()
    deliver(20)
    assert (loft / "letters").read_text() == "0\n1\n2\n"


def test_without_what_it_needs_it_is_none(loft, monkeypatch):
    assert channels.configured() == ["carrier"]
    monkeypatch.delenv("CARRIER_LOFT")
    assert channels.configured() == []
