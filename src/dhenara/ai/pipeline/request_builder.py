"""Encodes calls, after applying model limits and learned constraints; and the store of learned constraints."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, fields, replace
from pathlib import Path
from types import NoneType
from typing import Any

from ..catalog.capabilities import OF_OPERATION, check_kind, drop_unsupported_media
from ..catalog.learned_constraints import LearnedConstraint, apply_lessons, without_default_warnings
from ..catalog.model_constraints import apply_constraints, is_elsewhere, with_model_limits, with_own_settings
from ..catalog.model_info import ModelFacts, find_facts
from ..codecs.base import EncodedRequest
from ..codecs.common.media import has_media
from ..codecs.common.media_support import describe_media, media_of
from ..codecs.common.plan import WarningCollector
from ..codecs.common.request import is_prefilled
from ..errors import ConfigurationError, UnsupportedError
from ..history.preparation import check_result_ids, continues_stored_history
from ..io.protocol import IO
from ..output_files import owner_only
from ..providers.target import ResolvedTarget
from ..types.config.api import AIModelEndpoint
from ..types.config.call import Call
from ..types.config.call_policies import Uploading
from ..types.config.parameters import CONSTRAINED
from ..types.content.media import Media
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


class RequestBuilder:
    """Encodes the calls of one target.

    Later sources override earlier ones: provider defaults, model facts, learned constraints, user settings.
    """

    def __init__(
        self, target: ResolvedTarget, now: Callable[[], float], lessons: LearnedConstraints = SHARED_CONSTRAINTS
    ) -> None:
        self._target = target
        self._now = now
        self._lessons = lessons
        self._key = target_key(target)
        # Encrypted reasoning is only requested from reasoning models, so these protocols always need the model facts.
        self._asks = bool(getattr(target.quirks, "encrypted_reasoning", False))
        self._informed: tuple[AIModelEndpoint, bool, AIModelEndpoint] | None = None

    async def load_lessons(self, io: IO) -> None:
        """Load the file of learned constraints once, if there is one."""
        if self._lessons.waits_for_file:
            await io.call(self._lessons.load)

    def lessons(self) -> tuple[LearnedConstraint, ...]:
        """Return the constraints learned for this target."""
        return self._lessons.known(self._key, self._now())

    def write(self, call: Call, constraints: tuple[LearnedConstraint, ...] | None = None) -> EncodedRequest:
        """Encode the call, with the given constraints or all that are known."""
        if call.operation in OF_OPERATION:
            check_kind(call.endpoint, call.operation)
        is_stored = continues_stored_history(call.config, call.endpoint.ai_model)
        if is_stored and not self._target.quirks.results_by_name:
            check_result_ids(call)
        shows = call.operation == "chat" and has_media(call)
        concerned = self._asks or call.config.model_fields_set & CONSTRAINED or is_prefilled(call)
        foreign = is_elsewhere(call.endpoint)
        facts = self._facts(call) if concerned or shows or foreign else None
        if foreign and facts is None:
            call = replace(call, endpoint=with_model_limits(call.endpoint, None, with_limit=True))
        try:
            encoded = self._encode_supported_media(call, facts) if shows else self._encode(call, facts)
        except UnsupportedError as error:
            add_target(error, call)
            raise
        if encoded.oversized:
            check_place(call, encoded.oversized, self._target)
        constraints = self.lessons() if constraints is None else constraints
        if constraints:
            encoded = apply_lessons(encoded, constraints, (call.endpoint.ai_model.parameters, call.config.options))
        if encoded.warnings and call.config.if_supported:
            encoded = without_default_warnings(encoded, call.config, self._target.quirks)
        return encoded

    def _facts(self, call: Call) -> ModelFacts | None:
        return with_own_settings(call.endpoint, find_facts(call.endpoint))

    def _encode_supported_media(self, call: Call, facts: ModelFacts | None) -> EncodedRequest:
        """Encode without media that the model does not support."""
        warnings = WarningCollector(call.endpoint.ai_model.model_name)
        only = self._target.provider.input_modalities
        left = drop_unsupported_media(call, facts, self._target.origin.protocol, warnings, only=only)
        encoded = self._encode(left, facts)
        lost = warnings.build_request("", {})
        if not lost.part_outcomes:
            return encoded
        part_outcomes = {**encoded.part_outcomes, **lost.part_outcomes}
        return replace(encoded, warnings=(*lost.warnings, *encoded.warnings), part_outcomes=part_outcomes)

    def _encode(self, call: Call, facts: ModelFacts | None) -> EncodedRequest:
        return self._encode_constrained(call, facts) if facts else self._target.codec.encode(call, self._target.quirks)

    def _encode_constrained(self, call: Call, facts: ModelFacts) -> EncodedRequest:
        quirks = call.endpoint.api.config.get("quirks") or {}
        fitted, warnings = apply_constraints(call, facts, quirks.get("params") or {})
        endpoint = self._endpoint(fitted, facts)
        fitted = fitted if endpoint is fitted.endpoint else replace(fitted, endpoint=endpoint)
        encoded = self._target.codec.encode(fitted, self._target.quirks)
        return replace(encoded, warnings=(*warnings, *encoded.warnings)) if warnings else encoded

    def _endpoint(self, call: Call, facts: ModelFacts) -> AIModelEndpoint:
        """Return the endpoint with model limits; computed once and reused."""
        with_limit, last = call.config.max_output_tokens is not None, self._informed
        if last is None or last[0] is not call.endpoint or last[1] is not with_limit:
            last = call.endpoint, with_limit, with_model_limits(call.endpoint, facts, with_limit=with_limit)
            self._informed = last
        return last[2]


def add_target(error: UnsupportedError, call: Call) -> None:
    """Put the provider and the model before the message of an error, where they do not stand there yet."""
    message, provider, model = str(error), str(call.endpoint.api.provider), call.endpoint.ai_model.model_name
    if not message.startswith(provider) or model not in message:
        error.args = (f"{provider} ({model}): {message}",)


def check_place(call: Call, oversized: Sequence[Media], target: ResolvedTarget) -> None:
    """Raise `UnsupportedError` if these parts cannot be uploaded or uploading is disabled."""
    part, rules = oversized[0], call.config.uploading or Uploading()
    if not supports_files(target):
        why = "it has no files API"
    elif not rules.allowed:
        why = "uploading is disabled"
    elif not {id(one) for one in oversized} <= {id(one) for one in media_of(call)}:
        # Inputs of transcription or image edits are not message parts and cannot be replaced by a file id.
        why = f"automatic upload does not support {call.operation!r}"
    else:
        return
    raise UnsupportedError(
        f"{describe_media(part)} has {len(part.data or b'')} bytes, which is too large for a request to "
        f"{target.provider.name}, and {why}. Make it smaller, or upload it and pass its file id."
    )


def supports_files(target: ResolvedTarget) -> bool:
    return any(route.operation == "files" for route in target.provider.operations)
