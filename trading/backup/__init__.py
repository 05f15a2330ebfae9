"""Backups: made while trading goes on, verified by restoring them, restored without surprises.

    BACKUP_DIR/snapshots/20251121T231500Z/    one moment
        database.dump        PostgreSQL's custom format; database.sqlite3.gz when embedded
        manifest.json        tables with rows and checksums, files with sizes and checksums
        SHA256SUMS           the same sums for `sha256sum -c SHA256SUMS`, without us
    BACKUP_DIR/files/journal/paper-MES/20251121-1.jrn@3f9a0c1b2d4e5f60
                             what is in DATA_DIR, each content once, named after its checksum

    manifest.py    what a snapshot says of itself; listing them
    database.py    the database as a file: which kind; postgres.py, sqlite.py
    files.py       DATA_DIR's files, and the pool that has each content once
    making.py verifying.py restoring.py
    retention.py   which snapshots stay, and which contents of the pool
    daily.py       a backup, verified, then the old ones go
    ticks.py       old days leave the tick store once they are somewhere else

Rules: a snapshot appears when it is complete and on disk, or not at all. The newest content of each
file stays in the pool for ever, so a tick day that left the store is not lost. Secrets are in none
of it: neither SECRET_KEY nor `.env`.
"""

from trading.backup.making import back_up
from trading.backup.manifest import Snapshot, latest, snapshots
from trading.backup.restoring import restore
from trading.backup.verifying import verify

__all__ = ["Snapshot", "back_up", "latest", "restore", "snapshots", "verify"]
