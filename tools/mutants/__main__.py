"""Mutation testing: `python -m tools.mutants [NAME ...]` changes the core modules and runs their tests.

Prints what was caught per module, and each mutant that no test noticed; fails if less than 90 % were caught.
"""

from __future__ import annotations

import argparse
import sys
import time
from functools import partial
from pathlib import Path

from .runner import MutantRunner, run_forked, source_copies
from .table import CoreModule, load_modules, mutants_of, sample

LEAST_CAUGHT = 90


def main() -> int:
    """Run the modules that the command line names; return the exit code."""
    modules = load_modules()
    arguments = read_arguments([module.name for module in modules])
    chosen = [module for module in modules if not arguments.modules or module.name in arguments.modules]
    if missing := {path for module in chosen for path in module.missing_paths()}:
        return fail(f"modules.toml names files that are not there: {', '.join(sorted(missing))}")
    passed = True
    with source_copies(arguments.workers) as folders:
        for module in chosen:
            # A process of its own, because it imports all but the files of this module.
            passed &= run_forked(partial(run_module, module, folders, arguments))
    return 0 if passed else fail(f"at least {LEAST_CAUGHT} % of the mutants of each module must be caught")


def read_arguments(names: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tools.mutants", description="Mutation testing of the core modules."
    )
    parser.add_argument("modules", nargs="*", metavar="NAME", help=f"which modules (default: all): {', '.join(names)}")
    parser.add_argument("--all", action="store_true", help="every mutant instead of a sample")
    parser.add_argument("--sample", type=int, default=40, help="mutants per module (default: %(default)s)")
    parser.add_argument("--seed", default="", metavar="TEXT", help="any text chooses another sample")
    parser.add_argument("--workers", type=int, default=2, help="test runs at the same time (default: %(default)s)")
    parser.add_argument("--part", type=read_part, default=(1, 1), metavar="N/M", help="the N-th of M equal parts only")
    arguments = parser.parse_args()
    if unknown := set(arguments.modules) - set(names):
        parser.error(f"unknown module: {', '.join(sorted(unknown))}; known are {', '.join(names)}")
    return arguments


def read_part(text: str) -> tuple[int, int]:
    number, _, parts = text.partition("/")
    if not 1 <= int(number) <= int(parts):
        raise ValueError(f"not a part: {text}")
    return int(number), int(parts)


def run_module(module: CoreModule, folders: list[Path], arguments: argparse.Namespace) -> bool:
    """Run the mutants of one module, or a sample of them, and print the result; return whether enough were caught."""
    start = time.monotonic()
    mutants = mutants_of(module)
    if not arguments.all:
        mutants = sample(mutants, arguments.sample, arguments.seed)
    number, parts = arguments.part
    mutants = mutants[number - 1 :: parts]
    runner = MutantRunner(module, folders)
    if runner.measure().exit_code:
        print((folders[0] / "output").read_text(encoding="utf-8", errors="replace"))
        print(f"{module.name}: the tests fail without a change")
        return False
    survivors = {id(mutant) for mutant, caught in runner.run(mutants) if not caught}
    caught = len(mutants) - len(survivors)
    share = 100 * caught / len(mutants)
    print(f"{module.name:20} {caught:4} of {len(mutants):4} caught  {share:5.1f} %  {time.monotonic() - start:5.0f} s")
    for mutant in mutants:
        if id(mutant) in survivors:
            print(f"    {mutant}")
    return share >= LEAST_CAUGHT


def fail(message: str) -> int:
    print(message, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
