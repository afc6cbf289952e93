"""The store of learned constraints: in memory, and in a file that processes share."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, fields
from pathlib import Path
from types import NoneType
from typing import Any

from ..catalog.learned_constraints import LearnedConstraint
from ..errors import ConfigurationError
from ..output_files import owner_only
from ..providers.target import ResolvedTarget
from ..types.model_base import require_type
from ..wire import json

try:
    import fcntl
except ImportError:  # not on Windows
    fcntl = None  # type: ignore[assignment]

Key = tuple[str, ...]
"""Provider, base URL and model; since the file format exists also protocol and a hash of the query."""

PARTS = ("provider", "base_url", "model", "protocol", "query")
MOST_TARGETS = 1_000
MOST_LESSONS = 32
VERSION = 1
# Providers change, so a constraint is forgotten after thirty days.
LASTS = 30 * 24 * 3600.0


class LearnedConstraints:
    """Constraints learned from rejected requests, per target. Safe to share between clients, threads and event loops.

    Args:
        file: File to load from and save to, shared between processes; None keeps constraints in memory only.
    """

    def __init__(self, file: str | Path | None = None) -> None:
        require_type("LearnedConstraints", "file", file, (str, os.PathLike, NoneType), "a path or None")
        self.file = Path(file) if file is not None else None
        self._known: dict[Key, tuple[LearnedConstraint, ...]] = {}
        self._loaded = self.file is None

    @property
    def waits_for_file(self) -> bool:
        """Whether there is a file that has not been loaded."""
        return not self._loaded

    def knows(self, key: Key) -> bool:
        """Return whether anything was learned of a target, however long ago.

        Args:
            key: The target: provider, address, model, protocol and query.
        """
        return key in self._known

    def known(self, key: Key, now: float) -> tuple[LearnedConstraint, ...]:
        """Return the constraints of a target that are not older than thirty days.

        Args:
            key: The target: provider, address, model, protocol and query.
            now: The time in Unix seconds.
        """
        stored = self._known.get(key, ())
        return tuple(constraint for constraint in stored if now - constraint.learned_at < LASTS) if stored else ()

    def learn(self, key: Key, lessons: list[LearnedConstraint]) -> None:
        """Add constraints; newer ones replace older ones about the same parameter.

        Each step is an atomic dict change.

        Args:
            key: The target: provider, address, model, protocol and query.
            lessons: The constraints.
        """
        fresh = {constraint.key for constraint in lessons}
        stored = [constraint for constraint in self._known.get(key, ()) if constraint.key not in fresh]
        self._known[key] = tuple([*stored, *lessons][-MOST_LESSONS:])
        for oldest in list(self._known)[:-MOST_TARGETS]:
            self._known.pop(oldest, None)

    def load(self) -> None:
        """Load the file once; a missing file counts as empty."""
        if self.file is not None and not self._loaded:
            for key, lessons in read_file(self.file).items():
                self.learn(key, lessons)
            self._loaded = True

    def save(self) -> None:
        """Merge with what other processes wrote and replace the file atomically."""
        if self.file is None:
            return
        with lock_file(self.file):
            merged = {
                key: {constraint.key: constraint for constraint in constraints}
                for key, constraints in read_file(self.file).items()
            }
            for key, constraints in list(self._known.items()):
                merged.setdefault(key, {}).update({constraint.key: constraint for constraint in constraints})
            rows = [row_of(key, constraints.values()) for key, constraints in merged.items()]
            written = self.file.with_name(f"{self.file.name}.{os.getpid()}.new")
            write_private(written, json.dumps({"version": VERSION, "targets": rows[-MOST_TARGETS:]}))
            written.replace(self.file)


SHARED_CONSTRAINTS = LearnedConstraints()
"""Store of clients that were created without `lessons`."""


def target_key(target: ResolvedTarget) -> Key:
    """Return the key of a target; protocol and query are included because servers differ by them (version, tenant)."""
    query = hashlib.sha256(target.query.encode()).hexdigest()[:16] if target.query else ""
    return target.origin.provider, target.base_url, target.origin.model, target.origin.protocol or "", query


def row_of(key: Key, lessons: Iterable[LearnedConstraint]) -> dict[str, Any]:
    target_fields = dict(zip(PARTS, key, strict=False))
    return {**target_fields, "lessons": [asdict(constraint) for constraint in lessons]}


def read_file(path: Path) -> dict[Key, list[LearnedConstraint]]:
    if not path.is_file():
        return {}
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
            f"{path} is not a valid constraints file: {type(error).__name__}: {error}. Delete it or pass another path."
        ) from error


@contextmanager
def lock_file(path: Path) -> Iterator[None]:
    """Lock out other processes where the OS can; otherwise the last writer wins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if fcntl is None:
        yield
        return
    with open(path.with_name(f"{path.name}.lock"), "w", opener=owner_only) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read, because provider messages may quote the prompt."""
    with open(path, "wb", opener=owner_only) as file:
        file.write(content)
