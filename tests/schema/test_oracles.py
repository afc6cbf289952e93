"""The vendors' own rewriting finds nothing left to do in ours."""

from __future__ import annotations

import copy
from typing import Any

from anthropic.lib._parse._transform import transform_schema as anthropic_schema
from hypothesis import given
from openai.lib._pydantic import _ensure_strict_json_schema

from dhenara.ai.schema import keywords
from dhenara.ai.schema.transform import transform_schema
from support.schemas import Schema, schemas


@given(schemas())
def test_openais_own_strict_schema_is_ours(schema: Schema) -> None:
    fitted = transform_schema(schema, keywords.ALL_REQUIRED)
    if fitted.impossible:
        return
    ours = copy.deepcopy(fitted.schema)
    assert _ensure_strict_json_schema(ours, path=(), root=ours) == fitted.schema


@given(schemas())
def test_anthropics_own_schema_is_ours(schema: Schema) -> None:
    fitted = transform_schema(schema, keywords.CLOSED)
    if fitted.impossible:
        return
    assert plain(anthropic_schema(copy.deepcopy(fitted.schema))) == plain(fitted.schema)


def plain(schema: Any) -> Any:
    """Without types that its values tell already, and without order."""
    if isinstance(schema, list):
        return [plain(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    reported = {name: plain(value) for name, value in schema.items()}
    if "enum" in reported or "const" in reported:
        reported.pop("type", None)
    return {name: reported[name] for name in sorted(reported)}
