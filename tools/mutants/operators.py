"""Mutation operators: every small change that can be made to the code of one module."""

from __future__ import annotations

import ast
import copy
import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from .sites import walk_sites

COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.BitXor: ast.BitOr,
}


@dataclass(frozen=True)
class Mutant:
    """One changed module.

    Attributes:
        line: Where the change is.
        function: The class and function around it; empty outside.
        number: How often the same change was made there before.
        before: The code that was changed.
        after: What it became.
        source: The whole changed module.
    """

    line: int
    function: str
    number: int
    before: str
    after: str
    source: str

    @property
    def change(self) -> str:
        """The change in one line."""
        return f"{shorten(self.before)}  ->  {shorten(self.after)}"

    @property
    def digest(self) -> str:
        """A hash of the change and its function, which changes elsewhere leave as it is; samples are ordered by it."""
        return hashlib.sha256(f"{self.function} {self.number}\n{self.before}\n{self.after}".encode()).hexdigest()


def make_mutants(source: str) -> list[Mutant]:
    """Return all mutants of a module, each changed module once, in the order of its lines."""
    tree = ast.parse(source)
    seen = {ast.unparse(tree)}
    mutants: list[Mutant] = []
    seen_before: Counter[tuple[str, str, str]] = Counter()
    for site in walk_sites(tree):
        before = ast.unparse(site.node)
        for changed in variants(site.node):
            site.replace(changed)
            text = ast.unparse(ast.fix_missing_locations(tree))
            site.replace(site.node)
            if text not in seen and compiles(text):
                seen.add(text)
                after = "(removed)" if isinstance(changed, ast.Pass) else ast.unparse(changed)
                same = (site.scope, before, after)
                mutants.append(Mutant(site.line, site.scope, seen_before[same], before, after, text))
                seen_before[same] += 1
    return sorted(mutants, key=lambda mutant: mutant.line)


def compiles(text: str) -> bool:
    try:
        compile(text, "<mutant>", "exec")
    except SyntaxError:
        return False
    return True


def shorten(code: str, longest: int = 110) -> str:
    line = " ".join(code.split())
    return line if len(line) <= longest else f"{line[: longest - 3]}..."


def variants(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what may stand in the place of a node."""
    match node:
        case ast.stmt():
            yield from statement_variants(node)
        case ast.Compare():
            yield from compare_variants(node)
        case ast.BoolOp(op, values):
            yield ast.BoolOp(ast.Or() if isinstance(op, ast.And) else ast.And(), values)
        case ast.UnaryOp(ast.Not() | ast.USub(), operand):
            yield operand
        case ast.BinOp(left, op, right):
            yield ast.BinOp(left, ARITHMETIC[type(op)](), right)
        case ast.Constant(value):
            yield from (ast.Constant(other) for other in other_constants(value))
        case ast.IfExp(test, body, orelse):
            yield ast.IfExp(test, orelse, body)
        case ast.comprehension():
            yield from filter_variants(node)


def compare_variants(node: ast.Compare) -> Iterator[ast.Compare]:
    for at, op in enumerate(node.ops):
        for other in COMPARISONS[type(op)]:
            yield ast.Compare(node.left, [*node.ops[:at], other(), *node.ops[at + 1 :]], node.comparators)


def filter_variants(node: ast.comprehension) -> Iterator[ast.comprehension]:
    for at, test in enumerate(node.ifs):
        changed = copy.copy(node)
        changed.ifs = [*node.ifs[:at], negated(test), *node.ifs[at + 1 :]]
        yield changed


def statement_variants(node: ast.stmt) -> Iterator[ast.stmt]:
    """Yield statements with the opposite condition, another operator or result, and none at all."""
    match node:
        case ast.Return(ast.expr() as value) if not is_none(value):
            yield ast.Return(ast.Constant(None))
        case ast.If(test, body, orelse):
            yield ast.If(negated(test), body, orelse)
        case ast.While(test, body, orelse) if not isinstance(test, ast.Constant):
            yield ast.While(negated(test), body, orelse)
        case ast.AugAssign(target, op, value):
            yield ast.AugAssign(target, ARITHMETIC[type(op)](), value)
        case ast.Break() | ast.Continue():
            yield ast.Continue() if isinstance(node, ast.Break) else ast.Break()
        case ast.Match(subject, cases) if len(cases) > 1:
            for at in range(len(cases)):
                yield ast.Match(subject, [*cases[:at], *cases[at + 1 :]])
    if is_removable(node):
        yield ast.Pass()


def is_removable(node: ast.stmt) -> bool:
    """Whether the code still runs without this statement: one that binds no name."""
    match node:
        case ast.Assign(targets):
            return all(isinstance(target, ast.Attribute | ast.Subscript) for target in targets)
        case ast.Expr() | ast.Raise() | ast.Delete() | ast.AugAssign() | ast.Continue():
            return True
    return False


def other_constants(value: object) -> Iterator[str | bytes | bool | int | float]:
    match value:
        case bool():
            yield not value
        case int():
            yield value + 1
            if value > 1:
                yield value - 1
        case float():
            yield value * 2 if value else 1.0
            if value:
                yield value / 2
        case str():
            yield f"{value}XX" if value else "XX"
        case bytes():
            yield value + b"XX" if value else b"XX"


def negated(test: ast.expr) -> ast.expr:
    """Return the opposite of a condition, as `compare_variants` would write it."""
    match test:
        case ast.UnaryOp(ast.Not(), operand):
            return operand
        case ast.Compare(left, [op], comparators):
            return ast.Compare(left, [COMPARISONS[type(op)][-1]()], comparators)
    return ast.UnaryOp(ast.Not(), test)


def is_none(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is None
