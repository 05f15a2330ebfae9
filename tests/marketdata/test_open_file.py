"""What cannot be a feed is refused in one line that names the file, the fault and the remedy."""

import subprocess
import sys
from pathlib import Path

import pytest

from engine.errors import UnknownSymbolError
from marketdata.errors import FeedError
from marketdata.feeds import Feed
from marketdata.feeds.files import open_file
from tests.marketdata.files import socket_trade, trade, write_dbn, write_text


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"PK\x03\x04 something", "zip archive is damaged"),
        (b"\x7fELF\x02\x01\x01\x00\x00\x00\x00", "unknown format; known are DBN"),
        (b"\x1f\x8b\x08\x00garbage that is no gzip at all", "damaged"),
        (b"PAR1 and then nothing", "cut off or damaged"),
        (b"\x28\xb5\x2f\xfd\x00\x00", "cut off|damaged"),
        (b"DBN\x03", "cut off in its metadata"),
        (b"hello world\n", "no column for ts"),
        (b"\xff\xfe\xfa\xfb\n", "not a text file"),
    ],
)
def test_contents_that_are_no_trades(tmp_path, content, said):
    path = tmp_path / "file.bin"
    path.write_bytes(content)
    with pytest.raises(FeedError, match=said) as caught:
        open_file(path, "ES")
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_folder_and_a_missing_file(tmp_path):
    with pytest.raises(FeedError, match="is a folder; name one file in it"):
        open_file(tmp_path)
    with pytest.raises(FeedError, match="there is no such file"):
        open_file(tmp_path / "none.csv")


def test_a_file_that_may_not_be_read(tmp_path, monkeypatch):
    path = write_text(tmp_path / "es.csv", ["ts,price,size,side"])

    def refuse(*_args, **_kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(FeedError, match="may not be read; check its permissions"):
        open_file(path, "ES")


@pytest.mark.parametrize("name", ["es.dbn", "es.csv", "usdm.jsonl"])
def test_a_file_that_vanishes_before_it_is_read(tmp_path, name):
    path = tmp_path / name
    if name == "es.dbn":
        feed = open_file(write_dbn(path, [trade(0, 5300.0)]))
    elif name == "es.csv":
        feed = open_file(write_text(path, ["ts,price,size,side", "1718199000,5300,1,B"]), "ES")
    else:
        feed = open_file(write_text(path, [socket_trade(0, "61800.30", "0.006")]))
    path.unlink()
    with pytest.raises(FeedError, match="there is no such file"):
        list(feed.blocks())


def test_an_unknown_symbol_or_side(tmp_path):
    path = write_dbn(tmp_path / "es.dbn", [trade(0, 5300.0)])
    with pytest.raises(UnknownSymbolError, match="unknown symbol 'XX'"):
        open_file(path, "XX")
    with pytest.raises(FeedError, match="side 'guess' is not known"):
        open_file(path, side="guess")


def test_the_name_does_not_matter(tmp_path):
    path = write_dbn(tmp_path / "recording", [trade(0, 5300.0)])
    feed: Feed = open_file(str(path))
    assert feed.info.symbol == "ES"


def test_every_feed_can_be_read_again(tmp_path):
    path = write_dbn(tmp_path / "es.dbn.zst", [trade(i, 5300.0) for i in range(10)])
    feed = open_file(path)
    assert feed.progress < 1
    for _ in range(2):
        assert sum(len(block.ts) for block in feed.blocks()) == 10
        assert feed.counts.used == 10
        assert feed.progress == 1


def test_importing_feeds_imports_no_heavy_library():
    script = (
        "import sys, marketdata.calendars, marketdata.feeds, marketdata.feeds.files, "
        "marketdata.feeds.simulator; "
        "print([m for m in ('pandas', 'pyarrow', 'databento', 'databento_dbn', 'numba', 'django') "
        "if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_a_dbn_file_needs_neither_pandas_nor_databentos_clients(tmp_path):
    path = write_dbn(tmp_path / "es.dbn.zst", [trade(0, 5300.0)])
    script = (
        "import sys; from marketdata.feeds.files import open_file; "
        f"list(open_file({str(path)!r}).blocks()); "
        "print([m for m in ('pandas', 'databento') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
