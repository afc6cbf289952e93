"""Reads from the text of an error which field was refused and why: patterns, and learned constraints."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..errors import BadRequestError, ContentFilteredError, ContextLengthError
from ..wire.text import texts_in, without_contents
from .learned_constraints import LearnedConstraint, get_path
from .model_constraints import EFFORTS, nearest_effort

FIELD = r"[`'\"]?(?P<field>[A-Za-z_][\w.]*)[`'\"]?"
QUOTED = r"[`'\"](?P<field>[A-Za-z_][\w.]*)[`'\"]"
NEGATIVE = (
    r"(?:deprecated|unsupported|not (?:supported|allowed|permitted|available|enabled|accepted)|no longer supported)"
)

# As text: `re` compiles them, and keeps them, when a provider refuses a request for the first time.
RENAMED = (
    rf"{QUOTED} (?:is|are|has been) {NEGATIVE}[^`'\"]*?[.,;]? *(?:[Pp]lease )?[Uu]se [`'\"](?P<to>\w+)[`'\"]",
    r"property '(?P<field>[\w.]+)' is unsupported, did you mean '(?P<to>\w+)'",
    r"[Uu]nknown field [`'\"](?P<field>[\w.]+)[`'\"], did you mean [`'\"](?P<to>\w+)[`'\"]",
)
LIMITED = (
    r"(?P<field>max_tokens): \d+ > (?P<limit>\d+)",
    r"(?P<field>max_\w*tokens) is too large: \d+\. This model supports at most (?P<limit>\d+)",
    rf"{QUOTED} must be less than or equal to [`'\"]?(?P<limit>\d+)",
    r"(?P<field>max_\w*tokens) must be (?:less than or equal to |in the range \[\d+, *)(?P<limit>\d+)",
    r"Range of (?P<field>max_\w*tokens) should be \[\d+, *(?P<limit>\d+)\]",
    r"max tokens must be less than or equal to (?P<limit>\d+)",
    r"[Mm]aximum tokens you requested exceeds the model limit of (?P<limit>\d+)",
    r"has a (?P<field>\w+) value of \d+ but the supported range is .+? to (?P<limit>\d+) \((?P<edge>ex|in)clusive",
)
REFUSED = (
    rf"[Uu]nsupported parameters?(?:\(s\))?:? *{FIELD}",
    rf"[Uu]nsupported value: {QUOTED} does not support",
    rf"[Uu]n(?:known|recognized|expected) (?:parameter|field|name|argument|property|key)s?:? *{QUOTED}",
    r"[Uu]nrecognized request arguments? supplied: (?P<field>\w+(?:, *\w+)*)",
    r"(?P<field>[A-Za-z_][\w.]*): Extra inputs are not permitted",
    rf"Extra inputs are not permitted, field: {QUOTED}",
    r"'extra_forbidden', 'loc': \('body', '(?P<field>\w+)'\)",
    r"parameter '(?P<field>[\w.]+)' is not a valid field",
    r"property '(?P<field>[\w.]+)' is unsupported",
    r"extraneous key \[(?P<field>[\w.]+)\] is not permitted",
    r"does(?:n't| not) support (?:the )?(?P<field>\w+) (?:field|parameter|option|setting)",
    rf"does(?:n't| not) support (?:the )?(?:parameter|argument|option)s? {FIELD}",
    r"does(?:n't| not) support (?:the )?(?:parameter|argument|option)s?: \[(?P<field>[\w', ]+)\]",
    rf"does(?:n't| not) support (?:the )?{QUOTED}(?! with)",
    r"(?:[Mm]odel|[Mm]ode|-\w+) does(?:n't| not) support (?:this )?(?P<field>tool_choice)",
    r"[Tt]he (?P<field>\w+) parameter does not support being set to",
    r"(?P<field>\w+) [`'\"]\w+[`'\"] is incompatible with",
    r"\binvalid (?P<field>\w+): only \S+ is allowed",
    rf"{QUOTED} (?:must be|must be [^`'\"]{{1,40}} or) unset",
    r"\n(?P<field>\w+)\n\s+Extra inputs are not permitted",
    rf"\b(?P<field>[a-z]+(?:_[a-z]+)+) (?:is|are) (?:currently )?{NEGATIVE}",
    rf"^(?P<field>[a-z_]+): [^:]*{NEGATIVE}",
    rf"(?:[Aa]rgument|[Pp]arameter)s? not supported(?: on this model| with this model)?: {FIELD}",
    r"[`'\"]?\w+[`'\"]? and [`'\"]?(?P<field>\w+)[`'\"]? cannot both be (?:specified|set)",
    rf"{QUOTED} may only be set to",
    r"does not support setting (?P<field>\w+) to",
    rf"{QUOTED} (?:parameter )?(?:is|are) {NEGATIVE}",
    rf"\b(?P<field>[A-Za-z]\w*) (?:is|are) {NEGATIVE} (?:for|with|on|by|when|in)\b",
)
# Refusals that name a feature instead of a field.
FEATURES = (
    (r"[Pp]enalty is not (?:enabled|supported)", ("presencePenalty", "frequencyPenalty")),
    (r"[Mm]ultiple candidates is not", ("candidateCount",)),
    (r"[Tt]hinking[ _]level is not", ("thinkingLevel",)),
    (r"[Ii]nvalid reasoning effort", ("reasoning_effort", "effort")),
    (r"does not support thinking$", ("think", "thinking")),
    (r"only works in thinking mode|[Tt]hinking budget \(?\d+\)? is invalid", ("thinkingBudget",)),
    (r"[Tt]hinking can't be disabled", ("thinkingBudget", "thinking")),
    (r"[Tt]hinking(?:[ _](?:config|budget))? is not", ("thinkingConfig", "thinking")),
    (r"[Ll]ogprobs is not", ("responseLogprobs", "logprobs")),
    (r"JSON mode is not", ("responseMimeType", "responseJsonSchema")),
)
LIMITS = ("max_tokens", "max_completion_tokens", "max_output_tokens")
# Errors about a value, with the allowed values if they are named.
VALUES = (
    r"[Ss]upported (?:values|levels)(?: are)?:? (?P<values>.+)$",
    r"must be one of:? (?P<values>[^.;]+)",
    r"Input should be (?P<values>[^.;\]]+)",
    r"[Vv]alue must be (?P<values>[`'\"]\w+[`'\"])",
    r"(?:[Tt]hinking level|[Ee]ffort level|think value) [`'\"]?\w+[`'\"]? is not supported",
)
WORD = r"[`'\"](\w+)[`'\"]"
BARE_WORD = r"\b(?!and\b|or\b)\w+"
EFFORT_FIELDS = ("reasoning_effort", "effort", "thinkingLevel", "maxReasoningEffort", "think")


# Fields without which a request means something else; they are never left out.
ESSENTIAL = frozenset(
    {"model", "messages", "input", "contents", "prompt", "system", "instructions", "systemInstruction", "tools"}
    | {"toolConfig", "stream", "anthropic_version"}
)
# Effort to try if one is refused and the error names no other.
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
    """Return the constraints that follow from a refused request.

    Args:
        error: The error that the provider answered with.
        sent: Body of the request.
        now: Time in seconds since 1970, kept with each constraint.

    Returns:
        At most four constraints, about fields that were sent; empty if the error is about something else.
    """
    if isinstance(error, ContextLengthError | ContentFilteredError):
        return []
    contents = [sent.get(name) for name in ESSENTIAL - {"model"}]
    text = without_contents(error.message, texts_in([*contents, *stop_sequences(sent)]))
    constraints = list(iter_lessons(error, sent, text, now))
    return [constraint for constraint in constraints if constraint.field.split(".")[0] not in ESSENTIAL][:4]


def stop_sequences(sent: Mapping[str, Any]) -> Iterator[Any]:
    """Yield the stop sequences of a request, in the fields of every protocol."""
    for fields in (sent, *(sent.get(name) for name in ("generationConfig", "inferenceConfig", "options"))):
        if isinstance(fields, Mapping):
            yield from (fields.get(name) for name in ("stop", "stop_sequences", "stopSequences"))


def iter_lessons(error: BadRequestError, sent: Mapping[str, Any], text: str, now: float) -> Iterator[LearnedConstraint]:
    message = error.message
    for pattern in RENAMED:
        if (match := re.search(pattern, message)) and (field := locate(sent, match["field"])):
            to = match["to"].rpartition(".")[2]
            yield LearnedConstraint(field, "rename", to, message=text, learned_at=now)
            return
    for pattern in LIMITED:
        if match := re.search(pattern, message):
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
    """Return the constraint for a refused value: the nearest allowed effort, or no value at all."""
    match = next((result for pattern in VALUES if (result := re.search(pattern, error.message))), None)
    if match is None:
        return None
    named = parameter_of(error.body)
    field = (locate(sent, named) if named else None) or effort_field(sent)
    if not field:
        return None
    value, values = get_path(sent, field), match.groupdict().get("values") or ""
    taken = tuple(re.findall(WORD, values) or re.findall(BARE_WORD, values))
    if value in EFFORTS:
        others = [one for one in taken or NEXT_EFFORTS[value] if one != value]
        if others:
            return LearnedConstraint(field, "replace", nearest_effort(value, tuple(others)), value, text, now)
    return LearnedConstraint(field, "drop", message=text, learned_at=now) if named and locate(sent, named) else None


def effort_field(sent: Mapping[str, Any]) -> str | None:
    """Return the path of the reasoning effort in the request, or None."""
    located = (field for name in EFFORT_FIELDS if (field := locate(sent, name)))
    return next((field for field in located if get_path(sent, field) in EFFORTS), None)


def refused_names(error: BadRequestError) -> Iterator[list[str]]:
    """Yield lists of refused fields, from the most reliable source to the least."""
    named = parameter_of(error.body)
    sure = (error.provider_code or "").startswith(("unsupported", "unknown_parameter"))
    if named and (sure or re.search(NEGATIVE, error.message)):
        yield [named]
    yield list(extra_forbidden(error.body))
    for pattern, features in FEATURES:
        if re.search(pattern, error.message):
            yield list(features)
    for pattern in REFUSED:
        if matches := list(re.finditer(pattern, error.message)):
            yield [name for match in matches for name in re.findall(r"[\w.]+", match["field"])]


def parameter_of(body: Any) -> str | None:
    """Return the field in the error's `param`, or None."""
    inner = body.get("error") if isinstance(body, Mapping) else None
    error = inner if isinstance(inner, Mapping) else body
    named = error.get("param") if isinstance(error, Mapping) else None
    return named if isinstance(named, str) else None


def extra_forbidden(body: Any) -> Iterator[str]:
    """Yield fields of validation errors at any depth: `{"type": "extra_forbidden", "loc": ["body", "seed"]}`."""
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
    """Return the path of the field in the request, compared without case and underscores; None if it was not sent."""
    field = name.removeprefix("body.").rstrip(".")
    if field.partition(".")[0] in ESSENTIAL:
        return None
    wanted = bare_name(field.rpartition(".")[2])
    exact = next((path for path in paths(sent) if path == name), None)
    return exact or next((path for path in paths(sent) if bare_name(path.rpartition(".")[2]) == wanted), None)


def any_limit(sent: Mapping[str, Any]) -> str | None:
    """Return the path of the output limit that was sent; errors may call it by another of its names."""
    return next((limit for name in LIMITS if (limit := locate(sent, name))), None)


def bare_name(name: str) -> str:
    return name.replace("_", "").lower()


def paths(sent: Mapping[str, Any], above: str = "") -> Iterator[str]:
    """Yield the path of every field that is not content, outer fields first."""
    inside = []
    for name, value in sent.items():
        if above or name not in ESSENTIAL:
            yield above + name
            if isinstance(value, Mapping) and name not in ("json_schema", "schema", "metadata"):
                inside.append((f"{above}{name}.", value))
    for prefix, value in inside:
        yield from paths(value, prefix)
