"""Refusals: what the words of an error teach about the request that it answers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..error_text import texts_in, without_contents
from ..errors import BadRequestError, ContentFilteredError, ContextLengthError
from .error_patterns import (
    BARE_WORD,
    EFFORT_FIELDS,
    FEATURES,
    LIMITED,
    LIMITS,
    NEGATIVE,
    REFUSED,
    RENAMED,
    VALUES,
    WORD,
)
from .learned_constraints import LearnedConstraint, get_path
from .model_constraints import EFFORTS, nearest_effort

# Without these a request says something else, or nothing: nobody may leave them out unasked.
ESSENTIAL = frozenset(
    {"model", "messages", "input", "contents", "prompt", "system", "instructions", "systemInstruction", "tools"}
    | {"toolConfig", "stream", "anthropic_version"}
)
# Of an effort that is not taken, what may be.
NEXT_EFFORTS = {
    "none": ("minimal",),
    "minimal": ("low",),
    "low": ("medium",),
    "medium": ("high",),
    "high": ("medium",),
    "xhigh": ("high",),
    "max": ("xhigh",),
}


def read_lessons(error: BadRequestError, sent: Mapping[str, Any], now: float) -> list[LearnedConstraint]:
    """What this error teaches about fields that were really sent; nothing, where it is about something else."""
    if isinstance(error, ContextLengthError | ContentFilteredError):
        return []
    text = without_contents(error.message, texts_in([sent.get(name) for name in ESSENTIAL - {"model"}]))
    match = list(iter_lessons(error, sent, text, now))
    return [constraint for constraint in match if constraint.field.split(".")[0] not in ESSENTIAL][:4]


def iter_lessons(error: BadRequestError, sent: Mapping[str, Any], text: str, now: float) -> Iterator[LearnedConstraint]:
    data = error.message
    for pattern in RENAMED:
        if (match := pattern.search(data)) and (field := locate(sent, match["field"])):
            to = match["to"].rpartition(".")[2]
            yield LearnedConstraint(field, "rename", to, message=text, learned_at=now)
            return
    for pattern in LIMITED:
        if match := pattern.search(data):
            named, edge = match.groupdict().get("field"), match.groupdict().get("edge")
            if field := (locate(sent, named) if named else None) or any_limit(sent):
                yield LearnedConstraint(
                    field, "limit", int(match["limit"]) - (edge == "ex"), message=text, learned_at=now
                )
                return
    if swapped := value_lesson(error, sent, text, now):
        yield swapped
        return
    for names in refused_names(error):
        if fields := [field for name in names if (field := locate(sent, name))]:
            yield from (LearnedConstraint(field, "drop", message=text, learned_at=now) for field in fields)
            return


def value_lesson(error: BadRequestError, sent: Mapping[str, Any], text: str, now: float) -> LearnedConstraint | None:
    """A value that is not taken, with those that are; of an effort without them, the next one towards the middle."""
    match = next((result for pattern in VALUES if (result := pattern.search(error.message))), None)
    if match is None:
        return None
    named = parameter_of(error.body)
    field = (locate(sent, named) if named else None) or effort_field(sent)
    if not field:
        return None
    request, values = get_path(sent, field), match.groupdict().get("values") or ""
    taken = tuple(WORD.findall(values) or BARE_WORD.findall(values))
    if request in EFFORTS:
        others = [one for one in taken or NEXT_EFFORTS[request] if one != request]
        if others:
            return LearnedConstraint(field, "replace", nearest_effort(request, tuple(others)), request, text, now)
    return LearnedConstraint(field, "drop", message=text, learned_at=now) if named and locate(sent, named) else None


def effort_field(sent: Mapping[str, Any]) -> str | None:
    """Where an effort was named, if one was."""
    match = (field for name in EFFORT_FIELDS if (field := locate(sent, name)))
    return next((field for field in match if get_path(sent, field) in EFFORTS), None)


def refused_names(error: BadRequestError) -> Iterator[list[str]]:
    """The names of what was refused, by every way they are told, the surest first."""
    named = parameter_of(error.body)
    sure = (error.provider_code or "").startswith(("unsupported", "unknown_parameter"))
    if named and (sure or re.search(NEGATIVE, error.message)):
        yield [named]
    yield list(extra_forbidden(error.body))
    for pattern, features in FEATURES:
        if pattern.search(error.message):
            yield list(features)
    for pattern in REFUSED:
        if matches := list(pattern.finditer(error.message)):
            yield [name for match in matches for name in re.findall(r"[\w.]+", match["field"])]


def parameter_of(body: Any) -> str | None:
    """The field that the error names beside its words; some have no error around it."""
    inner = body.get("error") if isinstance(body, Mapping) else None
    error = inner if isinstance(inner, Mapping) else body
    named = error.get("param") if isinstance(error, Mapping) else None
    return named if isinstance(named, str) else None


def extra_forbidden(body: Any) -> Iterator[str]:
    """Validation reports, however deep in the body they are: `{"type": "extra_forbidden", "loc": ["body", "seed"]}`."""
    if isinstance(body, Mapping):
        if body.get("type") == "extra_forbidden" and isinstance(body.get("loc"), list) and body["loc"]:
            yield str(body["loc"][-1])
        else:
            for inner in body.values():
                yield from extra_forbidden(inner)
    elif isinstance(body, list):
        for inner in body:
            yield from extra_forbidden(inner)


def locate(sent: Mapping[str, Any], name: str) -> str | None:
    """The path in the request that is meant by this name, however it is spelled; None if no such thing was sent."""
    data = name.removeprefix("body.").rstrip(".")
    if data.partition(".")[0] in ESSENTIAL:
        return None
    wanted = bare_name(data.rpartition(".")[2])
    exact = next((path for path in paths(sent) if path == name), None)
    return exact or next((path for path in paths(sent) if bare_name(path.rpartition(".")[2]) == wanted), None)


def any_limit(sent: Mapping[str, Any]) -> str | None:
    """The limit that was sent: servers speak of it by the name of another year."""
    return next((match for name in LIMITS if (match := locate(sent, name))), None)


def bare_name(name: str) -> str:
    return name.replace("_", "").lower()


def paths(sent: Mapping[str, Any], above: str = "") -> Iterator[str]:
    """Every field of the request that is not content, the outer ones first."""
    inside = []
    for name, value in sent.items():
        if above or name not in ESSENTIAL:
            yield above + name
            if isinstance(value, Mapping) and name not in ("json_schema", "schema", "metadata"):
                inside.append((f"{above}{name}.", value))
    for prefix, value in inside:
        yield from paths(value, prefix)
