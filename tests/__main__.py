"""`python -m tests [pytest arguments]`: the tests on everything we support. `make test` runs this.

First the whole suite embedded (SQLite, in-process channel layer). Then what touches the database,
channels or services once more on PostgreSQL and Redis. Then the JavaScript tests, when there are
any and node can run them. The last line sums up: `N passed, N failed, N skipped`.

Exit code: 0 when all passed, 130 on Ctrl-C, else 1. No test at all is a failure. So is a missing
service with REQUIRE_SERVICES=1.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from tests.services import Service, Unavailable, closing_all, find_postgres, find_redis

REPOSITORY = Path(__file__).parent.parent
OLDEST_NODE = 20
SHOWN_FILES = 25
NO_TESTS = 5  # pytest's exit code when it collected nothing


@dataclass(frozen=True)
class Counts:
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped
        )

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


def read_junit(path: Path, code: int) -> Counts:
    """What a run of pytest counted. A run that ended early counts as a failure at least."""
    counts = Counts()
    if path.is_file() and path.stat().st_size:
        for suite in ElementTree.parse(path).getroot().iter("testsuite"):
            total, skipped, bad = (
                sum(int(suite.get(name, 0)) for name in names)
                for names in (("tests",), ("skipped",), ("failures", "errors"))
            )
            counts += Counts(max(0, total - skipped - bad), bad, skipped)
    if code not in (0, NO_TESTS) and counts.failed == 0:
        counts += Counts(failed=1)
    return counts


def slowest_files(path: Path) -> list[str]:
    """Where a run of pytest spent its time: seconds by file, the longest first."""
    seconds: Counter[str] = Counter()
    if path.is_file() and path.stat().st_size:
        for case in ElementTree.parse(path).getroot().iter("testcase"):
            seconds[case.get("classname", "")] += float(case.get("time", 0))
    return [f"{spent:6.0f} s  {name}" for name, spent in seconds.most_common(SHOWN_FILES)]


def read_tap(text: str, code: int) -> Counts:
    """The counts at the end of node's TAP output."""

    def number(name: str) -> int:
        found = re.findall(rf"^# {name} (\d+)$", text, re.MULTILINE)
        return int(found[-1]) if found else 0

    failed = number("fail") + number("cancelled")
    if code != 0 and failed == 0:
        failed = 1
    return Counts(number("pass"), failed, number("skipped") + number("todo"))


def run_pytest(title: str, arguments: list[str], environ: dict[str, str]) -> Counts:
    print(f"\n{title}", flush=True)
    with tempfile.TemporaryDirectory(prefix="tradebot-junit-") as folder:
        report = Path(folder) / "junit.xml"
        # By file, in the order of collection: what takes longest comes first.
        options = ["-q", "-n", "2", "--dist", "loadfile", "--no-loadscope-reorder"]
        options += ["--durations=15", f"--junitxml={report}"]
        code = subprocess.call(
            [sys.executable, "-m", "pytest", *options, *arguments], cwd=REPOSITORY, env=environ
        )
        print("slowest files", *slowest_files(report), sep="\n", flush=True)
        return read_junit(report, code)


def run_javascript() -> tuple[Counts, str]:
    files = sorted((REPOSITORY / "tests" / "js").glob("*.test.mjs"))
    if not files:
        return Counts(), "no tests"
    node = shutil.which("node")
    version = ""
    if node:
        version = subprocess.run([node, "--version"], capture_output=True, text=True).stdout.strip()
    if not version or int(version.lstrip("v").partition(".")[0]) < OLDEST_NODE:
        have = f"node here is {version}" if version else "node is not installed"
        return Counts(skipped=len(files)), f"skipped {len(files)} files, {have}"
    print("\nJavaScript", flush=True)
    done = subprocess.run(
        [node, "--test", "--test-reporter=tap", *files],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    counts = read_tap(done.stdout, done.returncode)
    print(done.stdout + done.stderr if counts.failed else str(counts), flush=True)
    return counts, f"node {version}"


def selects(arguments: list[str]) -> bool:
    """Whether the arguments choose among the tests, rather than say how to run all of them."""
    return any(
        one in {"-k", "-m", "--lf", "--last-failed"}
        or (REPOSITORY / one.partition("::")[0]).exists()
        for one in arguments
        if one
    )


def run_everything(arguments: list[str], found: list[Service]) -> int:
    # Settled by tests/conftest.py; loaded before it, settings would see the developer's machine.
    environ = {k: v for k, v in os.environ.items() if k != "DJANGO_SETTINGS_MODULE"}
    # Without bytecode hundreds of processes would compile the project, each for itself.
    for name in ("TEST_DATABASE_URL", "TEST_REDIS_URL", "TEST_PASS", "PYTHONDONTWRITEBYTECODE"):
        environ.pop(name, None)

    said: list[str] = []
    missing: list[str] = []
    addresses: dict[str, str] = {}
    for label, name, find in (
        ("PostgreSQL", "DATABASE_URL", find_postgres),
        ("Redis", "REDIS_URL", find_redis),
    ):
        try:
            service = find(os.environ)
        except Unavailable as error:
            missing.append(label)
            said.append(f"{label}: skipped, {error}")
        else:
            found.append(service)
            addresses[f"TEST_{name}"] = service.url
            said.append(f"{label}: {service.how}")

    embedded = {} if missing else {"TEST_PASS": "embedded"}
    counts = run_pytest("Embedded: SQLite, in-process channel layer", arguments, environ | embedded)
    if addresses:
        title = "On services: " + "; ".join(said)
        on_services = environ | addresses | {"TEST_PASS": "services"}
        counts += run_pytest(title, arguments, on_services)

    if selects(arguments):
        said.append("JavaScript: not run, the arguments chose among the Python tests")
    else:
        javascript, how = run_javascript()
        counts += javascript
        said.append(f"JavaScript: {how}")

    print()
    for line in said:
        print(line)
    if missing and os.environ.get("REQUIRE_SERVICES", "") not in ("", "0"):
        print(f"REQUIRE_SERVICES is set, and there is no {' and no '.join(missing)}: a failure")
        counts += Counts(failed=1)
    if counts.passed + counts.failed == 0:
        print("No test ran: a failure")
    print(counts, flush=True)
    return 1 if counts.failed or not counts.passed else 0


def main() -> int:
    found: list[Service] = []
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # throwaway servers stop then too
    try:
        with closing_all(found):
            return run_everything(sys.argv[1:], found)
    except KeyboardInterrupt:
        print("\nstopped")
        return 130


if __name__ == "__main__":
    sys.exit(main())
