"""The small mistakes that `make mutants` makes: which of cosmic-ray's, and three that it lacks.

Left out are mistakes that tell nothing of the tests: an arithmetic operator becomes one other and
not ten, `==` does not become `is`, and annotations stay.
"""

import ast
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any, Final

from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.operator import Example, Operator
from cosmic_ray.plugins import get_operator, operator_names
from parso.python.tree import Keyword, Name, PythonLeaf

ARITHMETIC: Final = {
    "Add_Sub", "Sub_Add", "Mul_FloorDiv", "Mul_Add", "FloorDiv_Mul", "Mod_FloorDiv",
    "LShift_RShift", "BitOr_BitAnd", "BitAnd_BitOr",
}  # fmt: skip
IDENTITY: Final = {"Is_IsNot", "IsNot_Is"}
NEED_ARGUMENTS: Final = {"VariableReplacer", "VariableInserter"}
OPPOSITES: Final = {"min": "max", "max": "min", "in": "not in"}


class _Ours(Operator):
    """One mutation per node at most."""

    @abstractmethod
    def mutates(self, node: Any) -> bool:
        """Whether the operator has something to do at a node."""

    def mutation_positions(self, node: Any) -> Iterator[tuple[Any, Any]]:
        if self.mutates(node):
            yield node.start_pos, node.end_pos

    @classmethod
    def examples(cls) -> Sequence[Example]:
        return ()


class RemoveStatement(_Ours):
    """A call or an assignment that is not made; documentation and imports stay."""

    def mutates(self, node: Any) -> bool:
        if node.type == "atom_expr" or node.type == "expr_stmt":
            return bool(node.parent.type == "simple_stmt")
        return False

    def mutate(self, node: Any, index: int) -> Any:
        return Keyword("pass", node.start_pos, prefix=node.get_first_leaf().prefix)


class ReplaceWithOpposite(_Ours):
    """`min` for `max`, `not in` for `in`."""

    def mutates(self, node: Any) -> bool:
        if not isinstance(node, Name | Keyword) or node.value not in OPPOSITES:
            return False
        return node.value != "in" or node.parent.type == "comparison"

    def mutate(self, node: Any, index: int) -> Any:
        return type(node)(OPPOSITES[node.value], node.start_pos, prefix=node.prefix)


class ReplaceNotIn(_Ours):
    def mutates(self, node: Any) -> bool:
        return bool(node.type == "comp_op" and node.get_code().split() == ["not", "in"])

    def mutate(self, node: Any, index: int) -> Any:
        return PythonLeaf("in", node.start_pos, prefix=node.get_first_leaf().prefix)


def _chosen(name: str) -> bool:
    kind, _, change = name.removeprefix("core/").partition("_")
    if kind == "ReplaceBinaryOperator":
        return change in ARITHMETIC
    if kind == "ReplaceComparisonOperator":
        return change in IDENTITY or "Is" not in change
    return kind not in NEED_ARGUMENTS


def _essence(source: str) -> str:
    """What a module does: its syntax without annotations and line numbers."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.AnnAssign):
            node.annotation = ast.Constant(0)
        elif isinstance(node, ast.arg):
            node.annotation = None
        elif isinstance(node, ast.FunctionDef):
            node.returns = None
    return ast.dump(tree)


def mutants(source: str) -> list[str]:
    """All sources with one mistake, each once."""
    chosen = [get_operator(name) for name in operator_names() if _chosen(name)]
    seen = {_essence(source)}
    made = []
    for kind in (*chosen, RemoveStatement, ReplaceWithOpposite, ReplaceNotIn):
        for occurrence in count():
            mutant = mutate_code(source, kind(), occurrence)
            if mutant is None:
                break
            try:
                essence = _essence(mutant)
            except SyntaxError:
                continue
            if essence not in seen:
                seen.add(essence)
                made.append(mutant)
    return made
