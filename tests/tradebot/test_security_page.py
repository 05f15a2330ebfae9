"""What docs/security.md says is shown by tests that exist."""

import re
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]


def test_every_test_that_the_page_names_exists():
    named = set(re.findall(r"`(test_\w+)`", (REPOSITORY / "docs/security.md").read_text()))
    code = "\n".join(path.read_text() for path in (REPOSITORY / "tests").rglob("test_*.py"))

    assert len(named) > 20
    assert named <= set(re.findall(r"def (test_\w+)\(", code))
