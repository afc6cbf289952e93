"""Writes the Python code of README and docs as modules into a folder, so that type checkers can read it.

    python -m tools.docs_code .cache/docs

Each page becomes an async function, since pages use `await`. Line numbers are those of the page.
"""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BLOCK = re.compile(
    r"^(?P<indent> *)(?P<start>```python\n|<!-- setup\n)(?P<code>.*?)^(?P=indent)(?:```|-->)", re.MULTILINE | re.DOTALL
)
"""A block of code, indented where it stands in a tab."""

RULES = re.compile(r"^<!-- (pyright: .*) -->$", re.MULTILINE)
"""Rules of pyright for one page, such as one that imports packages that are not installed here."""

END = """    ...


from dhenara.ai.testing import FakeServer

# Examples of one page use the same names again.
# pyright: reportRedeclaration=false
"""


def page_as_module(text: str) -> str:
    """The code of a page inside of an async function; all other lines are empty."""
    lines = [""] * (text.count("\n") + 2)
    for block in BLOCK.finditer(text):
        first = text[: block.start("code")].count("\n")
        for number, line in enumerate(block["code"].splitlines()):
            lines[first + number] = f"    {line.removeprefix(block['indent'])}".rstrip()
    code = "\n".join(lines[1:])
    rules = "".join(f"# {rule}\n" for rule in RULES.findall(text))
    return f'async def page(server: "FakeServer") -> None:\n{code}\n{END}{rules}'


def main() -> None:
    folder = Path(sys.argv[1])
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))):
        text = page.read_text(encoding="utf-8")
        if BLOCK.search(text):
            name = "_".join(page.relative_to(ROOT).with_suffix("").parts).replace("-", "_").lower()
            (folder / f"{name}.py").write_text(page_as_module(text), encoding="utf-8")


if __name__ == "__main__":
    main()
