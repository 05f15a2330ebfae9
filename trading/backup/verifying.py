"""A backup is one when it was restored: into a scratch database, compared with its manifest."""

from collections.abc import Iterator
from pathlib import Path

from trading.backup import files
from trading.backup.database import the_database
from trading.backup.manifest import MANIFEST, SUMS, Facts, Snapshot
from trading.errors import BackupError


def verify(snapshot: Snapshot) -> list[str]:
    """What is wrong with it, a line each; none: it restores to what it was made of."""
    problems = list(damage(snapshot))
    manifest = snapshot.manifest()
    database = the_database()
    if manifest.database.engine != database.engine:
        problems.append(f"its database is {manifest.database.engine}, here it is {database.engine}")
    elif not problems or not problems[0].startswith(manifest.dump):
        try:
            restored = database.in_scratch(snapshot.folder / manifest.dump)
        except BackupError as error:
            return [*problems, str(error)]
        problems += differences(manifest.database, restored)
    return problems


def damage(snapshot: Snapshot) -> Iterator[str]:
    """Files that are missing, or not what they were; the dump's comes first."""
    manifest = snapshot.manifest()
    wanted = {manifest.dump: manifest.dump_sha256, **_sum_of_manifest(snapshot)}
    for name, sha256 in wanted.items():
        if (why := _wrong(snapshot.folder / name, sha256)) is not None:
            yield f"{name}: {why}"
    for each in manifest.files:
        if (why := _wrong(files.pooled(snapshot.root, each), each.sha256)) is not None:
            yield f"{each.path}: {why}"


def _sum_of_manifest(snapshot: Snapshot) -> dict[str, str]:
    lines = (line.split("  ", 1) for line in (snapshot.folder / SUMS).read_text().splitlines())
    return {name: sha256 for sha256, name in lines if name == MANIFEST}


def _wrong(path: Path, sha256: str) -> str | None:
    try:
        return None if files.digest(path) == sha256 else "is damaged, its checksum is another"
    except OSError as error:
        return f"cannot be read: {error.strerror or error}"


def differences(wanted: Facts, found: Facts) -> Iterator[str]:
    """Between what a dump was made of and what came of it."""
    for name in sorted(wanted.tables.keys() | found.tables.keys()):
        ours, theirs = wanted.tables.get(name), found.tables.get(name)
        if ours is None or theirs is None:
            yield f"table {name}: is only in the {'backup' if theirs is None else 'database'}"
        elif ours.rows != theirs.rows:
            yield f"table {name}: {theirs.rows:,} rows, and the backup was made of {ours.rows:,}"
        elif ours.digest != theirs.digest:
            yield f"table {name}: its {ours.rows:,} rows are not those that it was made of"
