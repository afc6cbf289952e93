"""The table of mutation tests, and the changes that they make."""

from __future__ import annotations

import ast

import pytest
from tools.mutants.operators import make_mutants
from tools.mutants.sites import walk_sites
from tools.mutants.table import ROOT, CoreModule, FileMutant, load_equivalents, load_modules, sample


def changes(source: str) -> set[str]:
    return {mutant.change for mutant in make_mutants(source)}


@pytest.mark.parametrize("module", load_modules(), ids=lambda module: module.name)
def test_the_table_names_files_that_are_there(module: CoreModule) -> None:
    assert module.missing_paths() == []


def test_equivalent_mutants_are_of_files_of_the_table() -> None:
    assert {file for file, *_ in load_equivalents()} <= {file for module in load_modules() for file in module.files}


def test_equivalent_mutants_are_of_code_that_is_there() -> None:
    rows = load_equivalents()
    trees = {file: ast.parse((ROOT / file).read_text(encoding="utf-8")) for file, *_ in rows}
    places = {(file, site.scope, ast.unparse(site.node)) for file, tree in trees.items() for site in walk_sites(tree)}
    assert {(file, function, before) for file, function, before, _ in rows} <= places


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("x = a < b", {"a < b  ->  a <= b", "a < b  ->  a >= b"}),
        ("x = a and b", {"a and b  ->  a or b"}),
        ("x = a + b", {"a + b  ->  a - b"}),
        ("LIMIT = 5", {"5  ->  6", "5  ->  4"}),
        ("WAIT = 0.5", {"0.5  ->  1.0", "0.5  ->  0.25"}),
        ("KIND = 'data'", {"'data'  ->  'dataXX'"}),
        ("def f():\n    return x", {"return x  ->  return None"}),
        ("self.x = y", {"self.x = y  ->  (removed)"}),
        ("if a:\n    f()", {"if a: f()  ->  if not a: f()", "f()  ->  (removed)"}),
        ("x = a if b else c", {"a if b else c  ->  c if b else a"}),
        ("x = [a for a in b if a]", {"for a in b if a  ->  for a in b if not a"}),
    ],
)
def test_each_rule_of_the_code_is_changed(source: str, expected: set[str]) -> None:
    assert changes(source) == expected


@pytest.mark.parametrize(
    "source",
    [
        '"""A docstring."""',
        "def f(x: int = ...) -> 'y': ...",
        "log.warning('text', 5)",
        "x: 'int'",
        "def __repr__(self):\n    return 'x'",
        "__all__ = ['x']",
        "import x",
        "text = 'some words of a message'",
    ],
)
def test_what_only_people_and_type_checkers_read_is_not_changed(source: str) -> None:
    assert changes(source) == set()


def test_a_message_is_not_changed_but_its_error_is_removed() -> None:
    assert changes("raise ValueError(f'{x} is too large')") == {"raise ValueError(f'{x} is too large')  ->  (removed)"}


MUTANTS = [FileMutant("numbers.py", one) for one in make_mutants(f"numbers = {list(range(40))}")]


def test_a_sample_is_the_same_each_time_and_in_the_order_of_the_code() -> None:
    chosen = sample(MUTANTS, 20)
    assert chosen == sample(list(reversed(MUTANTS)), 20)[::-1]
    assert [one for one in MUTANTS if one in chosen] == chosen


def test_a_seed_chooses_another_sample() -> None:
    assert sample(MUTANTS, 20, "a") == sample(MUTANTS, 20, "a")
    assert sample(MUTANTS, 20, "a") != sample(MUTANTS, 20, "b")
