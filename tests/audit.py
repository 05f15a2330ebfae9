"""Known vulnerabilities of what we install: `python -m tests.audit requirements.txt ...`.

pip-audit asks PyPI's advisory service about every pin. Rules: a vulnerability fails; a machine that
cannot ask (no network, a mirror that has no advisories) says that it was not done, and for how many
packages, and does not fail.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

PATIENCE_S = 120


@dataclass(frozen=True)
class Outcome:
    found: list[str] = field(default_factory=list)
    asked: int = 0
    unknown: list[str] = field(default_factory=list)


def ask(file: str) -> "subprocess.CompletedProcess[str] | None":
    """pip-audit's answer about one file of pins; None when it took too long."""
    words = ["--disable-pip", "--require-hashes", "--format", "json", "--progress-spinner", "off"]
    try:
        return subprocess.run(
            [sys.executable, "-m", "pip_audit", *words, "--timeout", "10", "-r", file],
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
        )
    except subprocess.TimeoutExpired:
        return None


def outcome_of(text: str) -> Outcome | None:
    """What pip-audit wrote; None when that is no report."""
    try:
        packages: list[dict[str, Any]] = json.loads(text)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return None
    known = [each for each in packages if "skip_reason" not in each]
    found = [
        f"{each['name']} {each['version']}: {one['id']}, "
        f"fixed in {', '.join(one['fix_versions']) or 'no version yet'}"
        for each in known
        for one in each["vulns"]
    ]
    unknown = [each["name"] for each in packages if "skip_reason" in each]
    return Outcome(found, len(known), unknown)


def tell(file: str, outcome: Outcome | None, error: str) -> bool:
    """Say it; whether it is well."""
    if outcome is None or not outcome.asked:
        reason = error or "the index has no advisories"
        print(f"{file}: NOT looked up for known vulnerabilities: {reason}")
        return True
    for line in outcome.found:
        print(f"{file}: {line}")
    some = f"; NOT looked up: {', '.join(outcome.unknown)}" if outcome.unknown else ""
    print(f"{file}: {outcome.asked} packages, {len(outcome.found)} known vulnerabilities{some}")
    return not outcome.found


def last_line(text: str) -> str:
    return (text.strip().splitlines() or [""])[-1][:200]


def main(files: Sequence[str]) -> int:
    well = True
    for file in files:
        done = ask(file)
        outcome = outcome_of(done.stdout) if done else None
        error = f"no answer within {PATIENCE_S} s" if done is None else ""
        if done is not None and outcome is None:
            error = last_line(done.stderr) or f"pip-audit ended with {done.returncode}"
        well = tell(file, outcome, error) and well
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
