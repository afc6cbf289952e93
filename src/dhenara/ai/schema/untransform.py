"""Converts values of a rewritten schema back: a null that stands for a missing property is removed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .validate import Checker, TooComplex, tuple_items

MOST_STEPS = 200_000


def restore(value: Any, schema: Any, checker: Checker | None = None) -> Any:
    """Return the value as the original schema wants it; values that already satisfy it are not changed.

    Args:
        value: A JSON value that follows the rewritten schema.
        schema: The original schema.
        checker: Checker of this schema, if there is one already.

    Returns:
        The value without nulls for missing properties. A value that is too complex is returned unchanged.
    """
    checker = checker or Checker(schema)
    checker.restart()
    try:
        return SchemaRestorer(checker).restore(value, schema)
    except (TooComplex, RecursionError):
        return value


class SchemaRestorer:
    """Restores one value. Results for its parts are cached, because alternatives examine parts again."""

    def __init__(self, checker: Checker) -> None:
        self._checker = checker
        self._restored: dict[tuple[int, int], tuple[Any, Any]] = {}
        self._fitting: dict[tuple[int, int], tuple[Any, bool]] = {}

    def restore(self, value: Any, schema: Any) -> Any:
        if not isinstance(schema, Mapping) or not isinstance(value, dict | list):
            return value
        key = id(value), id(schema)
        # The value is held with the result, so that its id is not given to another one.
        known = self._restored.get(key)
        if known is None:
            if len(self._restored) > MOST_STEPS:
                raise TooComplex
            known = self._restored[key] = value, self._restore(value, schema)
        return known[1]

    def _restore(self, value: Any, schema: Mapping[str, Any]) -> Any:
        if isinstance(schema.get("$ref"), str):
            value = self.restore(value, self._checker.resolve(schema["$ref"]))
        for part in schema.get("allOf", ()):
            value = self.restore(value, part)
        for word in ("anyOf", "oneOf"):
            if word in schema:
                value = self._chosen(value, schema[word])
        if isinstance(value, list):
            first, rest = tuple_items(schema)
            return [self.restore(one, first[index] if index < len(first) else rest) for index, one in enumerate(value)]
        return {
            name: self._property(name, inner, schema)
            for name, inner in value.items()
            if self._stays(name, inner, schema)
        }

    def _chosen(self, value: Any, alternatives: list[Any]) -> Any:
        """Restore by the first alternative that the restored value satisfies."""
        for one in alternatives:
            restored = self.restore(value, one)
            if self._fits(restored, one):
                return restored
        return value

    def _fits(self, value: Any, schema: Any) -> bool:
        if not isinstance(value, dict | list):
            return self._checker.fits(value, schema)
        key = id(value), id(schema)
        known = self._fitting.get(key)
        if known is None:
            known = self._fitting[key] = value, self._checker.fits(value, schema)
        return known[1]

    def _property(self, name: str, value: Any, schema: Mapping[str, Any]) -> Any:
        known = schema.get("properties", {})
        return self.restore(value, known.get(name, schema.get("additionalProperties", True)))

    def _stays(self, name: str, value: Any, schema: Mapping[str, Any]) -> bool:
        known = schema.get("properties", {})
        required = schema.get("required", ())
        if value is not None or name not in known or not isinstance(required, list | tuple) or name in required:
            return True
        return self._fits(None, known[name])
