"""Where a command writes what it found, for programs."""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError


def write_json(content: Any, out: str) -> None:
    """As `write_text`; "-" is standard output."""
    if out == "-":
        json.dump(content, sys.stdout)
        sys.stdout.write("\n")
        return
    write_text(json.dumps(content), out, option="--json")


def expect_folder(out: str | None, *, option: str) -> None:
    """CommandError at once for what could not be written after hours of work."""
    if out and out != "-" and not Path(out).absolute().parent.is_dir():
        raise CommandError(f"{option} {out}: there is no folder {Path(out).absolute().parent}")


def write_text(text: str, out: str, *, option: str) -> None:
    """Whole or not at all: a file appears under its name when it is complete."""
    path = Path(out)
    try:
        with tempfile.NamedTemporaryFile(
            "w", dir=path.parent, prefix=f".{path.name}.", delete=False, encoding="utf-8"
        ) as file:
            file.write(text)
        written = Path(file.name)
        written.chmod(0o644)
        written.replace(path)
    except OSError as error:
        raise CommandError(
            f"{option} {out}: cannot be written: {error.strerror or error}"
        ) from error
