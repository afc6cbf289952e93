"""No module imports itself through others, also not in functions; in most packages also not for type checkers."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

SOURCES = Path(__file__).parents[2] / "src"
WITH_TYPE_RINGS = frozenset(
    {
        "ai_utilities.audio",
        "ai_utilities.compat",
        "ai_utilities.operations",
        "ai_utilities.storage",
        "dhenara.ai.types",
    }
)
"""Packages in which annotations name classes of modules that import their own."""


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(SOURCES).with_suffix("").parts).removesuffix(".__init__")


MODULES = {name_of(path): path for path in SOURCES.rglob("*.py")}


def package_of(name: str) -> str:
    parts = name.split(".")
    return ".".join(parts[: 3 if parts[0] == "dhenara" else 2])


PACKAGES = sorted({package_of(name) for name in MODULES if name.startswith(("dhenara.ai.", "ai_utilities."))})


def import_statements(tree: ast.AST, *, is_for_types: bool = False) -> Iterator[tuple[ast.ImportFrom, bool]]:
    """Every `from ... import`, wherever it stands, and whether it is for type checkers only."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ImportFrom):
            yield node, is_for_types
        elif isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            for statement in node.body:
                yield from import_statements(ast.Module([statement], []), is_for_types=True)
            for statement in node.orelse:
                yield from import_statements(ast.Module([statement], []), is_for_types=is_for_types)
        else:
            yield from import_statements(node, is_for_types=is_for_types)


@cache
def statements_of(name: str) -> tuple[tuple[ast.ImportFrom, bool], ...]:
    return tuple(import_statements(ast.parse(MODULES[name].read_text(encoding="utf-8"))))


@cache
def imports_of(name: str, *, for_types: bool) -> frozenset[str]:
    """The modules of ours that a module imports."""
    package = list(MODULES[name].relative_to(SOURCES).parent.parts)
    imported = set[str]()
    for node, is_for_types in statements_of(name):
        if is_for_types and not for_types:
            continue
        base = package[: len(package) - node.level + 1] if node.level else []
        base += node.module.split(".") if node.module else []
        modules = {".".join([*base, one.name]) for one in node.names} & MODULES.keys()
        imported |= modules or {".".join(base)} & MODULES.keys()
    return frozenset(imported - {name})


def check_rings(imported: Mapping[str, Iterable[str]]) -> None:
    try:
        TopologicalSorter(imported).prepare()
    except CycleError as error:
        raise AssertionError(f"import ring: {' -> '.join(error.args[1])}") from None


def test_no_module_imports_itself_through_others() -> None:
    imported = {name: imports_of(name, for_types=False) for name in MODULES}
    assert sum(map(len, imported.values())) > 2_000
    check_rings(imported)


@pytest.mark.parametrize("package", [name for name in PACKAGES if name not in WITH_TYPE_RINGS])
def test_a_package_has_no_ring_for_type_checkers_either(package: str) -> None:
    inside = {name for name in MODULES if package_of(name) == package}
    check_rings({name: imports_of(name, for_types=True) & inside for name in inside})


@pytest.mark.parametrize("package", sorted(WITH_TYPE_RINGS))
def test_a_package_without_rings_is_not_on_the_list(package: str) -> None:
    inside = {name for name in MODULES if package_of(name) == package}
    with pytest.raises(AssertionError, match="import ring"):
        check_rings({name: imports_of(name, for_types=True) & inside for name in inside})
