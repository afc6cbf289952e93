"""No module of the pipeline imports itself through others, also not in functions or for type checkers."""

from __future__ import annotations

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

SOURCES = Path(__file__).parents[2] / "src"
PIPELINE = SOURCES / "dhenara" / "ai" / "pipeline"


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(SOURCES).with_suffix("").parts).removesuffix(".__init__")


def imports_of(path: Path, modules: set[str]) -> set[str]:
    """The modules that a file imports, wherever the import stands."""
    package = ".".join(path.relative_to(SOURCES).parent.parts).split(".")
    imported = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = package[: len(package) - node.level + 1] + ([node.module] if node.module else [])
            names = {".".join([*base, name.name]) for name in node.names}
            imported |= (names & modules) or ({".".join(base)} & modules)
    return imported - {name_of(path)}


def test_the_pipeline_has_no_import_ring() -> None:
    files = {name_of(path): path for path in PIPELINE.rglob("*.py")}
    imported = {name: imports_of(path, set(files)) for name, path in files.items()}
    assert sum(map(len, imported.values())) > 100
    try:
        TopologicalSorter(imported).prepare()
    except CycleError as error:
        raise AssertionError(f"import ring: {' -> '.join(error.args[1])}") from None
