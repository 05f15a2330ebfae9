"""What `--config` names: a file, or a stored configuration."""

from dataclasses import dataclass
from pathlib import Path

from django.db import Error as DatabaseError

from trading.configuration.document import Document, parse
from trading.configuration.reading import YamlError, read_text
from trading.errors import ConfigurationError, StartError


@dataclass(frozen=True)
class Source:
    """A configuration and what results call it: `es.yaml`, `scalper (es.yaml)` or `scalper@3`."""

    label: str
    document: Document


def find_source(where: str) -> Source:
    """The file of that path; else the stored configuration NAME (its newest version) or NAME@3."""
    path = Path(where).expanduser()
    if path.exists():
        try:
            text = read_text(path)
        except YamlError as error:
            raise ConfigurationError(where, [str(error)]) from None
        document = parse(text, where)
        return Source(f"{document.name} ({path.name})" if document.name else path.name, document)
    return _stored(where)


def own_source(account: str, symbol: str) -> tuple[int, Source | None]:
    """The newest version of the configuration that is named like the account, as its settings on
    the page are, and that version's number; None when it says nothing about the symbol."""
    from trading.configuration import stored

    try:
        row = stored.newest(account)
    except DatabaseError as error:
        reason = " ".join(str(error).split())
        raise StartError(
            f"the settings of {account} cannot be read ({reason}); check DATABASE_URL, or run: "
            "python manage.py migrate"
        ) from error
    if row is None:
        return 0, None
    document = stored.document(row)
    return row.version, Source(str(row), document) if symbol in document.configs else None


def _stored(where: str) -> Source:
    from trading.configuration import stored
    from trading.models import Configuration

    if not stored.REFERENCE.fullmatch(where):
        raise ConfigurationError(where, ["there is no such file"])
    try:
        row = stored.find(where)
        names = sorted(set(Configuration.objects.values_list("name", flat=True)))
    except DatabaseError as error:
        reason = " ".join(str(error).split())
        raise StartError(
            f"{where}: there is no such file, and the database does not say what it is ({reason})"
        ) from error
    if row is None:
        known = f"stored are {', '.join(names)}" if names else "none is stored"
        raise ConfigurationError(
            where, [f"there is no such file and no such stored configuration; {known}"]
        )
    return Source(str(row), stored.document(row))
