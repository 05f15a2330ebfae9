"""What counts as a mutant, and how an explained one is named."""

import pytest

from tests.mutants.__main__ import listed, named
from tests.mutants.operators import mutants

BLOCK = "engine/a.py\n- x < 1\n+ x <= 1\nbecause\n  it is so\n"


def lines(source: str) -> list[str]:
    return [mutant.rstrip("\n") for mutant in mutants(source + "\n")]


@pytest.mark.parametrize(
    ("source", "mutant"),
    [
        ("a = b >= c", "a = b > c"),
        ("a = b + c", "a = b - c"),
        ("a = 1", "a = 2"),
        ("a = b if c else d", "a = b if not c else d"),
        ("a = max(b)", "a = min(b)"),
        ("a = b in c", "a = b not in c"),
        ("a = b not in c", "a = b in c"),
        ("a += b", "pass"),
        ("a.b(c)", "pass"),
    ],
)
def test_a_small_mistake_is_a_mutant(source: str, mutant: str) -> None:
    assert mutant in [" ".join(line.split()) for line in lines(source)]


def test_each_mutant_differs_from_the_others_and_from_the_source() -> None:
    made = lines("a = b < 1 or c(max(d, 2))")
    assert len(made) == len(set(made)) > 8
    assert "a = b < 1 or c(max(d, 2))" not in made


@pytest.mark.parametrize(
    "source",
    ['"""Says what 1 < 2 is for."""', "def a(b: int | None) -> int | str: return b", "import a"],
)
def test_documentation_annotations_and_imports_are_no_code_to_mutate(source: str) -> None:
    assert lines(source) == []


def test_a_mutant_is_named_by_its_file_and_what_it_changes() -> None:
    source = "if a:\n    b = 1\n    b = 1\n"
    made = [source.replace("1", "2", 1), "if a:\n    b = 1\n    b = 2\n"]
    name = "engine/a.py\n- b = 1\n+ b = 2"
    assert named("engine/a.py", source, made) == {name: made[0], f"{name}  # 2": made[1]}


def test_an_explained_mutant_has_its_reason() -> None:
    text = f"# A comment.\n\n{BLOCK}\n# Another.\n{BLOCK.replace('a.py', 'b.py')}"
    assert listed(text) == {
        "engine/a.py\n- x < 1\n+ x <= 1": "because   it is so",
        "engine/b.py\n- x < 1\n+ x <= 1": "because   it is so",
    }


@pytest.mark.parametrize(
    "text",
    [
        "engine/a.py\n- x < 1\n+ x <= 1",  # no reason
        "engine/a.py\n+ x <= 1\n- x < 1\nbecause",
        f"{BLOCK}\n{BLOCK}",
    ],
)
def test_a_list_that_explains_nothing_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not file, before, after and reason"):
        listed(text)
