"""The changes: which places of a module there are to change, and what to put there."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator
from typing import NamedTuple

_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
    ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
_ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.FloorDiv: ast.Mult,
    ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.BitXor: ast.BitOr,
    ast.LShift: ast.RShift, ast.RShift: ast.LShift,
}  # fmt: skip
_CALLS = {"any": "all", "all": "any", "min": "max", "max": "min"}
_SILENT = (ast.Import, ast.ImportFrom, ast.Assert, ast.Raise)
"""What is left alone: an assertion guards, and a message is for people."""
_GUARDS = ("strict", "slots", "frozen")
"""Arguments that guard against mistakes and do nothing else."""


class Mutant(NamedTuple):
    """One change of one module."""

    path: str
    line: int
    column: int
    what: str
    """The place before and after."""
    tree: ast.Module


class _Place(NamedTuple):
    """A node, and how to put another one there."""

    node: ast.AST
    put: Callable[[ast.AST], None]


def mutants(path: str, source: str) -> Iterator[Mutant]:
    """Yield every change of a module; each tree is good until the next one is asked for."""
    tree = ast.parse(source)
    for node, put in list(_places(tree)):
        for other in _others(node):
            changed = ast.copy_location(copy.copy(other), node)
            put(changed)
            ast.fix_missing_locations(tree)
            yield Mutant(path, *_position(node), _difference(node, other), tree)
        put(node)


def _places(node: ast.AST) -> Iterator[_Place]:
    """Yield all places below a node but annotations, decorators and docstrings."""
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list", "bases"):
            continue
        if isinstance(value, ast.AST):
            yield from _below(value, _setter(node, name))
        elif isinstance(value, list):
            for index, each in enumerate(value):
                if isinstance(each, ast.AST):
                    yield from _below(each, _item_setter(value, index))


def _below(node: ast.AST, put: Callable[[ast.AST], None]) -> Iterator[_Place]:
    if isinstance(node, _SILENT) or _is_text(node):
        return
    if isinstance(node, ast.keyword) and node.arg in _GUARDS:
        return
    yield _Place(node, put)
    yield from _places(node)


def _setter(owner: ast.AST, name: str) -> Callable[[ast.AST], None]:
    return lambda new: setattr(owner, name, new)


def _item_setter(items: list[ast.AST], index: int) -> Callable[[ast.AST], None]:
    def put(new: ast.AST) -> None:
        items[index] = new

    return put


def _is_text(node: ast.AST) -> bool:
    value = node.value if isinstance(node, ast.Expr) else node
    text = isinstance(value, ast.Constant) and isinstance(value.value, str)
    return text or isinstance(value, ast.JoinedStr)


def _others(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what may stand in the place of a node."""
    for kind, ways in _WAYS.items():
        if isinstance(node, kind):
            yield from ways(node)


def _of_compare(node: ast.Compare) -> Iterator[ast.AST]:
    for index, operator in enumerate(node.ops):
        other = copy.copy(node)
        other.ops = [*node.ops]
        other.ops[index] = _COMPARISONS[type(operator)]()
        yield other


def _of_boolean(node: ast.BoolOp) -> Iterator[ast.AST]:
    yield ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
    for index in range(len(node.values)):
        left = node.values[:index] + node.values[index + 1 :]
        yield left[0] if len(left) == 1 else ast.BoolOp(node.op, left)


def _of_arithmetic(node: ast.BinOp) -> Iterator[ast.AST]:
    if type(node.op) in _ARITHMETIC:
        yield ast.BinOp(node.left, _ARITHMETIC[type(node.op)](), node.right)


def _of_unary(node: ast.UnaryOp) -> Iterator[ast.AST]:
    yield node.operand


def _of_constant(node: ast.Constant) -> Iterator[ast.AST]:
    if isinstance(node.value, bool):
        yield ast.Constant(not node.value)
    elif isinstance(node.value, int):
        yield ast.Constant(node.value + 1)


def _of_condition(node: ast.If | ast.IfExp) -> Iterator[ast.AST]:
    for truth in (True, False):
        other = copy.copy(node)
        other.test = ast.Constant(truth)
        yield other


def _of_filter(node: ast.comprehension) -> Iterator[ast.AST]:
    for index in range(len(node.ifs)):
        other = copy.copy(node)
        other.ifs = node.ifs[:index] + node.ifs[index + 1 :]
        yield other


def _of_call(node: ast.Call) -> Iterator[ast.AST]:
    if isinstance(node.func, ast.Name) and node.func.id in _CALLS:
        other = copy.copy(node)
        other.func = ast.Name(_CALLS[node.func.id], ast.Load())
        yield other


def _of_statement(node: ast.stmt) -> Iterator[ast.AST]:
    yield ast.Pass()


def _of_continue(_node: ast.Continue) -> Iterator[ast.AST]:
    yield ast.Break()


def _of_break(_node: ast.Break) -> Iterator[ast.AST]:
    yield ast.Continue()


_WAYS: dict[type[ast.AST] | tuple[type[ast.AST], ...], Callable[..., Iterator[ast.AST]]] = {
    ast.Compare: _of_compare,
    ast.BoolOp: _of_boolean,
    ast.BinOp: _of_arithmetic,
    ast.UnaryOp: _of_unary,
    ast.Constant: _of_constant,
    (ast.If, ast.IfExp): _of_condition,
    ast.comprehension: _of_filter,
    ast.Call: _of_call,
    (ast.Expr, ast.AugAssign): _of_statement,
    ast.Continue: _of_continue,
    ast.Break: _of_break,
}


def _shown(node: ast.AST) -> str:
    """Show a node on one line, shortened; of a condition, the test alone."""
    if isinstance(node, ast.If):
        return f"if {ast.unparse(node.test)}"
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "..."


def _position(node: ast.AST) -> tuple[int, int]:
    place = node.ifs[0] if isinstance(node, ast.comprehension) else node
    return getattr(place, "lineno", 0), getattr(place, "col_offset", -1) + 1


def _difference(node: ast.AST, other: ast.AST) -> str:
    """Say what was changed; of a condition that lost a part, the part."""
    if isinstance(node, ast.BoolOp):
        left = other.values if isinstance(other, ast.BoolOp) else [other]
        gone = [value for value in node.values if value not in left]
        if gone:
            return f"without: {_shown(gone[0])}"
        return f"{_word(node)} -> {_word(other)}: {_shown(node)}"
    if isinstance(node, ast.comprehension):
        return f"without: if {_shown(node.ifs[0])}"
    return f"{_shown(node)} -> {_shown(other)}"


def _word(node: ast.AST) -> str:
    assert isinstance(node, ast.BoolOp)
    return type(node.op).__name__.lower()


_LONGEST = 70
