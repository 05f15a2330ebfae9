"""Scripts and style sheets, joined when they are served: a page of a hundred files in one request.

They are written as small files and need no build step; but each request costs a browser 2 to 4 ms
and the process that trades some of its own. So what a script imports, or a style sheet with
`@import`, is sent with it, nearest needed first, each module in a function of its own. The address
has a digest of what is sent, so a browser may keep it for good.

Rules. Modules are joined in the forms that ours have: `import { a, b as c } from "./b.js"`,
`import * as b from "./b.js"`, `import "./b.js"`, and `export` before const, function or class.
Whatever else begins a line with import or export, and modules that import each other in a circle,
are refused with JoinError: tests join every page's script. Vendored modules stay files of their
own, and what imports nothing is sent as it is.
"""

import hashlib
import posixpath
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from django.conf import settings
from django.contrib.staticfiles import finders
from django.http import Http404, HttpRequest, HttpResponse

FOLDER: Final = "joined/"
"""Below the address of static files; no folder of that name holds any."""
VENDORED: Final = "vendor/"
FOREVER: Final = "max-age=31536000, public, immutable"
ASK_AGAIN: Final = "no-cache"
TYPES: Final = {".js": "text/javascript", ".mjs": "text/javascript", ".css": "text/css"}
DIGEST: Final = 16

IMPORT: Final = re.compile(
    r"""^import\s+(?:(?:\*\s+as\s+(?P<all>[\w$]+)|\{(?P<names>[^}]*)\})\s+from\s+)?"""
    r"""["'](?P<path>\.[^"']+)["'];?[ \t]*$""",
    re.MULTILINE,
)
EXPORT: Final = re.compile(
    r"^export\s+(?P<what>(?:const|class|(?:async\s+)?function\*?)\s+(?P<name>[\w$]+))", re.MULTILINE
)
OTHER_FORM: Final = re.compile(r"^\s*(?:import|export)\b.*$", re.MULTILINE)
STYLE_IMPORT: Final = re.compile(r"""^@import\s+["'](?P<path>[^"']+)["'];[ \t]*$""", re.MULTILINE)
RELATIVE_URL: Final = re.compile(r"""url\(\s*["']?(?!["']?(?:data:|/|#))""")


class JoinError(ValueError):
    """A script or style sheet that cannot be joined; the text says which line of which."""


@dataclass(frozen=True, slots=True)
class Joined:
    """What is sent for a name, and where it is."""

    name: str
    body: bytes
    digest: str
    vendored: tuple[str, ...] = ()  # addresses of the files that it imports

    @property
    def address(self) -> str:
        return f"{settings.STATIC_URL}{FOLDER}{self.digest}/{self.name}"

    @property
    def content_type(self) -> str:
        return f"{TYPES[posixpath.splitext(self.name)[1]]}; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Answer:
    file: Joined
    keep: str  # how long a browser may keep it

    @property
    def headers(self) -> dict[str, str]:
        return {
            "Content-Type": self.file.content_type,
            "Content-Length": str(len(self.file.body)),
            "Cache-Control": self.keep,
        }


def imports(name: str) -> list[str]:
    """The names of what a module of ours imports, in order."""
    if name.startswith(VENDORED):
        return []
    return [_beside(name, found["path"]) for found in IMPORT.finditer(source(name))]


def joined(name: str) -> Joined:
    """A script or style sheet with all that it imports; a vendored file as it is.

    FileNotFoundError for a name that no folder of static files has, JoinError for a form that is
    not known.
    """
    vendored: tuple[str, ...] = ()
    if name.startswith(VENDORED):
        text = source(name)
    elif name.endswith(".css"):
        text = _style(name)
    else:
        text, vendored = _script(name)
    body = text.encode()
    return Joined(name, body, hashlib.sha256(body).hexdigest()[:DIGEST], vendored)


_kept = lru_cache(joined)


def current(name: str) -> Joined:
    """`joined`, made once: files do not change while the product runs."""
    return joined(name) if settings.DEBUG else _kept(name)


def answer(path: str) -> Answer | None:
    """What is at a path below `FOLDER`; None if nothing is.

    A page that was loaded before an update gets what there is now, but not to keep.
    """
    digest, _, name = path.partition("/")
    ours = name.startswith(("js/", "css/", VENDORED)) and ".." not in name
    if not ours or posixpath.splitext(name)[1] not in TYPES:
        return None
    try:
        found = current(name)
    except FileNotFoundError:
        return None
    return Answer(found, FOREVER if digest == found.digest else ASK_AGAIN)


def view(request: HttpRequest, path: str) -> HttpResponse:
    """The same for servers that ask Django."""
    found = answer(path)
    if found is None:
        raise Http404
    return HttpResponse(found.file.body, headers=found.headers)


def _script(entry: str) -> tuple[str, tuple[str, ...]]:
    """The text of a script and all that it imports, and the addresses of vendored files in it."""
    order = _ordered(entry)
    if order == [entry]:
        return source(entry), ()
    variables = {name: f"$${number}" for number, name in enumerate(order)}
    vendored = {name: current(name).address for name in order if name.startswith(VENDORED)}
    parts = [
        f'import * as {variables[name]} from "{address}";' for name, address in vendored.items()
    ]
    parts += [_module(name, variables) for name in order if name not in vendored]
    return "\n".join(parts) + "\n", tuple(vendored.values())


def _ordered(entry: str) -> list[str]:
    """The names of all that a script needs, each before what needs it, the script last."""
    order: dict[str, None] = {}

    def add(name: str, above: tuple[str, ...]) -> None:
        if name in above:
            raise JoinError(f"static modules import each other: {' -> '.join([*above, name])}")
        if name not in order:
            for needed in imports(name):
                add(needed, (*above, name))
            order[name] = None

    add(entry, ())
    return list(order)


def _module(name: str, variables: dict[str, str]) -> str:
    exported: list[str] = []

    def imported(found: re.Match[str]) -> str:
        source = variables[_beside(name, found["path"])]
        if found["all"]:
            return f"const {found['all']} = {source};"
        if found["names"] is None:
            return ""
        names = re.sub(r"\s+as\s+", ": ", found["names"])
        return f"const {{{names}}} = {source};"

    def export(found: re.Match[str]) -> str:
        exported.append(found["name"])
        return found["what"]

    text = EXPORT.sub(export, IMPORT.sub(imported, source(name)))
    unknown = OTHER_FORM.search(text)
    if unknown:
        raise JoinError(f"{name}: {unknown[0].strip()!r} is in no form that can be joined")
    given = f"\nreturn {{ {', '.join(exported)} }};" if exported else ""
    return f"const {variables[name]} = (() => {{ // {name}\n{text}{given}\n}})();"


def _style(name: str, above: tuple[str, ...] = ()) -> str:
    if name in above:
        raise JoinError(f"style sheets import each other: {' -> '.join([*above, name])}")
    text = source(name)
    if RELATIVE_URL.search(text):
        raise JoinError(
            f"{name}: url() must be absolute or data, since the sheet is sent elsewhere"
        )
    return STYLE_IMPORT.sub(
        lambda found: _style(_beside(name, found["path"]), (*above, name)).strip(), text
    )


def _beside(name: str, path: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(name), path))


def source(name: str) -> str:
    path = finders.find(name)
    if not isinstance(path, str):
        raise FileNotFoundError(f"static file {name} is imported and does not exist")
    return Path(path).read_text(encoding="utf-8")
