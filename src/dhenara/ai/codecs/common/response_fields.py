"""Readers for the JSON fields, numbers and token counts of responses, which tolerate missing and invalid values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from ...types.chat.delta import Delta, UsageDelta, WarningDelta
from ...types.chat.report import CallWarning
from ...types.chat.usage import Usage
from ...types.content.media import Citation

Wire = dict[str, Any]


def read_text(data: Mapping[str, Any], name: str) -> str:
    value = data.get(name, "")
    return value if value.__class__ is str or isinstance(value, str) else ""


def read_object(data: Mapping[str, Any], name: str) -> Wire:
    value = data.get(name, {})
    return value if value.__class__ is dict or isinstance(value, dict) else {}


def read_objects(data: Mapping[str, Any], name: str) -> list[Wire]:
    """Return the objects in this field; a single object becomes a list of one."""
    value = data.get(name)
    if value is None or (value.__class__ is not list and not isinstance(value, list)):
        return [value] if isinstance(value, dict) else []
    for one in value:
        if one.__class__ is not dict and not isinstance(one, dict):
            return [one for one in value if isinstance(one, dict)]
    return value


def read_index(data: Mapping[str, Any], name: str, otherwise: int = 0) -> int:
    """Return the index; `otherwise` if the provider omits it."""
    value = data.get(name)
    return value if isinstance(value, int) else otherwise


def require(data: Any, what: str, *names: str) -> None:
    """Raise ValueError unless this is an object with at least one of these fields; `what` names the object."""
    if not isinstance(data, dict) or not any(data.get(name) is not None for name in names):
        raise ValueError(f"expected {what}, but it has no {' and no '.join(names)}")


def read_name(data: Mapping[str, Any], name: str) -> str | None:
    """Return an id or a name; some providers send a number."""
    value = data.get(name)
    if value.__class__ is str:
        return value or None
    return str(value) if isinstance(value, str | int) and value != "" else None


def address_of(source: Any) -> str | None:
    """Return the source of a citation if it is a URL."""
    return source if isinstance(source, str) and "://" in source else None


def build_citation(extras: Wire | None = None, **facts: Any) -> Citation:
    """Create a citation; values of the wrong type are ignored."""
    stored: dict[str, Any] = {name: fact for name, fact in facts.items() if isinstance(fact, KINDS[name])}
    return Citation(extras=extras or {}, **stored)


KINDS: dict[str, type] = {"url": str, "title": str, "cited_text": str, "start": int, "end": int}

Report = Mapping[str, Any]

LARGEST = 2**53
"""Larger numbers are errors, and floats cannot represent them exactly."""

COUNT_ENDINGS = ("tokens", "Tokens", "TokenCount", "eval_count", "cost")


def count(report: Report, name: str) -> int | None:
    """Return the count; None if it is missing or invalid. A fraction is no count: rounded, it would cost too little."""
    value = report.get(name, -1)
    kind = type(value)
    return int(value) if (kind is int or (kind is float and value.is_integer())) and 0 <= value <= LARGEST else None


def read_int(report: Report, name: str) -> int:
    """Return the count; 0 if it is missing or invalid."""
    return count(report, name) or 0 if name in report else 0


def amount(report: Report, *names: str) -> float | None:
    """Return the first valid amount (money or seconds: finite and not negative) of these fields."""
    for name in names:
        if name in report:
            value = report[name]
            if type(value) in (int, float) and 0 <= value <= LARGEST:
                return float(value)
    return None


def first_int(report: Report, *names: str) -> int:
    """Return the first of these counts that is valid and not 0; 0 if none is."""
    for name in names:
        if name in report and (number := count(report, name)):
            return number
    return 0


def read_cache_writes(details: Report) -> dict[str, int]:
    """Return the tokens written to the cache by lifetime: minutes, and 12 hours."""
    written = first_int(details, "cache_write_tokens", "cache_creation_input_tokens")
    long = min(written, read_int(read_object(details, "cache_write_tokens_details"), "ttl_12h_tokens"))
    return {"cache_write_tokens": written - long, "cache_write_1h_tokens": long}


def read_ints(report: Report) -> dict[str, int]:
    """Return all valid counts of this part of the report."""
    return {name: number for name in report if (number := count(report, name)) is not None}


def invalid_counts(report: Report) -> tuple[str, ...]:
    """Return the names of fields, also nested ones, that should be counts but are not."""
    invalid: dict[str, None] = {}
    for name, value in report.items():
        if value.__class__ is int and 0 <= value <= LARGEST:
            continue
        if value.__class__ is dict or isinstance(value, Mapping):
            for inner, one in value.items():
                if (one.__class__ is not int or not 0 <= one <= LARGEST) and is_invalid_count(value, inner):
                    invalid[f"{name}.{inner}"] = None
        elif is_invalid_count(report, name):
            invalid[name] = None
    return tuple(invalid)


def is_invalid_count(report: Report, name: str) -> bool:
    value = report[name]
    if value is None or isinstance(value, Mapping | list) or not str(name).endswith(COUNT_ENDINGS):
        return False
    return (amount if str(name).endswith("cost") else count)(report, name) is None


def unread_warning(content: Any) -> Sequence[Delta]:
    """Warn about entries of a content list without any field, except for nulls next to readable entries."""
    unread = [one for one in content if not is_readable(one)] if content.__class__ is list else []
    if unread and len(unread) < len(content):
        unread = [one for one in unread if one is not None]
    if not unread:
        return ()
    message = f"{len(unread)} content block(s) of the response cannot be read: they are empty or no objects"
    return (WarningDelta(CallWarning(code="provider_warning", message=message)),)


def is_readable(block: Any) -> bool:
    if block.__class__ is dict or isinstance(block, Mapping):
        for value in block.values():
            if value is not None:
                return True
    return False


def usage_deltas(usage: Usage) -> Sequence[Delta]:
    """Return the usage, with a warning if the report is unclear."""
    if not usage.unclear:
        return (UsageDelta(usage),)
    message = (
        "the usage report does not say clearly how many tokens were used. Fields that are missing, cannot be read or "
        f"contradict other counts: {', '.join(usage.unclear)}. They are in no bucket, and the cost "
        "is unknown unless the provider reports it; usage.raw has the report."
    )
    return UsageDelta(usage), WarningDelta(CallWarning(code="provider_warning", message=message, parameter="usage"))


def read_extras(data: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any] | None:
    """Return those of these fields that are not empty; None if all are."""
    return None if data.keys().isdisjoint(names) else {name: data[name] for name in names if data.get(name)} or None


REASONING, AUDIO = "reasoning_tokens", "input_audio_tokens"
INPUT, OUTPUT, TOTAL = "input_tokens", "output_tokens", "total_tokens"

Parts = Mapping[str, int]
SeparateCounts = frozenset[str]


@dataclass(slots=True, eq=False)
class TokenReport:
    """The counts of a provider: `read` are parts of the prompt, `made` parts of the completion, by our field names.
    `separate` names the parts that this protocol counts separately from the prompt or completion.
    """

    prompt: int | None
    completion: int | None
    total: int | None
    read: Parts = field(default_factory=dict)
    made: Parts = field(default_factory=dict)
    separate: SeparateCounts = frozenset()


@dataclass(slots=True, eq=False)
class Buckets:
    """Counts by the field names of `Usage`, and the names of unclear counts."""

    counts: dict[str, int]
    unclear: tuple[str, ...] = ()


def split(report: TokenReport) -> Buckets:
    """The buckets of a report. Their sum is its total, where it has one that its parts do not contradict."""
    prompt, completion, total = report.prompt, report.completion, report.total
    if prompt is None or completion is None:
        prompt, completion, total = derive_missing(prompt, completion, total)
    if prompt is None or completion is None:
        return split_partial(report, prompt, completion)
    total = total or None
    read = {name: n for name, n in report.read.items() if n} if report.read else {}
    made = {name: n for name, n in report.made.items() if n} if report.made else {}
    if not read and not made and (total is None or total == prompt + completion):
        return Buckets({INPUT: prompt, OUTPUT: completion})
    usual = report.separate & {*read, *made}
    fitting = consistent_separations(prompt, completion, total, read, made, usual)
    if not fitting:
        return contradictory_buckets(prompt, completion, total, read, made)
    counts = to_counts(prompt, completion, read, made, fitting[0])
    # Several readings fit, none of them the protocol's own: the counts in which they differ are unclear.
    doubts = () if fitting[0] == usual or len(fitting) == 1 else tuple(sorted(set().union(*fitting)))
    return Buckets(counts, doubts)


def split_if_counted(report: TokenReport) -> Buckets:
    """As `split`; no buckets where no tokens are reported, as by hosts that bill images or seconds instead."""
    if report.prompt is None and report.completion is None and report.total is None:
        return Buckets({})
    return split(report)


def split_partial(report: TokenReport, prompt: int | None, completion: int | None) -> Buckets:
    """The buckets of a report without its prompt or completion: the parts of what is missing are still known."""
    missing = tuple(name for name, n in ((INPUT, prompt), (OUTPUT, completion)) if n is None)
    least = TokenReport(
        included_sum(report.read, report.separate) if prompt is None else prompt,
        included_sum(report.made, report.separate) if completion is None else completion,
        None,
        report.read,
        report.made,
        report.separate,
    )
    buckets = split(least)
    return Buckets(buckets.counts, (*missing, *buckets.unclear))


def derive_missing(
    prompt: int | None, completion: int | None, total: int | None
) -> tuple[int | None, int | None, int | None]:
    """One of the three follows from the other two; what follows from nothing is not known."""
    if total is not None and prompt is not None and completion is None and total >= prompt:
        completion = total - prompt
    elif total is not None and completion is not None and prompt is None and total >= completion:
        prompt = total - completion
    return prompt, completion, total


def consistent_separations(
    prompt: int, completion: int, total: int | None, read: Parts, made: Parts, usual: SeparateCounts
) -> list[SeparateCounts]:
    """Return every choice of separate parts that adds up; the protocol's own first."""
    sizes = {**read, **made}
    names = sorted(sizes, key=lambda name: (name not in usual, name != REASONING))
    every = [usual] if total is None else [usual, *subsets(names)]
    consistent = [
        extra
        for extra in every
        if (total is None or prompt + completion + sum(sizes[name] for name in extra) == total)
        and included_sum(read, extra) <= prompt
        and included_sum(made, extra) <= completion
    ]
    return list(dict.fromkeys(consistent))


def subsets(names: Sequence[str]) -> Iterator[SeparateCounts]:
    return (frozenset(some) for size in range(len(names) + 1) for some in combinations(names, size))


def included_sum(parts: Parts, extra: SeparateCounts) -> int:
    return sum(n for name, n in parts.items() if name not in extra)


def to_counts(prompt: int, completion: int, read: Parts, made: Parts, extra: SeparateCounts) -> dict[str, int]:
    main = {INPUT: prompt - included_sum(read, extra), OUTPUT: completion - included_sum(made, extra)}
    return {**main, **read, **made}


def contradictory_buckets(prompt: int, completion: int, total: int | None, read: Parts, made: Parts) -> Buckets:
    """No reading adds up: return the counts that are certain."""
    clear_read = parts_within(read, prompt)
    unclear = [name for name in read if name not in clear_read]
    hidden = 0 if total is None else total - prompt - completion
    clear_made = dict(made)
    if hidden > 0:
        # A total above the sum of its parts includes reasoning that the provider leaves out of the completion.
        clear_made[REASONING] = hidden
        completion += hidden
        if made.get(REASONING, hidden) != hidden:
            unclear.append(REASONING)
    if hidden:
        unclear.append(TOTAL)
    if sum(clear_made.values()) > completion:
        unclear += [name for name in made if name not in unclear]
        # If the completion is smaller than its reasoning, all of it is reasoning.
        alone = clear_made.keys() == {REASONING} or hidden > 0
        clear_made = {REASONING: hidden if hidden > 0 else completion} if alone else {}
    return Buckets(to_counts(prompt, completion, clear_read, clear_made, frozenset()), tuple(unclear))


def parts_within(parts: Parts, whole: int) -> dict[str, int]:
    """Return the parts that can be disjoint; audio may also be cached, so it is dropped first."""
    for some in (parts, {name: n for name, n in parts.items() if name != AUDIO}):
        if sum(some.values()) <= whole:
            return dict(some)
    return {}


def with_expected(usage: Usage, expected: Usage | None) -> Usage:
    """Return the reported usage with the units that the request determined, where the provider reports others only."""
    if expected is None:
        return usage
    return usage.model_copy(
        update={
            "units": {**expected.units, **usage.units},
            "counted": tuple(unit for unit in expected.counted if unit not in usage.units),
            "options": {**expected.options, **usage.options},
        }
    )


TICKS = 10_000_000_000
"""xAI reports costs in ticks; this many make a dollar."""


def reported_cost(report: Report) -> float | None:
    """Return the cost in dollars, if reported. Routers charge only their fee for calls with keys of the caller."""
    cost = report.get("cost")
    dollars = amount(cost, "total_cost") if isinstance(cost, dict) else amount(report, "cost", "estimated_cost")
    if dollars is not None and report.get("is_byok"):
        upstream = amount(read_object(report, "cost_details"), "upstream_inference_cost")
        return None if upstream is None else dollars + upstream
    if dollars is not None:
        return dollars
    return None if (ticks := amount(report, "cost_in_usd_ticks")) is None else ticks / TICKS
