"""Fitting: a value that has a JSON Schema, and keeps it in the words of each dialect once it was rewritten."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from .base import Value

if TYPE_CHECKING:
    from ..schema.fit import Fitted
    from ..schema.rules import SchemaRules


class Fitting(Value):
    """Rewrites on first use."""

    def fitted(self, rules: SchemaRules) -> Fitted:
        """The schema in the words of a dialect."""
        from ..schema.fit import fit

        if rules not in self._fits:
            self._fits[rules] = fit(self._own_schema(), rules)
        return self._fits[rules]

    def _own_schema(self) -> dict[str, Any]:
        raise NotImplementedError

    @cached_property
    def _fits(self) -> dict[SchemaRules, Fitted]:
        return {}
