"""A report as one HTML file: it opens from disk, prints, and asks nothing of any other place.

The file's own policy lets it load nothing and take no script and no style but those that are in it,
each named by its digest; texts are escaped by the templates, the plots' JSON so that it cannot end
its element.
"""

import hashlib
import json
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

from trading import joined

PLOTLY: Final = "vendor/plotly/plotly-basic.min.js"
PLOTS: Final = "js/report/plots.js"
THEME: Final = "js/report/system-theme.js"
STYLE: Final = "css/report-file.css"
_ESCAPED: Final = [(char, f"\\u{ord(char):04x}") for char in "<>&"]


def standalone(body: str, context: Mapping[str, Any], plots: Mapping[str, Any]) -> str:
    """The file that shows the template `body`; `context` is the template's, with its `report`."""
    plotly, script, theme = _file(PLOTLY), _file(PLOTS), _file(THEME)
    return render_to_string(
        "report/file.html",
        {
            **context,
            "body": body,
            "made": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
            "plots": as_json(plots),
            "plotly": plotly,
            "script": script,
            "theme": theme,
            "style": _style(),
            "policy": _policy(),
        },
    )


def as_json(content: object) -> SafeString:
    """JSON that may stand in a script element: no text in it can end it."""
    text = json.dumps(content, separators=(",", ":"), allow_nan=False)
    for char, escaped in _ESCAPED:
        text = text.replace(char, escaped)
    return mark_safe(text)  # noqa: S308 - nothing in it is markup # nosec B703


@cache
def _file(name: str) -> SafeString:
    """One of our own or vendored scripts, as it is."""
    found = finders.find(name)
    if not isinstance(found, str):
        raise FileNotFoundError(f"no folder of static files has {name}")
    text = Path(found).read_text(encoding="utf-8")
    if "</script" in text.lower() or "<!--" in text:
        raise ValueError(f"{name} would end or hide the element that it stands in")
    return mark_safe(text)  # noqa: S308 - a file of the product # nosec B703


@cache
def _style() -> SafeString:
    sheet = joined.current(STYLE).body.decode()
    return mark_safe(sheet)  # noqa: S308 - files of the product # nosec B703


@cache
def _policy() -> str:
    scripts = " ".join(_digest(_file(name)) for name in (THEME, PLOTLY, PLOTS))
    return (
        f"default-src 'none'; script-src {scripts}; style-src {_digest(_style())}; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    return f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
