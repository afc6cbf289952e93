"""The page that compares libraries: every task in every library, and ours never longer than the shortest in Python."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from textwrap import dedent

import pytest

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "compared.md").read_text(encoding="utf-8")
TASK = re.compile(r"^## (?P<title>.+?)\n(?P<body>.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
TAB = re.compile(r'^=== "(?P<name>.+?)"\n\n    ```(?P<language>\w+)\n(?P<code>.*?)^    ```$', re.MULTILINE | re.DOTALL)
ROW = re.compile(r"^\| \[(?P<title>.+?)\]\(#(?P<anchor>.+?)\) \| (?P<counts>.+) \|$", re.MULTILINE)

OURS = ["Kit", "Engine"]
PEERS = ["OpenAI SDK", "LiteLLM", "pydantic-ai"]
LANGUAGES = {**dict.fromkeys(OURS, "python"), **dict.fromkeys(PEERS, "py"), "AI SDK": "ts", "RubyLLM": "ruby"}

TASKS = {
    task["title"]: {tab["name"]: (tab["language"], dedent(tab["code"])) for tab in TAB.finditer(task["body"])}
    for task in TASK.finditer(PAGE)
    if TAB.search(task["body"])
}


def count(code: str) -> int:
    """Lines without blank ones and comments."""
    return sum(1 for line in code.splitlines() if line.strip() and not line.strip().startswith("#"))


def counts(title: str) -> dict[str, int]:
    return {name: count(TASKS[title][name][1]) for name in (*OURS, *PEERS)}


def test_there_are_twelve_tasks() -> None:
    assert len(TASKS) == 12


@pytest.mark.parametrize("title", TASKS)
def test_each_task_is_shown_for_each_library(title: str) -> None:
    assert {name: language for name, (language, _) in TASKS[title].items()} == LANGUAGES
    for name, (_, code) in TASKS[title].items():
        assert [line for line in code.splitlines() if len(line) > 88] == [], name
        if name in (*OURS, *PEERS):
            compile(code, name, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


@pytest.mark.parametrize("title", TASKS)
def test_ours_is_never_longer_than_the_shortest_in_python(title: str) -> None:
    lines = counts(title)
    assert max(lines[name] for name in OURS) <= min(lines[name] for name in PEERS), lines


def test_the_table_has_the_numbers_of_the_blocks() -> None:
    rows = {row["title"]: row["counts"].split(" | ") for row in ROW.finditer(PAGE)}
    assert rows == {title: [str(number) for number in counts(title).values()] for title in TASKS}
    for row in ROW.finditer(PAGE):
        assert row["anchor"] == row["title"].lower().replace(" ", "-").replace(",", "")
