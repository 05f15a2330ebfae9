"""What a target can do."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from trading.errors import ExportError
from trading.export.address import Address, Bucket, Folder


@dataclass(frozen=True)
class Outgoing:
    """A file to send. `path` is its place under the target, and under `root` on this machine."""

    root: Path
    path: str
    size: int
    sha256: str

    @property
    def source(self) -> Path:
        return self.root / self.path


class TryAgain(ExportError):
    """It could not be done now; a little later it may."""


class Target(Protocol):
    """ExportError when the target cannot be used, `TryAgain` when that may pass."""

    def holds(self, file: Outgoing) -> bool:
        """Ask the target whether it has exactly these bytes, by reading them there."""

    def put(self, file: Outgoing) -> None:
        """Send it. It appears under its name whole, or not at all."""


def opened(address: Address) -> Target:
    """The target at an address."""
    match address:
        case Folder():
            from trading.export.folder import FolderTarget

            return FolderTarget(address.path)
        case Bucket():
            from trading.export.s3 import BucketTarget

            return BucketTarget(address)
        case _:
            from trading.export.rsync import RsyncTarget

            return RsyncTarget(address)
