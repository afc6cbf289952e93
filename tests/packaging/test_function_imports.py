"""Imports inside functions: only those that decision 22 lists."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src"

OPTIONAL = {
    "aiohttp", "azure", "botocore", "cryptography", "google", "httpcore2", "httpx2", "keyring", "mcp", "opentelemetry",
    "pyarrow", "pypdf", "questionary", "ray", "redis", "trio", "typer", "uvloop", "xllamacpp",
}  # fmt: skip
HEAVY = {
    "anyio",
    "asyncio",
    "dhenara.ai.embedded.engine",
    "dhenara.ai.pipeline.tracing",
    "dhenara.ai.types.chat.run",
    "dhenara.ai.types.chat.stream",
    "dhenara.ai.types.operations.audio",
    "dhenara.ai.types.operations.batch",
    "dhenara.ai.types.operations.text_operations",
    "dhenara.ai.types.operations.files",
    "http.server",
    "importlib.metadata",
    "ssl",
    "tomllib",
    "truststore",
    "urllib.request",
}

MOST_HIDDEN = 43

CHECKED = (
    "dhenara.ai.client",
    "dhenara.ai.config",
    "dhenara.ai.conversation",
    "dhenara.ai.embedded",
    "dhenara.ai.history",
    "dhenara.ai.http",
    "dhenara.ai.io",
    "dhenara.ai.mcp",
    "dhenara.ai.pipeline",
    "dhenara.ai.streams",
    "dhenara.ai.wire",
)
"""Packages that keep to the list."""


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")


MODULES = {name_of(path): path for path in sorted(SOURCE.rglob("*.py"))}
Import = tuple[str, int, bool]
"""The module, the line, and whether it stands inside a function."""


@cache
def imports_of(module: str) -> tuple[Import, ...]:
    path = MODULES[module]
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return tuple(actual(tree, package, inside=False))


def actual(node: ast.AST, package: str, *, inside: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from ((alias.name, child.lineno, inside) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            yield from ((name, child.lineno, inside) for name in named(child, package))
        elif not (isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING"):
            function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)
            yield from actual(child, package, inside=inside or function)


def named(node: ast.ImportFrom, package: str) -> list[str]:
    parts = package.split(".")
    base = ".".join(parts[: len(parts) - node.level + 1]) if node.level else ""
    module = ".".join(filter(None, (base, node.module)))
    return [f"{module}.{alias.name}" if f"{module}.{alias.name}" in MODULES else module for alias in node.names]


def listed(module: str) -> bool:
    return module in HEAVY or module.partition(".")[0] in OPTIONAL | HEAVY


@cache
def is_heavy(module: str) -> bool:
    """Whether it is listed, or imports such a module at its top, perhaps through others of our own."""
    seen, waiting = set[str](), [module]
    while waiting:
        one = waiting.pop()
        if one in seen:
            continue
        seen.add(one)
        if listed(one):
            return True
        waiting += [name for name, _, inside in imports_of(one) if not inside] if one in MODULES else []
    return False


def test_imports_inside_functions_are_listed() -> None:
    hidden = [
        f"{module}, line {line}: {name}"
        for module in MODULES
        if module.startswith(CHECKED)
        for name, line, inside in imports_of(module)
        if inside and not is_heavy(name)
    ]
    assert hidden == []


def test_a_light_module_is_not_on_the_list() -> None:
    assert not is_heavy("dhenara.ai.wire.json")
    assert not is_heavy("fnmatch")


def test_a_module_that_imports_a_listed_one_is_heavy() -> None:
    assert is_heavy("dhenara.ai.http.sockets.tls")
    assert is_heavy("dhenara.ai.io.async_io")


def test_imports_of_our_own_inside_functions_do_not_become_more() -> None:
    hidden = {
        (module, line) for module in MODULES for name, line, inside in imports_of(module) if inside and name in MODULES
    }
    assert len(hidden) <= MOST_HIDDEN
