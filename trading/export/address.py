"""Where to: a folder, a machine, a bucket.

>>> parsed("/mnt/archive")
Folder(path=PosixPath('/mnt/archive'))
>>> str(parsed("ssh://trader@nas:2222/srv/archive"))
'ssh://trader@nas:2222/srv/archive'
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from django.conf import settings

from trading.errors import ExportError

FORMS: Final = "a folder (/mnt/archive), ssh://user@host/folder or s3://bucket/prefix"
HOST: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")
USER: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
REMOTE_PATH: Final = re.compile(r"/[A-Za-z0-9 ._/+@=-]*")
BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
PREFIX: Final = re.compile(r"[A-Za-z0-9 !_.'()/*-]*")


@dataclass(frozen=True)
class Folder:
    path: Path

    def __str__(self) -> str:
        return str(self.path)


@dataclass(frozen=True)
class Remote:
    """A folder of another machine, by ssh."""

    user: str
    host: str
    port: int | None
    path: str

    @property
    def login(self) -> str:
        return f"{self.user}@{self.host}" if self.user else self.host

    def __str__(self) -> str:
        port = f":{self.port}" if self.port else ""
        return f"ssh://{self.login}{port}{self.path}"


@dataclass(frozen=True)
class Bucket:
    """`prefix` is empty or ends with a slash."""

    name: str
    prefix: str

    def __str__(self) -> str:
        return f"s3://{self.name}/{self.prefix}"


Address = Folder | Remote | Bucket


def configured() -> Address | None:
    """EXPORT_TARGET; None when it is not set, ExportError when it cannot be meant."""
    said = settings.EXPORT_TARGET
    return parsed(said) if said else None


def parsed(said: str) -> Address:
    """What an address means. An error never repeats one that may hold a password."""
    if said.startswith("/"):
        return _folder(said)
    try:
        parts = urlsplit(said)
        port = parts.port
    except ValueError:
        raise _refused("is no address") from None
    if parts.password is not None:
        raise _refused("has a password in it, which would be shown; ssh takes EXPORT_SSH_KEY")
    if parts.query or parts.fragment:
        raise _refused("has a ? or # in it")
    match parts.scheme:
        case "file":
            if parts.netloc not in ("", "localhost"):
                raise _refused(f"names the machine {parts.hostname}; file:///folder is on this one")
            return _folder(unquote(parts.path))
        case "ssh":
            return _remote(parts, port)
        case "s3":
            return _bucket(parts)
    raise _refused("is none of them")


def _folder(path: str) -> Folder:
    found = Path(path)
    if not found.is_absolute() or len(found.parts) < 2:
        raise _refused(f"names {path or 'nothing'!r}")
    if ".." in found.parts:
        raise _refused("has .. in its folder")
    return Folder(found)


def _remote(parts: SplitResult, port: int | None) -> Remote:
    user, host, path = unquote(parts.username or ""), parts.hostname or "", unquote(parts.path)
    if not HOST.fullmatch(host):
        raise _refused("names no host")
    if user and not USER.fullmatch(user):
        raise _refused("names a user with signs that none has")
    if not REMOTE_PATH.fullmatch(path) or path.strip("/") == "" or ".." in path.split("/"):
        raise _refused("names no folder, or one with signs that a remote shell might read")
    return Remote(user=user, host=host, port=port, path=path.rstrip("/"))


def _bucket(parts: SplitResult) -> Bucket:
    prefix = unquote(parts.path).strip("/")
    if parts.username is not None:
        raise _refused("names a user; its keys are EXPORT_S3_KEY_ID and EXPORT_S3_SECRET")
    if not BUCKET.fullmatch(parts.netloc):
        raise _refused("names no bucket")
    if not PREFIX.fullmatch(prefix) or ".." in prefix.split("/"):
        raise _refused("has a prefix with signs that not every store takes")
    return Bucket(name=parts.netloc, prefix=f"{prefix}/" if prefix else "")


def _refused(why: str) -> ExportError:
    return ExportError(f"EXPORT_TARGET {why}; set it to {FORMS}, or unset it")
