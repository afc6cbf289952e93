"""Lessons: what a provider taught by refusing a request, and how the next request heeds it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import copy
from typing import Any, Literal

from ..codecs.base import Outgoing
from ..dataclass import dataclass, replace
from ..types.warning import CallWarning

Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Lesson:
    """About one field of the request, by its path. `to` is the new name, value or limit; `said` the provider's words.

    A replacement holds for the value `instead_of` only.
    """

    field: str
    action: Literal["drop", "rename", "replace", "limit"]
    to: str | int | None = None
    instead_of: str | None = None
    said: str = ""
    learned_at: float = 0.0

    @property
    def what(self) -> tuple[str, str, str | None]:
        """Two lessons about the same thing are one."""
        return self.field, self.action, self.instead_of


def heed(outgoing: Outgoing, lessons: Iterable[Lesson], own: Iterable[Body] = ()) -> Outgoing:
    """The request as it may be sent, with a warning for each lesson that changed it.

    `own` is what the user wrote in the provider's words: that goes as it is, whatever was learned.
    """
    body, warnings = outgoing.body, []
    for lesson in lessons:
        if dig(body, lesson.field) is None or any(is_own(lesson.field, words) for words in own):
            continue
        changed = CHANGES[lesson.action](body, lesson)
        if changed is not body:
            body = changed
            warnings.append(CallWarning(code="learned", message=told(lesson), parameter=lesson.field))
    return replace(outgoing, body=body, warnings=(*outgoing.warnings, *warnings)) if warnings else outgoing


def is_own(field: str, words: Body) -> bool:
    return dig(words, field) is not None or field.rpartition(".")[2] in words


def dig(body: Body, field: str) -> Any:
    """The value at this path; None where there is none."""
    found: Any = body
    for step in field.split("."):
        if not isinstance(found, Mapping) or step not in found:
            return None
        found = found[step]
    return found


def drop(body: Any, lesson: Lesson) -> Any:
    return put(body, lesson.field.split("."), None)


def rename(body: Any, lesson: Lesson) -> Any:
    *above, last = lesson.field.split(".")
    value = dig(body, lesson.field)
    return put(put(body, [*above, last], None), [*above, str(lesson.to)], value)


def substitute(body: Any, lesson: Lesson) -> Any:
    same = dig(body, lesson.field) == lesson.instead_of
    return put(body, lesson.field.split("."), lesson.to) if same else body


def limit(body: Any, lesson: Lesson) -> Any:
    value = dig(body, lesson.field)
    above = isinstance(value, int) and isinstance(lesson.to, int) and value > lesson.to
    return put(body, lesson.field.split("."), lesson.to) if above else body


CHANGES = {"drop": drop, "rename": rename, "replace": substitute, "limit": limit}


def put(body: Body, path: list[str], value: Any) -> dict[str, Any]:
    """A copy with this value at this path; None takes it out, and what is empty then goes with it."""
    changed = copy(dict(body))
    step, *rest = path
    if rest:
        value = put(changed.get(step, {}), rest, value) or None
    if value is None:
        changed.pop(step, None)
    else:
        changed[step] = value
    return changed


def told(lesson: Lesson) -> str:
    done = {
        "drop": "it was left out",
        "rename": f"it was sent as {lesson.to!r}",
        "replace": f"{lesson.to!r} was sent instead of {lesson.instead_of!r}",
        "limit": f"it was lowered to {lesson.to}",
    }
    return f"{lesson.field!r} was refused before, so {done[lesson.action]}. The provider said: {lesson.said}"
