"""What Django reports of an error, its page with DEBUG among it: without secrets.

Django hides settings by their names, and nothing else with DEBUG on. Here variables are looked at
too, and the finished report once more as a whole: a password in an address, a key in the error's
own words or in what was posted.
"""

import os
import re
from collections.abc import ItemsView
from html import escape
from typing import Any

from django.conf import settings
from django.utils.safestring import SafeString
from django.views.debug import ExceptionReporter, SafeExceptionReporterFilter

from tradebot.logging import SECRET_NAME, Redact, secrets_of, spellings


def redact() -> Redact:
    """With all that is secret now, also as a page spells it."""
    known = set(secrets_of(os.environ))
    for name in dir(settings):
        value = getattr(settings, name, None)
        if isinstance(value, str) and SECRET_NAME.search(name):
            known |= spellings(value)
    known |= {escape(secret) for secret in known}
    return Redact(sorted(known, key=len, reverse=True))


class Hiding(SafeExceptionReporterFilter):
    """Django's, which goes by names, with our names too, also with DEBUG."""

    hidden_settings = re.compile(
        f"{SafeExceptionReporterFilter.hidden_settings.pattern}|{SECRET_NAME.pattern}",
        re.IGNORECASE,
    )

    def is_active(self, request: Any) -> bool:
        return True

    def get_traceback_frame_variables(self, request: Any, tb_frame: Any) -> ItemsView[str, Any]:
        clean = redact()
        found = super().get_traceback_frame_variables(request, tb_frame)
        return {name: _shown(clean, name, value) for name, value in found}.items()


def _shown(clean: Redact, name: str, value: Any) -> Any:
    try:
        return clean(None, "", {name: value})[name]
    except Exception as error:  # noqa: BLE001 (a stranger's way of showing itself)
        return f"<{type(error).__name__} when shown>"


class Reporter(ExceptionReporter):
    """The finished report passes the same as each line of the log."""

    def get_traceback_html(self) -> SafeString:
        return SafeString(redact().text(super().get_traceback_html()))  # nosec B703

    def get_traceback_text(self) -> SafeString:
        return SafeString(redact().text(super().get_traceback_text()))  # nosec B703
