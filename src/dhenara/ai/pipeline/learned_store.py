"""The memory of lessons: for this process, and beyond it where the user gives a file."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ConfigurationError
from ..providers.target import ResolvedTarget
from ..wire import json

if TYPE_CHECKING:
    from ..catalog.learned_constraints import LearnedConstraint

Key = tuple[str, ...]
"""Provider, base URL and model; since files have them also the protocol, and a hash of the query."""

PARTS = ("provider", "base_url", "model", "protocol", "query")
MOST_TARGETS = 1_000
MOST_LESSONS = 32
VERSION = 1
# Providers change: after thirty days a lesson is tried anew.
LASTS = 30 * 24 * 3600.0


class LearnedConstraints:
    """What was learned, by provider, base URL and model. May be shared by clients, threads and event loops."""

    def __init__(self, file: str | Path | None = None) -> None:
        self.file = Path(file) if file is not None else None
        self._known: dict[Key, tuple[LearnedConstraint, ...]] = {}
        self._loaded = self.file is None

    @property
    def waits_for_file(self) -> bool:
        """Whether there is a file that was not read yet."""
        return not self._loaded

    def known(self, key: Key, now: float) -> tuple[LearnedConstraint, ...]:
        match = self._known.get(key, ())
        return tuple(constraint for constraint in match if now - constraint.learned_at < LASTS) if match else ()

    def learn(self, key: Key, lessons: list[LearnedConstraint]) -> None:
        """Newer lessons about the same thing replace older ones. Every step is one atomic change of a dict."""
        fresh = {constraint.key for constraint in lessons}
        stored = [constraint for constraint in self._known.get(key, ()) if constraint.key not in fresh]
        self._known[key] = tuple([*stored, *lessons][-MOST_LESSONS:])
        for oldest in list(self._known)[:-MOST_TARGETS]:
            self._known.pop(oldest, None)

    def load(self) -> None:
        """Reads the file, once; one that is not there yet is an empty one."""
        if self.file is not None and not self._loaded:
            for key, lessons in read_file(self.file).items():
                self.learn(key, lessons)
            self._loaded = True

    def save(self) -> None:
        """Adds what is known here to what other processes may have written meanwhile, in one step that cannot tear."""
        if self.file is None:
            return
        with lock_file(self.file):
            merged = {
                key: {constraint.key: constraint for constraint in data} for key, data in read_file(self.file).items()
            }
            for key, data in list(self._known.items()):
                merged.setdefault(key, {}).update({constraint.key: constraint for constraint in data})
            rows = [row_of(key, data.values()) for key, data in merged.items()]
            written = self.file.with_name(f"{self.file.name}.{os.getpid()}.new")
            write_private(written, json.dumps({"version": VERSION, "targets": rows[-MOST_TARGETS:]}))
            written.replace(self.file)


EVERYBODYS = LearnedConstraints()
"""Where clients remember that were given nothing else."""


def target_key(target: ResolvedTarget) -> Key:
    """Servers differ by protocol and by what the query of their address names, such as a version or a tenant."""
    query = hashlib.sha256(target.query.encode()).hexdigest()[:16] if target.query else ""
    return target.origin.provider, target.base_url, target.origin.model, target.origin.protocol or "", query


def row_of(key: Key, lessons: Iterable[LearnedConstraint]) -> dict[str, Any]:
    about = dict(zip(PARTS, key, strict=False))
    return {**about, "lessons": [asdict(constraint) for constraint in lessons]}


def read_file(path: Path) -> dict[Key, list[LearnedConstraint]]:
    if not path.is_file():
        return {}
    from ..catalog.learned_constraints import LearnedConstraint

    try:
        document: dict[str, Any] = json.loads(path.read_bytes())
        rows: list[dict[str, Any]] = document["targets"]
        newer = document.get("version", VERSION) > VERSION
        known = {field.name for field in fields(LearnedConstraint)}
        return {
            tuple(row[part] for part in PARTS if part in row): [
                LearnedConstraint(**{name: value for name, value in constraint.items() if name in known or not newer})
                for constraint in row["lessons"]
            ]
            for row in rows
        }
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigurationError(
            f"{path} is not a file of lessons: {type(error).__name__}: {error}. Delete it, or name another one."
        ) from error


@contextmanager
def lock_file(path: Path) -> Iterator[None]:
    """Keeps other processes out, where the system can; where it cannot, the last one to write is believed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        import fcntl
    except ImportError:  # not on Windows
        yield
        return
    with open(path.with_name(f"{path.name}.lock"), "w", opener=private) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def write_private(path: Path, content: bytes) -> None:
    """A file that only its owner can read: the words of providers may quote what was sent."""
    with open(path, "wb", opener=private) as file:
        file.write(content)


def private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
