"""The look-up of vulnerabilities: what fails, and what is only said."""

import json
import subprocess
from typing import Any

import pytest

from tests import audit

GOOD = {"name": "one", "version": "1.0", "vulns": []}
BAD = {
    "name": "two",
    "version": "2.0",
    "vulns": [{"id": "PYSEC-1", "fix_versions": ["2.1"], "aliases": []}],
}
UNKNOWN = {"name": "three", "skip_reason": "not found"}


def run(monkeypatch: pytest.MonkeyPatch, answer: Any) -> int:
    monkeypatch.setattr(audit, "ask", lambda file: answer)
    return audit.main(["requirements.txt"])


def done(*packages: dict[str, Any], code: int = 0) -> "subprocess.CompletedProcess[str]":
    text = json.dumps({"dependencies": list(packages), "fixes": []})
    return subprocess.CompletedProcess([], code, text, "")


def test_a_vulnerability_fails_and_names_the_version_that_mends_it(monkeypatch, capsys):
    assert run(monkeypatch, done(GOOD, BAD, code=1)) == 1
    assert "two 2.0: PYSEC-1, fixed in 2.1" in capsys.readouterr().out


def test_nothing_known_is_well(monkeypatch, capsys):
    assert run(monkeypatch, done(GOOD)) == 0
    assert "1 packages, 0 known" in capsys.readouterr().out


@pytest.mark.parametrize(
    "answer",
    [
        None,
        done(UNKNOWN),
        subprocess.CompletedProcess([], 1, "", "ERROR: no connection"),
    ],
)
def test_what_could_not_be_asked_is_said_and_does_not_fail(monkeypatch, capsys, answer):
    assert run(monkeypatch, answer) == 0
    assert "NOT looked up" in capsys.readouterr().out


def test_packages_that_were_left_out_are_named(monkeypatch, capsys):
    assert run(monkeypatch, done(GOOD, UNKNOWN)) == 0
    assert "NOT looked up: three" in capsys.readouterr().out
