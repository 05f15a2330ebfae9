"""The scripts and style sheets of a page, by the names of their files.

`{% module_script "js/pages/live.js" %}` and `{% style_sheet "css/workstation.css" %}` load them
joined with all that they import (trading/joined.py), `{% lasting "js/theme-boot.js" %}` is the
address of one that a browser may keep for good. With DEBUG each file is its own, as an editor and a
debugger want them: a browser finds out what a module imports when it has read it, so each is named
in the page's head.
"""

from typing import Final

from django import template
from django.conf import settings
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from trading import joined

register = template.Library()

SCRIPT: Final = '<script type="module" src="{}"></script>'
PRELOAD: Final = '<link rel="modulepreload" href="{}">\n  '
STYLE: Final = '<link rel="stylesheet" href="{}">'


@register.simple_tag
def module_script(entry: str) -> SafeString:
    """The page's script and, told at once, whatever it would fetch besides."""
    if settings.DEBUG:
        address, more = static(entry), [static(name) for name in imported(entry)]
    else:
        one = joined.current(entry)
        address, more = one.address, list(one.vendored)
    preloads = format_html_join("", PRELOAD, ((each,) for each in more))
    return preloads + format_html(SCRIPT, address)


@register.simple_tag
def style_sheet(entry: str) -> SafeString:
    return format_html(STYLE, lasting(entry))


@register.simple_tag
def lasting(name: str) -> str:
    """The address of a file whose content never changes."""
    return static(name) if settings.DEBUG else joined.current(name).address


def imported(entry: str) -> tuple[str, ...]:
    """What a script imports, however far away, by static name, nearest first; without itself.

    FileNotFoundError for a name that no folder of static files has.
    """
    found: dict[str, None] = {entry: None}
    for name in (queue := [entry]):
        for module in joined.imports(name):
            if module not in found:
                found[module] = None
                queue.append(module)
    return tuple(found)[1:]
