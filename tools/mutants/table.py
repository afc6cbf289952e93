"""What `modules.toml` and `equivalents.toml` say: modules with their tests, and mutants that change nothing."""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from pathlib import Path

from .operators import Mutant, make_mutants

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


@dataclass(frozen=True)
class CoreModule:
    """One row of the table.

    Attributes:
        name: What the module does, in a word or three.
        files: Its files, relative to the root of the project.
        tests: Arguments of pytest: the tests that hold it.
    """

    name: str
    files: tuple[str, ...]
    tests: tuple[str, ...]

    def missing_paths(self) -> list[str]:
        """Return the paths of this row that are not there."""
        tests = (test.partition("::")[0] for test in self.tests if test.startswith("tests/"))
        return [path for path in (*self.files, *tests) if not (ROOT / path).exists()]


@dataclass(frozen=True)
class FileMutant:
    """A mutant and the file it belongs to."""

    file: str
    mutant: Mutant

    def __str__(self) -> str:
        return f"{self.file}:{self.mutant.line}  {self.mutant.change}"


def load_modules() -> list[CoreModule]:
    """Return the rows of `modules.toml`."""
    rows = tomllib.loads((HERE / "modules.toml").read_text(encoding="utf-8"))["module"]
    return [CoreModule(row["name"], tuple(row["files"]), tuple(row["tests"])) for row in rows]


def load_equivalents() -> set[tuple[str, str, str, str]]:
    """Return file, function, code before and code after of the mutants that no test can catch."""
    rows = tomllib.loads((HERE / "equivalents.toml").read_text(encoding="utf-8")).get("equivalent", [])
    return {(row["file"], row["function"], row["before"], row["after"]) for row in rows}


def mutants_of(module: CoreModule) -> list[FileMutant]:
    """Return all mutants of a module but the equivalent ones, in the order of files and lines."""
    equivalents = load_equivalents()
    return [
        FileMutant(file, mutant)
        for file in module.files
        for mutant in make_mutants((ROOT / file).read_text(encoding="utf-8"))
        if (file, mutant.function, mutant.before, mutant.after) not in equivalents
    ]


def sample(mutants: list[FileMutant], size: int, seed: str = "") -> list[FileMutant]:
    """Return the same mutants on every machine; those of unchanged code stay when others are added.

    Args:
        mutants: What to choose from.
        size: How many to choose.
        seed: Any text; another one chooses other mutants.

    Returns:
        The chosen ones, in the order in which they were given.
    """

    def rank(one: FileMutant) -> tuple[str, str]:
        digest = one.mutant.digest
        return (hashlib.sha256(f"{seed} {digest}".encode()).hexdigest() if seed else digest), one.file

    chosen = {id(one) for one in sorted(mutants, key=rank)[:size]}
    return [one for one in mutants if id(one) in chosen]
