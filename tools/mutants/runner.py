"""Runs tests against mutants, each in a forked process that sees a changed copy of `src`.

The parent imports once what the tests need; a child imports only the changed file and what depends on it. The copy
lies in a temporary folder and comes first on the path, so the checkout stays as it is. A child that uses much more
processor time, time or memory than the tests of the unchanged code has met an endless loop: it is ended, and its
mutant counts as caught.
"""

from __future__ import annotations

import os
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import hypothesis
import pytest

from .preload import loaded_modules, preload, use_source
from .table import ROOT, CoreModule, FileMutant

PROFILE = "mutants"
MEMORY = 6 * 2**30
"""Bytes of address space for one child."""

LOADED = "loaded"
"""The file in which a child leaves the names of what it has imported."""

MORE_PROCESSOR_TIME = 5
MORE_TIME = 10
"""How many times longer than the tests of the unchanged code a child may take; other work may slow the machine down."""

POLL_SECONDS = 0.02
OPTIONS = (
    *("-x", "-q", "--tb=no", "--no-header", "-p", "no:xdist", f"--hypothesis-profile={PROFILE}"),
    *("-W", "ignore::pytest.PytestAssertRewriteWarning"),  # packages are imported before pytest starts
)


@dataclass(frozen=True)
class Limits:
    """Seconds that a child may take."""

    processor: float = 300.0
    wall: float = 900.0


@dataclass
class Child:
    """A running child: which mutant it has, in which folder, and until when it may run."""

    mutant: FileMutant
    folder: Path
    end: float


@dataclass(frozen=True)
class Outcome:
    """How a child ended."""

    exit_code: int
    processor: float
    wall: float


@dataclass
class MutantRunner:
    """Runs the tests of one module.

    Attributes:
        module: The module and its tests.
        folders: Copies of `src`, one per child that runs at the same time.
        limits: What a child may take; measured by `measure`.
    """

    module: CoreModule
    folders: Sequence[Path]
    limits: Limits = field(default_factory=Limits)

    def measure(self) -> Outcome:
        """Run the tests on the unchanged code, set the limits from what they took, and import what they imported."""
        start = time.monotonic()
        pid = start_child(self.folders[0], self.module.tests, self.limits)
        _, status, usage = os.wait4(pid, 0)
        end_group(pid)
        spent = usage.ru_utime + usage.ru_stime
        outcome = Outcome(os.waitstatus_to_exitcode(status), spent, time.monotonic() - start)
        self.limits = Limits(10 + MORE_PROCESSOR_TIME * outcome.processor, 60 + MORE_TIME * outcome.wall)
        if not outcome.exit_code:
            sys.path.insert(0, str(self.folders[0] / "src"))
            preload((self.folders[0] / LOADED).read_text(encoding="utf-8").splitlines(), self.module.files)
        return outcome

    def run(self, mutants: Iterable[FileMutant]) -> Iterator[tuple[FileMutant, bool]]:
        """Yield each mutant and whether a test failed, as they end."""
        free, running = list(self.folders), dict[int, Child]()
        for mutant in mutants:
            if not free:
                yield self._next_ended(running, free)
            folder = free.pop()
            write_mutant(folder, mutant)
            pid = start_child(folder, self.module.tests, self.limits)
            running[pid] = Child(mutant, folder, time.monotonic() + self.limits.wall)
        while running:
            yield self._next_ended(running, free)

    def _next_ended(self, running: dict[int, Child], free: list[Path]) -> tuple[FileMutant, bool]:
        """Wait for a child to end; end the ones that take too long."""
        while True:
            for pid, child in list(running.items()):
                if time.monotonic() > child.end:
                    end_group(pid)
                ended, status = os.waitpid(pid, os.WNOHANG)
                if ended:
                    end_group(pid)
                    del running[pid]
                    restore_file(child.folder, child.mutant.file)
                    free.append(child.folder)
                    return child.mutant, status != 0
            time.sleep(POLL_SECONDS)


@contextmanager
def source_copies(count: int) -> Iterator[list[Path]]:
    """Copy `src` into temporary folders, and remove them at the end."""
    # The default profile looks for the smallest failing example, which takes long and says nothing here.
    hypothesis.settings.register_profile(
        PROFILE,
        deadline=None,
        database=None,
        derandomize=True,
        report_multiple_bugs=False,
        max_examples=60,
        phases=(hypothesis.Phase.explicit, hypothesis.Phase.generate),
        suppress_health_check=[hypothesis.HealthCheck.too_slow],
    )
    with tempfile.TemporaryDirectory(prefix="mutants-") as base:
        folders = [Path(base) / str(number) for number in range(count)]
        for folder in folders:
            shutil.copytree(ROOT / "src", folder / "src", ignore=shutil.ignore_patterns("*.egg-info"))
            (folder / "tmp").mkdir()
        yield folders


def write_mutant(folder: Path, mutant: FileMutant) -> None:
    write_source(folder / mutant.file, mutant.mutant.source)


def restore_file(folder: Path, file: str) -> None:
    write_source(folder / file, (ROOT / file).read_text(encoding="utf-8"))


def write_source(path: Path, source: str) -> None:
    """Write a module with a time of its own: compiled code is taken for current if size and second are the same."""
    later = int(path.stat().st_mtime) + 2
    path.write_text(source, encoding="utf-8")
    os.utime(path, (later, later))


def start_child(folder: Path, tests: Sequence[str], limits: Limits) -> int:
    """Fork, and run the tests in the child on the source in this folder."""
    return fork(lambda: run_tests(folder, tests, limits))


def run_forked(work: Callable[[], bool]) -> bool:
    """Do this in a forked process; return whether it returned True."""
    return os.waitstatus_to_exitcode(os.waitpid(fork(lambda: not work()), 0)[1]) == 0


def fork(work: Callable[[], int]) -> int:
    """Start a child whose exit code is what `work` returns."""
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid:
        return pid
    code = 70
    try:
        code = int(work())
    except BaseException:
        traceback.print_exc()
        raise
    finally:
        sys.stdout.flush()
        os._exit(code)


def run_tests(folder: Path, tests: Sequence[str], limits: Limits) -> int:
    """Run pytest in this process; its output goes to a file in the folder."""
    os.setsid()
    output = os.open(folder / "output", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(output, 1)
    os.dup2(output, 2)
    seconds = int(limits.processor) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    use_source(folder / "src")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (sys.path[0], os.environ.get("PYTHONPATH"))))
    os.environ["TMPDIR"] = tempfile.tempdir = str(folder / "tmp")
    os.chdir(ROOT)
    code = int(pytest.main([*OPTIONS, *tests]))
    (folder / LOADED).write_text("\n".join(loaded_modules()), encoding="utf-8")
    return code


def end_group(pid: int) -> None:
    """End a child, and the processes that it started."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass
