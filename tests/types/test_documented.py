"""Every public field of the data types is documented, in its class or right below it."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap

import pytest

import dhenara.ai.types

CLASSES = sorted(
    {kind for name in dir(dhenara.ai.types) if isinstance(kind := getattr(dhenara.ai.types, name), type)},
    key=lambda kind: kind.__name__,
)


def undocumented(kind: type) -> list[str]:
    """The fields that the class declares without saying what they are."""
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    assert isinstance(tree, ast.ClassDef)
    described = set(re.findall(r"^ +(\w+): ", ast.get_docstring(tree) or "", re.MULTILINE))
    names = []
    for statement, after in zip(tree.body, [*tree.body[1:], None], strict=True):
        if not isinstance(statement, ast.AnnAssign) or not isinstance(statement.target, ast.Name):
            continue
        name, described_below = statement.target.id, isinstance(after, ast.Expr)
        if not name.startswith("_") and "Literal[" not in ast.unparse(statement.annotation) and not described_below:
            names.append(name)
    return [name for name in names if name not in described and name != "KIND"]


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_a_public_class_documents_itself_and_its_fields(kind: type) -> None:
    assert kind.__doc__
    if kind.__module__.startswith("dhenara.ai.types"):
        assert undocumented(kind) == []
