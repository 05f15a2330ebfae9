"""What a snapshot says of itself, and which snapshots there are."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from django.conf import settings

from trading.errors import BackupError

FORMAT: Final = 1
NAME: Final = "%Y%m%dT%H%M%SZ"
MANIFEST: Final = "manifest.json"
SUMS: Final = "SHA256SUMS"


@dataclass(frozen=True)
class Table:
    """`digest` does not depend on the order of rows."""

    rows: int
    digest: str


@dataclass(frozen=True, kw_only=True)
class Facts:
    """A database at one moment. `migrations`: the newest of each application."""

    engine: str
    server: str
    tables: Mapping[str, Table]
    migrations: Mapping[str, str]

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables.values())


@dataclass(frozen=True, slots=True)
class Content:
    """A file of DATA_DIR as it was."""

    path: str
    size: int
    mtime_ns: int
    sha256: str

    @property
    def stored(self) -> str:
        """Its name in the pool."""
        return f"{self.path}@{self.sha256[:16]}"


@dataclass(frozen=True, kw_only=True)
class Manifest:
    made_at: datetime
    database: Facts
    dump: str
    dump_size: int
    dump_sha256: str
    files: tuple[Content, ...]

    def as_json(self) -> str:
        content = {"format": FORMAT, **asdict(self), "made_at": self.made_at.isoformat()}
        return json.dumps(content, indent=1) + "\n"


@dataclass(frozen=True)
class Snapshot:
    """One that is complete."""

    folder: Path

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def made_at(self) -> datetime:
        return moment(self.name)

    @property
    def root(self) -> Path:
        """The folder of all backups."""
        return self.folder.parent.parent

    def manifest(self) -> Manifest:
        """BackupError when it cannot be read."""
        path = self.folder / MANIFEST
        try:
            return from_json(path.read_text())
        except OSError as error:
            raise BackupError(f"{path}: cannot be read: {error.strerror or error}") from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise BackupError(f"{path}: is no manifest of ours ({error})") from None


def from_json(text: str) -> Manifest:
    found: dict[str, Any] = json.loads(text)
    if found.pop("format") != FORMAT:
        raise ValueError(f"this version reads format {FORMAT}")
    database = found.pop("database")
    tables = {name: Table(**table) for name, table in database.pop("tables").items()}
    return Manifest(
        **found
        | {
            "made_at": datetime.fromisoformat(found["made_at"]),
            "files": tuple(Content(**each) for each in found["files"]),
            "database": Facts(tables=tables, **database),
        }
    )


def backup_dir() -> Path:
    """Where backups are, unless a command names another folder."""
    return Path(settings.BACKUP_DIR)


def snapshots(root: Path) -> list[Snapshot]:
    """The oldest first."""
    folder = root / "snapshots"
    names = (each.name for each in folder.iterdir()) if folder.is_dir() else ()
    return [Snapshot(folder / name) for name in sorted(names) if is_name(name)]


def is_name(text: str) -> bool:
    try:
        moment(text)
    except ValueError:
        return False
    return True


def moment(name: str) -> datetime:
    return datetime.strptime(name, NAME).replace(tzinfo=UTC)


def latest(root: Path) -> Snapshot | None:
    return next(reversed(snapshots(root)), None)


def find(root: Path, name: str) -> Snapshot:
    """The snapshot of that name, or the newest for `latest`; BackupError without it."""
    found = snapshots(root)
    if not found:
        raise BackupError(f"{root} has no backup; make one with: python manage.py backup")
    if name == "latest":
        return found[-1]
    for each in found:
        if each.name == name:
            return each
    raise BackupError(
        f"{root} has no backup {name!r}; it has {found[0].name} to {found[-1].name} "
        "(manage.py backup --list)"
    )
