"""Shared parts of the embedding codecs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...errors import UnsupportedError
from ...types.config.call import Call
from ...types.content.media import Media
from ...types.operations.embedding import EmbeddingRequest
from ..common.warnings import WarningCollector
from ..media.support import with_media_type
from .operation import EmbeddingQuirks, request_of

NUMBERS = {int, float}
PLURALS = {"image": "pictures", "audio": "sound", "video": "videos", "file": "documents"}


@dataclass(frozen=True, slots=True)
class EmbeddingInput:
    """An embedding request, ready to be encoded. With images among the inputs, `texts` is incomplete."""

    model: str
    inputs: tuple[str | Media, ...]
    params: Mapping[str, Any]
    warnings: WarningCollector

    @property
    def texts(self) -> list[str]:
        """The inputs, if all of them are texts."""
        return [one for one in self.inputs if isinstance(one, str)]

    @property
    def has_images(self) -> bool:
        """Whether the inputs contain images."""
        return any(not isinstance(one, str) for one in self.inputs)


def read_embedding_input(call: Call, quirks: EmbeddingQuirks) -> EmbeddingInput:
    """Read the request, with parameters renamed to those of the dialect."""
    request, warnings = request_of(call, EmbeddingRequest), WarningCollector(str(call.endpoint.api.provider))
    wanted = {
        "dimensions": request.dimensions,
        "input_type": request.input_type,
        "truncate": request.truncate,
        "user": call.config.user,
    }
    check_images(call, request, quirks)
    params: dict[str, Any] = {}
    for name, value in wanted.items():
        if value is None:
            continue
        wire, normalized = quirks.params.get(name), write_value(name, value, quirks)
        if wire is None or normalized is None:
            warnings.unsupported(name if wire is None else f"{name}={value!r}")
        else:
            params[wire] = normalized
    inputs = tuple(one if isinstance(one, str) else with_media_type(one) for one in request.texts)
    return EmbeddingInput(call.endpoint.ai_model.model_name, inputs, params, warnings)


def checked(vectors: Any) -> list[list[float]]:
    """Check the vectors of a response; raises ValueError if they are missing or invalid."""
    if not isinstance(vectors, list) or not vectors:
        raise ValueError("the response contains no vectors")
    if not all(isinstance(vector, list) and vector and set(map(type, vector)) <= NUMBERS for vector in vectors):
        raise ValueError("the vectors in the response are not lists of numbers")
    return vectors


def check_images(call: Call, request: EmbeddingRequest, quirks: EmbeddingQuirks) -> None:
    """Raise if the model does not support media."""
    taken = {*(("image",) if quirks.pictures else ()), *quirks.media}
    for one in request.texts:
        if not isinstance(one, str) and one.type not in taken:
            provider, model = call.endpoint.api.provider, call.endpoint.ai_model.model_name
            what = PLURALS[one.type]
            raise UnsupportedError(f"{provider} ({model}): embeddings of {what} are not supported. Use another model")


def write_value(name: str, value: Any, quirks: EmbeddingQuirks) -> Any:
    return quirks.input_types.get(value) if name == "input_type" else value
