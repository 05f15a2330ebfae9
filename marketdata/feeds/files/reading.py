"""What can go wrong while a file is read, as one line each."""

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final, cast

from marketdata.errors import FeedError

GZIP_MAGIC: Final = b"\x1f\x8b"


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turns what the system and gzip raise into a FeedError that names the file and the remedy."""
    try:
        yield
    except FileNotFoundError:
        raise FeedError(f"{path}: there is no such file") from None
    except PermissionError:
        raise FeedError(f"{path}: may not be read; check its permissions") from None
    except EOFError:
        raise FeedError(f"{path}: cut off in the middle of its gzip data; fetch it again") from None
    except (gzip.BadGzipFile, zlib.error):
        raise FeedError(f"{path}: gzip data is damaged; fetch it again") from None
    except OSError as error:
        raise FeedError(f"{path}: cannot be read: {error.strerror or error}") from None


def unpacked(raw: BinaryIO) -> BinaryIO:
    """The contents of a file that may be gzip, from its start."""
    packed = raw.read(len(GZIP_MAGIC)) == GZIP_MAGIC
    raw.seek(0)
    return cast(BinaryIO, gzip.GzipFile(fileobj=raw)) if packed else raw
