"""Structured output: the shape an answer must have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, Field, model_validator

from .base import Value


class StructuredOutput(Value):
    """A JSON Schema with a name. A pydantic model class, or a bare schema, becomes one by itself."""

    output_schema: dict[str, Any]
    name: str = "answer"
    description: str | None = None
    strict: bool | None = None
    model_class: type[BaseModel] | None = Field(default=None, exclude=True, repr=False)

    @model_validator(mode="before")
    @classmethod
    def _read_shape(cls, given: Any) -> Any:
        if isinstance(given, type) and issubclass(given, BaseModel):
            return {
                "output_schema": given.model_json_schema(),
                "name": given.__name__,
                "model_class": given,
            }
        if isinstance(given, Mapping) and "output_schema" not in given:
            return {"output_schema": dict(given), "name": str(given.get("title") or "answer")}
        return given
