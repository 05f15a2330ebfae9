"""Versions of configurations in the database: each change makes the next, and an audit event."""

import re
import time
from typing import Final

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from marketdata.models import moment
from trading.configuration.compare import Difference, differences
from trading.configuration.document import NAME, NAME_WORDS, Document, parse
from trading.errors import ConfigurationError
from trading.models import AuditEvent, Configuration

REFERENCE: Final = re.compile(r"([A-Za-z0-9_-]{1,40})(?:@([0-9]{1,9}))?")
SHOWN: Final = 50
"""Differences that an audit event keeps."""


def newest(name: str) -> Configuration | None:
    """The current version."""
    return Configuration.objects.filter(name=name).order_by("-version").first()


def find(reference: str) -> Configuration | None:
    """`NAME` is the newest version of that name, `NAME@3` the third; None: there is no such."""
    found = REFERENCE.fullmatch(reference)
    if found is None:
        return None
    name, version = found.groups()
    if version is None:
        return newest(name)
    return Configuration.objects.filter(name=name, version=int(version)).first()


def document(row: Configuration) -> Document:
    """What a version says today; ConfigurationError if this tradebot cannot read it any more."""
    return parse(row.text, str(row))


def checked(name: str, text: str) -> Document:
    """What a text says that is to be stored under a name; ConfigurationError if it cannot be."""
    if not NAME.fullmatch(name):
        raise ConfigurationError(f"name {name!r}", [f"is no name; use {NAME_WORDS}"])
    found = parse(text, name)
    if found.name not in ("", name):
        raise ConfigurationError(
            name, [f"the text says `name: {found.name}`; leave that out, or write {name}"]
        )
    return found


def changed_by(row: Configuration | None, after: Document) -> list[Difference]:
    """What a document changes against a version; nothing if that cannot be read any more."""
    try:
        before = document(row).configs if row else {}
    except ConfigurationError:
        return []
    return differences(before, after.configs)


@transaction.atomic
def save_version(
    name: str, text: str, *, note: str = "", user: AbstractBaseUser | None = None
) -> Configuration:
    """Store the next version of a name; ConfigurationError says what is wrong with the text."""
    after = checked(name, text)
    before = newest(name)
    if before is not None and before.text == text:
        raise ConfigurationError(name, [f"nothing differs from version {before.version}"])
    row = Configuration(
        name=name,
        version=before.version + 1 if before else 1,
        text=text,
        digests=after.digests,
        note=note,
        created_by=user,  # type: ignore[misc]
    )
    row.save(force_insert=True)
    changed = changed_by(before, after)
    now = time.time_ns()
    AuditEvent.objects.create(
        ts_ns=now,
        ts=moment(now),
        recorded_at=timezone.now(),
        kind="configuration_saved",
        actor=user.get_username() if user else "command line",
        payload={
            "configuration": str(row),
            **({"before": str(before)} if before else {}),
            "note": note,
            "changes": [str(one) for one in changed[:SHOWN]],
            **({"more": len(changed) - SHOWN} if len(changed) > SHOWN else {}),
            "digests": after.digests,
        },
    )
    return row
