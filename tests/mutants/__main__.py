"""`python -m tests.mutants [module ...]`: do the tests notice small mistakes in what handles money?

Every mistake is made alone, in memory, in a fork of a process that has the engine compiled: the
files stay as they are, and so does what numba keeps for them. A mutant that no test kills must be
listed in equivalent.txt with the reason why it is no mistake. Property tests are left out: they are
slow, and a rule deserves an example that shows it.

Exit code: 0 when every survivor is listed and everything listed survives, else 1.
"""

import importlib
import os
import resource
import sys
import time
from collections import Counter
from difflib import unified_diff
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import CodeType
from typing import Any, Final

import _hypothesis_pytestplugin  # noqa: F401  here once instead of in every fork
import grimp
import pytest
import pytest_asyncio.plugin  # noqa: F401

from engine.config import engine_config
from engine.warm import compile_engine
from tests.mutants.operators import mutants

REPOSITORY: Final = Path(__file__).parents[2]
EQUIVALENT: Final = Path(__file__).with_name("equivalent.txt")
TESTS: Final = {
    "risk": ("risk", "limits", "desk", "ends"),
    "brackets": (
        "brackets",
        "bracket_options",
        "partial_fills",
        "at_broker",
        "late_fills",
        "unprotected",
        "desk",
        "broker_fills",
        "limits",
        "ends",
    ),
    "exchange": ("exchange", "bracket_options", "desk", "limits", "broker_fills", "ends"),
}
"""Modules of the engine, and the tests that kill their mutants: those of the module come first."""
PYTEST: Final = (
    "-x", "-q", "--tb=no", "--assert=plain", "-m", "not hypothesis", "--noconftest",
    "-p", "no:cacheprovider", "-p", "_hypothesis_pytestplugin", "-p", "pytest_asyncio.plugin",
)  # fmt: skip
LONGEST_S: Final = 10
"""Of processor time; a mutant that takes more runs in circles, and is killed."""


def listed(text: str) -> dict[str, str]:
    """Explained mutants and the reasons: blocks of file, `- before`, `+ after` and the reason."""
    found = {}
    for block in text.split("\n\n"):
        lines = [line for line in block.splitlines() if line and not line.startswith("#")]
        if lines:
            mutant, reason = "\n".join(lines[:3]), " ".join(lines[3:])
            if [line[:2] for line in lines[1:3]] != ["- ", "+ "] or not reason or mutant in found:
                raise ValueError(f"not file, before, after and reason, or listed twice: {block}")
            found[mutant] = reason
    return found


def named(path: str, source: str, made: list[str]) -> dict[str, str]:
    """Mutants by what they change; of equal changes in several places all but the first counted."""
    found: dict[str, str] = {}
    times: Counter[str] = Counter()
    for mutant in made:
        changes = list(unified_diff(source.splitlines(), mutant.splitlines(), n=0, lineterm=""))[2:]
        before, after = (
            " ".join(line[1:].strip() for line in changes if line[0] == sign) for sign in "-+"
        )
        name = f"{path}\n- {before}\n+ {after}"
        times[name] += 1
        found[name if times[name] == 1 else f"{name}  # {times[name]}"] = mutant
    return found


class Mutated(MetaPathFinder, SourceFileLoader):
    """Imports one module from a text instead of its file."""

    def __init__(self, module: str, path: Path, text: str) -> None:
        SourceFileLoader.__init__(self, module, str(path))
        self._text = text

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        return spec_from_file_location(name, self.path, loader=self) if name == self.name else None

    def get_code(self, fullname: str) -> CodeType:
        return compile(self._text, self.path, "exec")


def start(module: str, text: str, users: set[str], longest_s: int) -> int:
    """Fork, and there run the module's tests on `text` instead of it; the process id."""
    sys.stdout.flush()
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        resource.setrlimit(resource.RLIMIT_CPU, (longest_s, longest_s))
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        full = f"engine.{module}"
        for name in users | {full}:
            del sys.modules[name]
        sys.meta_path.insert(0, Mutated(full, REPOSITORY / f"engine/{module}.py", text))
        importlib.import_module(full)
        own, *others = (f"{REPOSITORY}/tests/engine/test_{name}.py" for name in TESTS[module])
        code = int(pytest.main([*PYTEST, own]) or pytest.main([*PYTEST, *others]))
    finally:
        os._exit(code)


def survivors(module: str, texts: dict[str, str], users: set[str], longest_s: int) -> list[str]:
    """The names of those that all tests pass on, as many at once as there are processors."""
    waiting, found = list(texts), []
    running: dict[int, str] = {}
    while waiting or running:
        if waiting and len(running) < (os.cpu_count() or 1):
            name = waiting.pop(0)
            running[start(module, texts[name], users, longest_s)] = name
            continue
        child, status = os.wait()
        name = running.pop(child)
        if status == 0:
            found.append(name)
    return sorted(found)


def main(chosen: list[str]) -> int:
    unknown = set(chosen) - set(TESTS)
    if unknown:
        print(f"no tests are named here for {', '.join(sorted(unknown))}; there are {list(TESTS)}")
        return 1
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    compile_engine(engine_config("ES"))
    graph = grimp.build_graph("engine")
    explained = listed(EQUIVALENT.read_text())
    strangers = {name for name in explained if Path(name.splitlines()[0]).stem not in TESTS}
    for name in sorted(strangers):
        print(f"\n{name}\n  STALE: nothing is mutated there")
    wrong = len(strangers)
    for module in chosen or list(TESTS):
        began = time.monotonic()
        path = f"engine/{module}.py"
        source = (REPOSITORY / path).read_text()
        users = set(graph.find_downstream_modules(f"engine.{module}")) & set(sys.modules)
        # Here the tests may compile what they need besides, and keep it.
        if not survivors(module, {"": source}, users, resource.RLIM_INFINITY):
            print(f"{path}: its tests fail without a mutation")
            return 1
        texts = named(path, source, mutants(source))
        alive = survivors(module, texts, users, LONGEST_S)
        stale = {name for name in explained if name.startswith(f"{path}\n")} - set(alive)
        for name in alive:
            if name not in explained:
                print(f"\n{name}\n  SURVIVES: it needs a test, or a reason in equivalent.txt")
                wrong += 1
        for name in sorted(stale):
            print(f"\n{name}\n  STALE: " + ("it is killed" if name in texts else "no such mutant"))
            wrong += 1
        print(
            f"\n{path}: {len(texts)} mutants, {len(texts) - len(alive)} killed, "
            f"{len(alive)} alive, {time.monotonic() - began:.0f} s",
            flush=True,
        )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
