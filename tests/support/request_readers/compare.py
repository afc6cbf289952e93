"""Two request bodies, compared field by field; paths have no indexes: one line explains one kind of difference."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

MISSING = "(nothing)"
EMPTY: tuple[Any, ...] = (None, [], {})


@dataclass(frozen=True)
class Difference:
    path: str
    recorded: Any
    ours: Any


@dataclass(frozen=True)
class Reason:
    """Why a field may differ, where `holds` says that this is the case."""

    path: str
    why: str
    holds: Callable[[Any, Any], bool] = lambda recorded, ours: True

    def explains(self, actual: Difference) -> bool:
        return fnmatchcase(actual.path, self.path) and self.holds(actual.recorded, actual.ours)


def differences(recorded: Any, ours: Any, path: str = "") -> Iterator[Difference]:
    """Every leaf that is not the same; null, nothing in it and absent are the same."""
    recorded, ours = unordered(recorded, path), unordered(ours, path)
    if isinstance(recorded, Mapping) and isinstance(ours, Mapping):
        for key in dict.fromkeys([*recorded, *ours]):
            one, other = recorded.get(key), ours.get(key)
            if one not in EMPTY or other not in EMPTY:
                yield from differences(shown(one), shown(other), f"{path}.{key}" if path else key)
    elif isinstance(recorded, list) and isinstance(ours, list) and len(recorded) == len(ours):
        for one, other in zip(recorded, ours, strict=True):
            yield from differences(one, other, path)
    elif recorded != ours:
        yield Difference(path, recorded, ours)


def unordered(value: Any, path: str) -> Any:
    """Lists whose order says nothing: what is required, and which tools there are."""
    if isinstance(value, list) and path.endswith(".required"):
        return sorted(value)
    if isinstance(value, list) and path == "tools":
        return sorted(value, key=named)
    return value


def named(tool: dict[str, Any]) -> tuple[bool, str]:
    function = tool.get("function") or tool
    return tool.get("type") not in (None, "function", "custom"), str(function.get("name"))


def shown(value: Any) -> Any:
    return MISSING if value in EMPTY else value
