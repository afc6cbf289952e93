"""Refusals: what the words of an error teach about the request that it answers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..errors import BadRequestError, ContentFilteredError, ContextLengthError
from .fit import EFFORTS, nearest
from .lessons import Lesson, dig

# Without these a request says something else, or nothing: nobody may leave them out unasked.
ESSENTIAL = frozenset(
    {"model", "messages", "input", "contents", "prompt", "system", "instructions", "systemInstruction", "tools"}
    | {"toolConfig", "stream", "anthropic_version"}
)
FIELD = r"[`'\"]?(?P<field>[A-Za-z_][\w.]*)[`'\"]?"
QUOTED = r"[`'\"](?P<field>[A-Za-z_][\w.]*)[`'\"]"
NEGATIVE = (
    r"(?:deprecated|unsupported|not (?:supported|allowed|permitted|available|enabled|accepted)|no longer supported)"
)

RENAMED = (
    re.compile(
        rf"{QUOTED} (?:is|are|has been) {NEGATIVE}[^`'\"]*?[.,;]? *(?:[Pp]lease )?[Uu]se [`'\"](?P<to>\w+)[`'\"]"
    ),
    re.compile(r"property '(?P<field>[\w.]+)' is unsupported, did you mean '(?P<to>\w+)'"),
    re.compile(r"[Uu]nknown field [`'\"](?P<field>[\w.]+)[`'\"], did you mean [`'\"](?P<to>\w+)[`'\"]"),
)
LIMITED = (
    re.compile(r"(?P<field>max_tokens): \d+ > (?P<limit>\d+)"),
    re.compile(r"(?P<field>max_\w*tokens) is too large: \d+\. This model supports at most (?P<limit>\d+)"),
    re.compile(rf"{QUOTED} must be less than or equal to [`'\"]?(?P<limit>\d+)"),
    re.compile(
        r"has a (?P<field>\w+) value of \d+ but the supported range is .+? to (?P<limit>\d+) \((?P<edge>ex|in)clusive"
    ),
)
REFUSED = (
    re.compile(rf"[Uu]nsupported parameters?(?:\(s\))?:? *{FIELD}"),
    re.compile(rf"[Uu]nsupported value: {QUOTED} does not support"),
    re.compile(rf"[Uu]n(?:known|recognized|expected) (?:parameter|field|name|argument|property|key)s?:? *{QUOTED}"),
    re.compile(r"[Uu]nrecognized request arguments? supplied: (?P<field>\w+(?:, *\w+)*)"),
    re.compile(r"(?P<field>[A-Za-z_][\w.]*): Extra inputs are not permitted"),
    re.compile(rf"Extra inputs are not permitted, field: {QUOTED}"),
    re.compile(r"'extra_forbidden', 'loc': \('body', '(?P<field>\w+)'\)"),
    re.compile(r"parameter '(?P<field>[\w.]+)' is not a valid field"),
    re.compile(r"property '(?P<field>[\w.]+)' is unsupported"),
    re.compile(r"extraneous key \[(?P<field>[\w.]+)\] is not permitted"),
    re.compile(r"does(?:n't| not) support (?:the )?(?P<field>\w+) field"),
    re.compile(rf"does(?:n't| not) support (?:the )?(?:parameter|argument|option)s? {FIELD}"),
    re.compile(rf"(?:[Aa]rgument|[Pp]arameter)s? not supported(?: on this model| with this model)?: {FIELD}"),
    re.compile(r"[`'\"]?\w+[`'\"]? and [`'\"]?(?P<field>\w+)[`'\"]? cannot both be (?:specified|set)"),
    re.compile(rf"{QUOTED} may only be set to"),
    re.compile(r"does not support setting (?P<field>\w+) to"),
    re.compile(rf"{QUOTED} (?:parameter )?(?:is|are) {NEGATIVE}"),
    re.compile(rf"\b(?P<field>[A-Za-z]\w*) (?:is|are) {NEGATIVE} (?:for|with|on|by|when|in)\b"),
)
# Refusals that name a feature instead of a field.
FEATURES = (
    (re.compile(r"[Pp]enalty is not (?:enabled|supported)"), ("presencePenalty", "frequencyPenalty")),
    (re.compile(r"[Mm]ultiple candidates is not"), ("candidateCount",)),
    (re.compile(r"[Tt]hinking[ _]level is not"), ("thinkingLevel",)),
    (re.compile(r"only works in thinking mode|[Tt]hinking budget \(\d+\) is invalid"), ("thinkingBudget",)),
    (re.compile(r"[Tt]hinking can't be disabled"), ("thinkingBudget", "thinking")),
    (re.compile(r"[Tt]hinking(?:[ _](?:config|budget))? is not"), ("thinkingConfig", "thinking")),
    (re.compile(r"[Ll]ogprobs is not"), ("responseLogprobs", "logprobs")),
    (re.compile(r"JSON mode is not"), ("responseMimeType", "responseJsonSchema")),
)
LIMITS = ("max_tokens", "max_completion_tokens", "max_output_tokens")
SUPPORTED = re.compile(r"[Ss]upported values are:? (?P<values>.+)$")
WORD = re.compile(r"[`'\"](\w+)[`'\"]")


def read_lessons(error: BadRequestError, sent: Mapping[str, Any], now: float) -> list[Lesson]:
    """What this error teaches about fields that were really sent; nothing, where it is about something else."""
    if isinstance(error, ContextLengthError | ContentFilteredError):
        return []
    said = error.message if len(error.message) <= 300 else f"{error.message[:300]}…"
    found = list(taught(error, sent, said, now))
    return [lesson for lesson in found if lesson.field.split(".")[0] not in ESSENTIAL][:4]


def taught(error: BadRequestError, sent: Mapping[str, Any], said: str, now: float) -> Iterator[Lesson]:
    told = error.message
    for pattern in RENAMED:
        if (match := pattern.search(told)) and (field := locate(sent, match["field"])):
            to = match["to"].rpartition(".")[2]
            yield Lesson(field, "rename", to, said=said, learned_at=now)
            return
    for pattern in LIMITED:
        if (match := pattern.search(told)) and (field := locate(sent, match["field"]) or any_limit(sent)):
            most = int(match["limit"]) - (match.groupdict().get("edge") == "ex")
            yield Lesson(field, "limit", most, said=said, learned_at=now)
            return
    if swapped := value_lesson(error, sent, said, now):
        yield swapped
        return
    for name in refused_names(error):
        if field := locate(sent, name):
            yield Lesson(field, "drop", said=said, learned_at=now)


def value_lesson(error: BadRequestError, sent: Mapping[str, Any], said: str, now: float) -> Lesson | None:
    """A value that is not taken, with those that are."""
    named, match = parameter_of(error.body), SUPPORTED.search(error.message)
    field = locate(sent, named) if named else None
    if not match or not field:
        return None
    asked, taken = dig(sent, field), tuple(WORD.findall(match["values"]))
    if asked in EFFORTS and taken:
        return Lesson(field, "replace", nearest(asked, taken), asked, said, now)
    return Lesson(field, "drop", said=said, learned_at=now)


def refused_names(error: BadRequestError) -> Iterator[str]:
    """The names of what was refused, by whatever way they are told, the surest first."""
    named = parameter_of(error.body)
    if named and (error.provider_code or "").startswith(("unsupported", "unknown_parameter")):
        yield named
        return
    if forbidden := list(extra_forbidden(error.body)):
        yield from forbidden
        return
    for pattern, features in FEATURES:
        if pattern.search(error.message):
            yield from features
            return
    for pattern in REFUSED:
        if matches := list(pattern.finditer(error.message)):
            yield from (name for match in matches for name in re.split(r", *", match["field"]))
            return


def parameter_of(body: Any) -> str | None:
    error = body.get("error") if isinstance(body, Mapping) else None
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
    told = name.removeprefix("body.").rstrip(".")
    if told.partition(".")[0] in ESSENTIAL:
        return None
    wanted = bare(told.rpartition(".")[2])
    exact = next((path for path in paths(sent) if path == name), None)
    return exact or next((path for path in paths(sent) if bare(path.rpartition(".")[2]) == wanted), None)


def any_limit(sent: Mapping[str, Any]) -> str | None:
    """The limit that was sent: servers speak of it by the name of another year."""
    return next((found for name in LIMITS if (found := locate(sent, name))), None)


def bare(name: str) -> str:
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
