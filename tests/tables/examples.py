"""The page with the code of all examples, without the fake server that they use when there is no key."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "examples.md"
FILES = sorted((ROOT / "examples").glob("*.py"))
ADDRESS = "https://github.com/dhenara/dhenara/{kind}/main/examples/{name}"
APPLICATIONS = {
    "web": "A FastAPI application with a page that shows the answer as it grows",
    "chat_page": "A FastAPI application for `useChat` with tools, approval, a stop button and streams that are resumed",
}
ABBREVIATIONS = {"mcp_server": "MCP server", "ocr": "OCR"}
HEAD = """# Examples

One file for each subject. Shown are the imports and the code that calls a model. The files also start a
[fake server](testing.md) if no key is set, so all of them run as they are, for example `python examples/tools.py`.

Two examples are applications:
"""
TAIL = """## See also

[Cookbook](cookbook.md), [Clients of the kit](kit.md), [Testing your app](testing.md).
"""


def page() -> str:
    """Return the page as Markdown."""
    applications = [f"- {link(name, 'tree')}: {text}" for name, text in APPLICATIONS.items()]
    sections = map(section, FILES, formatted(map(code_of, FILES)))
    return "\n".join([HEAD, *applications, "", *sections, TAIL])


def link(name: str, kind: str = "blob") -> str:
    return f"[examples/{name}]({ADDRESS.format(kind=kind, name=name)})"


def section(path: Path, code: str) -> str:
    """Return the title, the first sentence and the code of an example."""
    described = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    words = path.stem.replace("_", " ")
    title = ABBREVIATIONS.get(path.stem, words.capitalize())
    return f"## {title}\n\n{described.splitlines()[0]} ({link(path.name)})\n\n```py\n{code}```\n"


def code_of(path: Path) -> str:
    """Return the code of an example without the fake server, and without what only that uses."""
    source = re.sub(r"(, )?\*\*options(: Any)?", "", path.read_text(encoding="utf-8"))
    body = [with_provider(node) for node in ast.parse(source).body[1:]]
    used = names_in(node for node in body if not isinstance(node, ast.Import | ast.ImportFrom | ast.Assign))
    for node in reversed([node for node in body if isinstance(node, ast.Assign)]):
        used |= names_in([node.value]) if names_in(node.targets) & used else set()
    return "\n".join(filter(None, (written(node, source.splitlines(), used) for node in body)))


def with_provider(node: ast.stmt) -> ast.stmt:
    """Return a statement without the choice between a provider and the fake server: as if there were a key."""
    if isinstance(node, ast.With) and isinstance(node.body[0], ast.If) and is_choice(node.body[0]):
        return generated(ast.With(node.items, node.body[0].body))
    if isinstance(node, ast.If) and is_choice(node):
        last = node.orelse[0] if node.orelse and isinstance(node.orelse[0], ast.If) else node
        if is_choice(last) and len(last.body) == 1:
            return generated(last.body[0])
        return generated(ast.If(last.test, [with_provider(one) for one in last.body], last.orelse))
    return node


def generated(node: ast.stmt) -> ast.stmt:
    node.lineno = 0
    return ast.fix_missing_locations(node)


def is_choice(node: ast.If) -> bool:
    return bool(names_in([node.test]) & {"environ", "__name__", "find_spec"})


def written(node: ast.stmt, lines: list[str], used: set[str]) -> str:
    """Return a statement, as far as its names are used."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        node.names = [name for name in node.names if (name.asname or name.name).partition(".")[0] in used]
        return ast.unparse(node) if node.names else ""
    if isinstance(node, ast.Assign) and not names_in(node.targets) & used:
        return ""
    if node.lineno == 0:
        return ast.unparse(node)
    first = min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", ()))])
    return "\n".join(lines[first - 1 : node.end_lineno])


def names_in(nodes: Iterable[ast.AST]) -> set[str]:
    """Return the names and attributes that are written in these nodes."""
    return {name for node in nodes for one in ast.walk(node) for name in names_of(one)}


def names_of(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Name):
        yield node.id
    elif isinstance(node, ast.Attribute):
        yield node.attr
    elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isidentifier():
        yield node.value


def formatted(codes: Iterable[str]) -> list[str]:
    """Return pieces of code in the width that fits beside the navigation."""
    command = [sys.executable, "-m", "ruff", "format", "--isolated", "--line-length", "88", "-"]
    return [subprocess.run(command, input=code, capture_output=True, text=True, check=True).stdout for code in codes]
