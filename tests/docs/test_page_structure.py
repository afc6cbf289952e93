"""Pages begin with a title and what they are for, end with links, and have code that fits beside the navigation."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = [path for path in sorted(DOCS.rglob("*.md")) if "reference" not in path.parts]
CODE = re.compile(r"^(?P<indent> *)```(?:python|py|toml)\n(?P<code>.*?)^(?P=indent)```", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^ *(\$ .*)$", re.MULTILINE)
COLUMNS = 88
OVERVIEWS = (
    "answers cli compared concepts cookbook examples extras features index parameters performance providers releases "
    "security"
)
"""Pages that list or compare, about what other pages describe."""
FAILURES = re.compile(r"^##+ .*(goes wrong|rror|fail|breaks)", re.MULTILINE)
COPIES = {DOCS / "examples.md"}
"""Code of files, without the fake server that they start."""


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_code_is_at_most_88_columns_wide() -> None:
    wide = []
    for page in [*PAGES, ROOT / "README.md"]:
        text = page.read_text(encoding="utf-8")
        lines = [line for block in CODE.finditer(text) for line in dedent(block["code"]).splitlines()]
        wide += [(named(page), line) for line in [*lines, *COMMAND.findall(text)] if len(line) > COLUMNS]
    assert wide == []


def test_no_code_shows_the_backslash_that_keeps_a_bar_in_its_cell() -> None:
    pages = [*sorted(DOCS.rglob("*.md")), ROOT / "README.md"]
    rows = [(named(page), line) for page in pages for line in page.read_text(encoding="utf-8").splitlines()]
    assert [row for row in rows if row[1].startswith("|") and re.search(r"`[^`]*\\\|[^`]*`", row[1])] == []


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_a_page_begins_with_a_title_and_a_sentence(page: Path) -> None:
    text = re.sub(r"\A---\n.*?\n---\n\s*", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    title, _, rest = text.partition("\n\n")
    assert re.fullmatch(r"# .+", title)
    assert re.match(r"[A-Z*`]", rest), "a sentence that says what the page is for"
    assert len(re.findall(r"^# ", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.MULTILINE)) == 1


def test_a_page_ends_with_links() -> None:
    assert [named(page) for page in PAGES if page.name != "index.md" and not ends_with_links(page)] == []


def ends_with_links(page: Path) -> bool:
    text = re.sub(r"<!--.*?-->", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    return re.search(r"\]\([^)]+\)", text.rpartition("\n## ")[2]) is not None


def bound_names(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name) | ast.ExceptHandler(name=str(name)):
                yield name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                yield from ((one.asname or one.name).partition(".")[0] for one in names)


@pytest.mark.parametrize("page", [*(page for page in PAGES if page not in COPIES), ROOT / "README.md"], ids=named)
def test_code_uses_only_names_that_a_reader_sees(page: Path) -> None:
    """Not those of hidden set-up: a block that is pasted with the blocks before it runs."""
    text = re.sub(r"<!--.*?-->", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    visible = set(dir(builtins))
    for block in CODE.finditer(text):
        if "```python" not in block[0]:
            continue  # TOML, or code of other libraries
        tree = compile(dedent(block["code"]), named(page), "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        visible.update(bound_names(tree))
        used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        assert used - visible == set()


def test_a_page_about_a_feature_says_what_goes_wrong() -> None:
    features = [page for page in PAGES if "coming-from" not in page.parts and page.stem not in OVERVIEWS.split()]
    assert [named(page) for page in features if not FAILURES.search(page.read_text(encoding="utf-8"))] == []
