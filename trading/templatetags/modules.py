"""`{% preload_modules "js/pages/live.js" %}`: everything that a script imports, told at once.

Without a build step a page has as many scripts as it has jobs. A browser finds out what a module
imports when it has read it, so each step into the graph would cost a round trip; named in the
page's head, all of them come together.
"""

import posixpath
import re
from functools import lru_cache
from pathlib import Path
from typing import Final

from django import template
from django.conf import settings
from django.contrib.staticfiles import finders
from django.templatetags.static import static
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

register = template.Library()

IMPORTS: Final = re.compile(
    r"""^\s*(?:import|export)\s+(?:[^"';]*?\bfrom\s*)?["'](\.[^"']+)["']""", re.MULTILINE
)


@register.simple_tag
def preload_modules(entry: str) -> SafeString:
    """A `modulepreload` link for each module that `entry` imports, however far away."""
    names = imported(entry) if settings.DEBUG else _kept(entry)
    link = '<link rel="modulepreload" href="{}">'
    return format_html_join("\n  ", link, ((static(name),) for name in names))


def imported(entry: str) -> tuple[str, ...]:
    """What a script imports, by static name, nearest first; without itself.

    FileNotFoundError for a name that no folder of static files has.
    """
    found: dict[str, None] = {entry: None}
    for name in (queue := [entry]):
        for path in IMPORTS.findall(_source(name)):
            module = posixpath.normpath(posixpath.join(posixpath.dirname(name), path))
            if module not in found:
                found[module] = None
                queue.append(module)
    return tuple(found)[1:]


_kept = lru_cache(imported)


def _source(name: str) -> str:
    path = finders.find(name)
    if not isinstance(path, str):
        raise FileNotFoundError(f"static file {name} is imported and does not exist")
    return Path(path).read_text(encoding="utf-8")
