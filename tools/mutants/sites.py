"""The places of a module that mutants change: code that decides something, not messages, types and imports."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

PROSE = re.compile(r"[A-Za-z]{2,}[,;:.]? [A-Za-z(]{2,}")
"""Text of several words is a message; what decides something is one word."""

LOGGING = frozenset({"log", "logger", "logging", "warnings", "warn"})
TYPE_FORMS = frozenset(
    {"Literal", "Callable", "dict", "list", "tuple", "set", "frozenset", "type", "ClassVar", "Mapping", "Sequence",
     "Iterator", "Iterable", "Annotated", "Optional", "Union"}
)  # fmt: skip
"""What is subscripted with types."""

UNREAD_NAMES = frozenset({"__all__", "__slots__"})
UNREAD_FUNCTIONS = frozenset({"__repr__"})
STATEMENT_FIELDS = ("body", "orelse", "finalbody")


@dataclass(frozen=True)
class Site:
    """A node, and how to put another in its place.

    Attributes:
        node: The original node.
        line: Its line.
        scope: The names of the class and function around it.
        replace: Puts a node into the tree at this place.
    """

    node: ast.AST
    line: int
    scope: str
    replace: Callable[[ast.AST], None]


def walk_sites(tree: ast.Module) -> Iterator[Site]:
    """Yield all places below a module, in the order of the code."""
    yield from below(tree, 1, "")


def below(parent: ast.AST, line: int, scope: str) -> Iterator[Site]:
    """Yield the places under a node."""
    for name, value in fields_to_change(parent):
        if isinstance(value, ast.AST):
            yield from from_node(value, line, scope, field_setter(parent, name))
        elif isinstance(value, list):
            for at, item in enumerate(value):
                if isinstance(item, ast.AST):
                    yield from from_node(item, line, scope, item_setter(value, at))


def from_node(node: ast.AST, line: int, scope: str, replace: Callable[[ast.AST], None]) -> Iterator[Site]:
    if is_unread(node):
        return
    line = getattr(node, "lineno", line)
    yield Site(node, line, scope, replace)
    if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        scope = f"{scope}.{node.name}".lstrip(".")
    yield from below(node, line, scope)


def field_setter(parent: ast.AST, name: str) -> Callable[[ast.AST], None]:
    return lambda node: setattr(parent, name, node)


def item_setter(items: list[ast.AST], at: int) -> Callable[[ast.AST], None]:
    def replace(node: ast.AST) -> None:
        items[at] = node

    return replace


def fields_to_change(node: ast.AST) -> Iterator[tuple[str, object]]:
    """Yield the parts of a node without annotations, decorators, messages and types."""
    skipped: set[str] = set()
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            skipped = {"decorator_list", "returns", "type_params"}
        case ast.ClassDef():
            skipped = {"decorator_list", "bases", "keywords", "type_params"}
        case ast.arg() | ast.AnnAssign():
            skipped = {"annotation"}
        case ast.Raise() | ast.Assert():
            skipped = {"exc", "cause", "msg"}
        case ast.Call(ast.Name("isinstance" | "issubclass" | "cast" | "require_type")):
            skipped = {"args"}
        case ast.FormattedValue():
            skipped = {"format_spec"}
    yield from ((name, value) for name, value in ast.iter_fields(node) if name not in skipped)


def is_unread(node: ast.AST) -> bool:
    """Whether a change of this node changes nothing but text, types or what is imported."""
    match node:
        case ast.Import() | ast.ImportFrom() | ast.Pass() | ast.Global() | ast.Nonlocal():
            return True
        case ast.Expr(ast.Constant()):
            return True  # docstrings, and `...`
        case ast.Expr(ast.Call(func)) | ast.Call(func) if is_logging(func):
            return True
        case ast.Constant(str() as text):
            return PROSE.search(text) is not None
        case ast.JoinedStr(values):
            return (
                PROSE.search("x".join(str(part.value) for part in values if isinstance(part, ast.Constant))) is not None
            )
        case ast.Subscript(ast.Name(name)):
            return name in TYPE_FORMS
        case ast.If(ast.Name("TYPE_CHECKING")):
            return True
        case ast.FunctionDef(name) | ast.AsyncFunctionDef(name):
            return name in UNREAD_FUNCTIONS
        case ast.Assign(targets):
            return any(isinstance(target, ast.Name) and target.id in UNREAD_NAMES for target in targets)
    return False


def is_logging(func: ast.expr) -> bool:
    """Whether a call writes to a log, or warns."""
    match func:
        case ast.Attribute(ast.Name(name), method):
            return name in LOGGING or method in LOGGING
        case ast.Name(name):
            return name in LOGGING or name.startswith("log_")
    return False
