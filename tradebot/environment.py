"""Reads the environment for `tradebot.settings` and refuses nonsense.

Rules: a variable that is absent or empty is not set. A value that cannot be meant raises
`BadEnvironment` with one line that names the variable and the remedy. A message never repeats a
value that may hold a password.
"""

import os
import secrets
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qs, urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

TRUE = {"1", "true", "yes", "on"}
FALSE = {"0", "false", "no", "off"}


class BadEnvironment(ImproperlyConfigured):
    """A variable of the environment has a value that cannot be meant."""


def load_env_file(default: Path) -> None:
    """Read `.env` (or the file named by ENV_FILE) for whatever the environment does not set.

    `ENV_FILE=` (empty) reads no file at all, which is how the tests shut out a developer's own.
    """
    named = os.environ.get("ENV_FILE")
    if named == "":
        return
    path = Path(named) if named else default
    if not path.is_file():
        if named:
            raise BadEnvironment(f"ENV_FILE names {path}, which is not a file; correct or unset it")
        return
    environ.Env.read_env(path)


def text(name: str, default: str = "") -> str:
    """The value without surrounding blanks; taken literally, so that a `$` in a password stays."""
    return os.environ.get(name, "").strip() or default


def flag(name: str, *, default: bool) -> bool:
    value = text(name)
    if not value:
        return default
    if value.lower() in TRUE:
        return True
    if value.lower() in FALSE:
        return False
    raise BadEnvironment(f"{name} is {value!r}; set it to 1 or 0, or unset it")


def whole_number(name: str, default: int, *, low: int, high: int) -> int:
    value = text(name)
    if not value:
        return default
    try:
        number = int(value)
    except ValueError:
        number = None
    if number is None or not low <= number <= high:
        raise BadEnvironment(
            f"{name} is {value!r}; set it to a whole number from {low} to {high}, or unset it"
        )
    return number


def amount(name: str, default: str) -> Decimal:
    """An amount of money, exact."""
    value = text(name, default)
    try:
        number = Decimal(value)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or number < 0:
        raise BadEnvironment(f"{name} is {value!r}; set it to an amount like 2.50, or unset it")
    return number


def choice(name: str, default: str, choices: Iterable[str]) -> str:
    value = text(name, default)
    known = {one.lower(): one for one in choices}
    if value.lower() not in known:
        raise BadEnvironment(f"{name} is {value!r}; set it to one of {', '.join(known.values())}")
    return known[value.lower()]


def words(name: str, default: Iterable[str] = ()) -> list[str]:
    """A comma-separated list."""
    return [word.strip() for word in text(name).split(",") if word.strip()] or list(default)


def directory(name: str, default: Path) -> Path:
    """A folder that exists when this returns; made for its owner alone."""
    path = Path(text(name, str(default))).expanduser().absolute()
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise BadEnvironment(
            f"{name} is {str(path)!r}, which cannot be made a folder ({error.strerror}); "
            "set it to a folder that this user may write"
        ) from error
    if not os.access(path, os.W_OK | os.X_OK):
        raise BadEnvironment(
            f"{name} is {str(path)!r}, which this user may not write; set it to one that it may"
        )
    return path


def folder_name(name: str, default: Path) -> Path:
    """A folder that need not exist yet: a disk that is not mounted must not stop trading."""
    return Path(text(name, str(default))).expanduser().absolute()


def file(name: str) -> Path | None:
    """A file to write, or None when it is not set; its folder exists when this returns."""
    value = text(name)
    if not value:
        return None
    path = Path(value).expanduser().absolute()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadEnvironment(
            f"{name} is {value!r}, and its folder cannot be made ({error.strerror}); set it to a "
            "file that this user may write"
        ) from error
    if path.is_dir() or not os.access(path.parent, os.W_OK | os.X_OK):
        raise BadEnvironment(f"{name} is {value!r}; set it to a file that this user may write")
    return path


def _split(name: str, url: str, remedy: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises when it is no port
    except ValueError as error:
        raise BadEnvironment(f"{name} is not a valid address; {remedy}") from error
    return parts


def postgres(name: str) -> dict[str, Any] | None:
    """The Django database settings of a PostgreSQL address, or None when it is not set.

    A folder as `?host=` is the folder of a unix socket.
    """
    url = text(name)
    if not url:
        return None
    remedy = (
        "set it to postgres://user:password@host:5432/database "
        "(percent-encode special characters), or unset it to use SQLite"
    )
    parts = _split(name, url, remedy)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise BadEnvironment(f"{name} is not a PostgreSQL address; {remedy}")
    if not parts.hostname and "host" not in parse_qs(parts.query):
        raise BadEnvironment(f"{name} names no host; {remedy}")
    if not parts.path.strip("/"):
        raise BadEnvironment(f"{name} names no database; {remedy}")
    if parts.fragment:
        raise BadEnvironment(f"{name} has an unescaped '#'; {remedy}")
    settings: dict[str, Any] = dict(environ.Env.db_url_config(url))
    options = dict(settings.get("OPTIONS", {}))
    if "host" in options:
        settings["HOST"] = options.pop("host")
    settings["OPTIONS"] = options
    return settings


def redis(name: str) -> str:
    """A Redis address, or "" when it is not set."""
    url = text(name)
    if not url:
        return ""
    remedy = "set it to redis://host:6379/0, or unset it to do without Redis"
    parts = _split(name, url, remedy)
    if parts.scheme not in {"redis", "rediss"}:
        raise BadEnvironment(f"{name} is not a Redis address; {remedy}")
    if not parts.hostname:
        raise BadEnvironment(f"{name} names no host; {remedy}")
    if parts.path.strip("/") and not parts.path.strip("/").isdigit():
        raise BadEnvironment(f"{name} has no number as its database; {remedy}")
    return url


def socket_address(name: str) -> str:
    """The address of a web socket, "" when it is not set; wss:// unless it says otherwise.

    Unencrypted (ws://) only within this machine.
    """
    url = text(name)
    if not url:
        return ""
    remedy = "set it to wss://host:443, or unset it"
    parts = _split(name, url if "://" in url else f"wss://{url}", remedy)
    if parts.scheme not in {"ws", "wss"} or not parts.hostname:
        raise BadEnvironment(f"{name} is not a web socket's address; {remedy}")
    if parts.username or parts.password:
        raise BadEnvironment(f"{name} must not name a user or a password; {remedy}")
    if parts.scheme == "ws" and parts.hostname not in {"127.0.0.1", "localhost", "::1"}:
        raise BadEnvironment(f"{name} is ws://, unencrypted, to another machine; {remedy}")
    return parts.geturl()


LOOPBACK = {"127.0.0.1", "localhost", "::1"}
SHORTEST_TOKEN = 16


def listen_address(name: str, *, token: str) -> tuple[str, int] | None:
    """HOST:PORT to listen on, or None when it is not set. A bare port means this machine alone;
    where others can reach it, there has to be a token."""
    value = text(name)
    if not value:
        return None
    host, _, port = value.rpartition(":")
    host = host.removeprefix("[").removesuffix("]") or "127.0.0.1"
    if not port.isdecimal() or not int(port) <= 65535:
        raise BadEnvironment(f"{name} is {value!r}; set it to HOST:PORT, like 127.0.0.1:9100")
    if host not in LOOPBACK and not token:
        raise BadEnvironment(
            f"{name} is {value!r}, where other machines may read it; set METRICS_TOKEN too, or "
            f"listen on 127.0.0.1:{port}"
        )
    return host, int(port)


def token(name: str) -> str:
    """A secret that others show us, or "" when there is none."""
    value = text(name)
    if value and len(value) < SHORTEST_TOKEN:
        raise BadEnvironment(
            f"{name} has fewer than {SHORTEST_TOKEN} characters; set it to the output of "
            "`python -c 'import secrets; print(secrets.token_urlsafe(32))'`"
        )
    return value


def public_address(name: str) -> str:
    """An address of the page that others can open, without a slash at its end; "" when not set."""
    url = text(name)
    if not url:
        return ""
    remedy = "set it to https://host, or unset it"
    parts = _split(name, url, remedy)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username:
        raise BadEnvironment(f"{name} is not an http address; {remedy}")
    return url.rstrip("/")


def webhook(name: str) -> str:
    """The address of a webhook, which is a secret; https, but for one on this machine."""
    url = text(name)
    if not url:
        return ""
    remedy = "copy it from the channel's settings (Integrations, Webhooks), or unset it"
    parts = _split(name, url, remedy)
    local = parts.hostname in {"127.0.0.1", "localhost", "::1"}
    if parts.scheme != "https" and not (local and parts.scheme == "http"):
        raise BadEnvironment(f"{name} is not an https address; {remedy}")
    if "/webhooks/" not in parts.path:
        raise BadEnvironment(f"{name} is not a webhook's address; {remedy}")
    return url


def secret_key(name: str, folder: Path, *, embedded: bool) -> str:
    """The key that signs sessions.

    Embedded it makes itself once, in `folder`, readable by its owner alone. With a real database
    several processes must share it, so it has to be given.
    """
    given = text(name)
    if given:
        return given
    if not embedded:
        raise BadEnvironment(
            f"{name} is not set, and with DATABASE_URL it must be: set it to the output of "
            "`python -c 'import secrets; print(secrets.token_urlsafe(50))'`"
        )
    path = folder / "secret_key"
    key = path.read_text().strip() if path.is_file() else ""
    if key:
        path.chmod(0o600)
        return key
    path.unlink(missing_ok=True)
    draft = folder / f"secret_key.{os.getpid()}"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_urlsafe(50))
    try:
        # A link either appears whole or was there before: of two processes that start together,
        # both read the key of the first.
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return path.read_text().strip()
