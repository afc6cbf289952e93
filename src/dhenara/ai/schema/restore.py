"""Answers to a rewritten schema, read back: a null that only meant "not there" is left out again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .check import Checker, resolved


def restore(value: Any, schema: Any) -> Any:
    """The value as the original schema would have had it. Values that were right before stay as they are."""
    return Restorer(schema).restore(value, schema)


class Restorer:
    """Knows the whole schema, which references speak of."""

    def __init__(self, root: Any) -> None:
        self._root = root
        self._checker = Checker(root)

    def restore(self, value: Any, schema: Any) -> Any:
        if not isinstance(schema, Mapping) or not isinstance(value, dict | list):
            return value
        if "$ref" in schema:
            value = self.restore(value, resolved(self._root, schema["$ref"]))
        for part in schema.get("allOf", ()):
            value = self.restore(value, part)
        for word in ("anyOf", "oneOf"):
            if word in schema:
                value = self._chosen(value, schema[word])
        if isinstance(value, list):
            return self._list(value, schema)
        return {
            name: self._property(name, inner, schema)
            for name, inner in value.items()
            if self._stays(name, inner, schema)
        }

    def _chosen(self, value: Any, alternatives: list[Any]) -> Any:
        """By the first alternative that the restored value satisfies."""
        for one in alternatives:
            restored = self.restore(value, one)
            if self._fits(restored, one):
                return restored
        return value

    def _fits(self, value: Any, schema: Any) -> bool:
        return next(self._checker.check(value, schema, ""), None) is None

    def _list(self, value: list[Any], schema: Mapping[str, Any]) -> list[Any]:
        first = schema.get("prefixItems", ())
        rest = schema.get("items", True)
        return [self.restore(one, first[index] if index < len(first) else rest) for index, one in enumerate(value)]

    def _property(self, name: str, value: Any, schema: Mapping[str, Any]) -> Any:
        known = schema.get("properties", {})
        return self.restore(value, known.get(name, schema.get("additionalProperties", True)))

    def _stays(self, name: str, value: Any, schema: Mapping[str, Any]) -> bool:
        known = schema.get("properties", {})
        if value is not None or name not in known or name in schema.get("required", ()):
            return True
        return self._fits(None, known[name])
