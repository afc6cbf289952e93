"""Base class of types with a JSON Schema, with a cache of its provider-specific forms."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from .model_base import FrozenModel

if TYPE_CHECKING:
    from ..schema.rules import SchemaRules
    from ..schema.transform import TransformedSchema


class SchemaSource(FrozenModel):
    """A schema that is transformed on first use."""

    def transformed(self, rules: SchemaRules) -> TransformedSchema:
        """Return the schema in the form that these rules allow."""
        from ..schema.transform import transform_schema

        if rules not in self._fits:
            self._fits[rules] = transform_schema(self._own_schema(), rules)
        return self._fits[rules]

    def _own_schema(self) -> dict[str, Any]:
        raise NotImplementedError

    @cached_property
    def _fits(self) -> dict[SchemaRules, TransformedSchema]:
        return {}
