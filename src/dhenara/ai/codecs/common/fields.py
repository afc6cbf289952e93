"""Readers for JSON fields, numbers and usage reports that tolerate missing and invalid values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ...types.chat.delta import Delta, UsageDelta, WarningDelta
from ...types.chat.report import CallWarning
from ...types.chat.usage import Usage
from ...types.content.media import Citation

Wire = dict[str, Any]


def read_text(data: Mapping[str, Any], name: str) -> str:
    value = data.get(name)
    return value if isinstance(value, str) else ""


def read_object(data: Mapping[str, Any], name: str) -> Wire:
    value = data.get(name)
    return value if isinstance(value, dict) else {}


def read_objects(data: Mapping[str, Any], name: str) -> list[Wire]:
    """Return the objects in this field; a single object becomes a list of one."""
    value = data.get(name)
    if isinstance(value, dict):
        return [value]
    if not isinstance(value, list):
        return []
    for one in value:
        if not isinstance(one, dict):
            return [one for one in value if isinstance(one, dict)]
    return value


def read_index(data: Mapping[str, Any], name: str, otherwise: int = 0) -> int:
    """Return the index; `otherwise` if the provider omits it."""
    value = data.get(name)
    return value if isinstance(value, int) else otherwise


def require(data: Any, what: str, *names: str) -> None:
    """Raise ValueError unless this is an object with at least one of these fields. `what` names the expected
    object.
    """
    if not isinstance(data, dict) or not any(data.get(name) is not None for name in names):
        raise ValueError(f"expected {what}, but it has no {' and no '.join(names)}")


def read_name(data: Mapping[str, Any], name: str) -> str | None:
    """Return an id or a name; some providers send a number."""
    value = data.get(name)
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
    """Return the count; None if it is missing or invalid."""
    value = report.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if 0 <= value <= LARGEST else None  # NaN fails both comparisons


def read_int(report: Report, name: str) -> int:
    """Return the count; 0 if it is missing or invalid."""
    return count(report, name) or 0


def amount(report: Report, *names: str) -> float | None:
    """Return the first valid amount (money or seconds: finite and not negative) of these fields."""
    for name in names:
        value = report.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= LARGEST:
            return float(value)
    return None


def read_ints(report: Report) -> dict[str, int]:
    """Return all valid counts of this part of the report."""
    return {name: number for name in report if (number := count(report, name)) is not None}


def invalid_counts(report: Report) -> tuple[str, ...]:
    """Return the names of fields, also nested ones, that should be counts but are not."""
    return tuple(dict.fromkeys(iter_invalid_counts(report)))


def iter_invalid_counts(report: Report) -> Iterator[str]:
    for name, value in report.items():
        if isinstance(value, Mapping):
            yield from (f"{name}.{inner}" for inner in value if is_invalid_count(value, inner))
        elif is_invalid_count(report, name):
            yield name


def is_invalid_count(report: Report, name: str) -> bool:
    value = report[name]
    if type(value) is int and 0 <= value <= LARGEST:
        return False
    if value is None or isinstance(value, Mapping | list) or not str(name).endswith(COUNT_ENDINGS):
        return False
    return count(report, name) is None


def unread_warning(content: Any) -> Iterator[Delta]:
    """Warn about entries of a content list without any field, except for nulls next to readable entries."""
    if not isinstance(content, list) or all(map(is_readable, content)):
        return
    unread = [one for one in content if not is_readable(one)]
    if len(unread) < len(content):
        unread = [one for one in unread if one is not None]
    if unread:
        message = f"{len(unread)} content block(s) of the response cannot be read: they are empty or no objects"
        yield WarningDelta(CallWarning(code="provider_warning", message=message))


def is_readable(block: Any) -> bool:
    return isinstance(block, Mapping) and any(value is not None for value in block.values())


def usage_deltas(usage: Usage) -> Iterator[Delta]:
    """Return the usage, with a warning if the report is unclear."""
    yield UsageDelta(usage)
    if usage.unclear:
        yield WarningDelta(
            CallWarning(
                code="provider_warning",
                message=(
                    f"the usage report does not say clearly how many tokens were used: {', '.join(usage.unclear)} "
                    "are missing, cannot be read, or contradict the other counts. They are in no bucket, and the cost "
                    "is unknown unless the provider reports it; usage.raw has the report."
                ),
                parameter="usage",
            )
        )


def read_extras(data: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any] | None:
    """Return those of these fields that are not empty; None if all are."""
    return {name: value for name in names if (value := data.get(name))} or None
