"""`njit` as the engine uses it: compiled once, kept on disk, never stale.

What plain code calls is `njit`. What only compiled code calls is `inner`, and takes less time to
compile: nothing is made for calls from outside, and numbers are not told apart by their values.

numba keys a kept function by its own file alone: a change in a function that it calls from another
file would go unnoticed. So what is kept lives in a folder named by the digest of all the engine's
sources; other digests' folders are removed.
"""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import numba
from numba import config
from numba.extending import register_jitable

PREFIX: Final = "numba-"


def source_digest(folder: Path) -> str:
    """12 hex digits of every Python source below a folder."""
    digest = hashlib.sha256(numba.__version__.encode())
    for source in sorted(folder.rglob("*.py")):
        digest.update(source.relative_to(folder).as_posix().encode())
        digest.update(source.read_bytes())
    return digest.hexdigest()[:12]


def cache_folder(package: Path) -> Path:
    """Where this version's code is kept: below $NUMBA_CACHE_DIR, the package, or a temp folder."""
    here = package / "__pycache__"
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    if chosen:
        parent = Path(chosen)
    elif os.access(here if here.exists() else package, os.W_OK):
        parent = here
    else:
        parent = Path(tempfile.gettempdir()) / f"tradebot-{os.getuid()}"
    folder = parent / f"{PREFIX}{source_digest(package)}"
    if not folder.exists():
        folder.mkdir(parents=True, exist_ok=True)
        for other in parent.glob(f"{PREFIX}*"):
            if other != folder:
                shutil.rmtree(other, ignore_errors=True)
    return folder


config.CACHE_DIR = str(cache_folder(Path(__file__).parent))  # type: ignore[attr-defined]

NO_CALL: Final[dict[str, Any]] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
"""Makes no second function for calls by Python, and none for calls by C."""
CALL: Final[dict[str, Any]] = {"cache": True, "nogil": True, "no_cfunc_wrapper": True}

F = TypeVar("F", bound=Callable[..., Any])


def njit(function: F) -> F:
    """Compile at the first call for each kind of arguments; runs without the GIL."""
    return cast(F, numba.njit(**CALL)(function))


def inner(function: F) -> F:
    """Compile as part of what calls it. Called by plain code it stays plain code."""
    made: F = register_jitable(**NO_CALL)(function)
    return made
