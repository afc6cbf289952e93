"""Embeddings: what all their codecs do alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..types.call import Call
from ..types.embedding import EmbeddingRequest
from .operation import request_of
from .operation_quirks import EmbeddingQuirks
from .warnings import Warnings


@dataclass(frozen=True, slots=True)
class Asked:
    """A request for embeddings, ready to be written."""

    model: str
    texts: list[str]
    params: Mapping[str, Any]
    warnings: Warnings


def read_asked(call: Call, quirks: EmbeddingQuirks) -> Asked:
    """What is asked for, under the names that the wire has for it."""
    request, warnings = request_of(call, EmbeddingRequest), Warnings(str(call.endpoint.api.provider))
    wanted = {
        "dimensions": request.dimensions,
        "input_type": request.input_type,
        "truncate": request.truncate,
        "user": call.config.user,
    }
    params: dict[str, Any] = {}
    for name, value in wanted.items():
        if value is None:
            continue
        wire, spelled = quirks.params.get(name), spell(name, value, quirks)
        if wire is None or spelled is None:
            warnings.unsupported(name if wire is None else f"{name}={value!r}")
        else:
            params[wire] = spelled
    return Asked(call.endpoint.ai_model.model_name, list(request.texts), params, warnings)


def spell(name: str, value: Any, quirks: EmbeddingQuirks) -> Any:
    return quirks.input_types.get(value) if name == "input_type" else value
