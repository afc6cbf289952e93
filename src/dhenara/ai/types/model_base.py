"""Base class of the public data types: frozen, strict about field names, lossless as JSON."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

DISCREET = ConfigDict(hide_input_in_errors=True)
"""Configuration of models with secrets: validation errors do not show the input."""


class FrozenModel(BaseModel):
    """Frozen pydantic model that rejects unknown fields."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        ser_json_bytes="base64",
        val_json_bytes="base64",
        ser_json_inf_nan="strings",
        protected_namespaces=(),
        use_enum_values=False,
        defer_build=True,
    )


def model_fields(given: object) -> dict[str, Any] | None:
    """The fields of an object of a vendor's SDK, as its API writes them; None for anything else."""
    if not isinstance(given, BaseModel) or isinstance(given, FrozenModel):
        return None
    return given.model_dump(by_alias=True, exclude_unset=True)
