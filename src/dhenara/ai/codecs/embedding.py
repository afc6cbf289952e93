"""Embeddings: what all their codecs do alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..dataclass import dataclass
from ..errors import UnsupportedError
from ..types.call import Call
from ..types.embedding import EmbeddingRequest
from ..types.media import Media
from .media_types import with_media_type
from .operation import request_of
from .operation_quirks import EmbeddingQuirks
from .warnings import WarningCollector

NUMBERS = {int, float}
PLURALS = {"image": "pictures", "audio": "sound", "video": "videos", "file": "documents"}


@dataclass(frozen=True, slots=True)
class EmbeddingInput:
    """A request for embeddings, ready to be written. With pictures among them, `texts` are not all there is."""

    model: str
    inputs: tuple[str | Media, ...]
    params: Mapping[str, Any]
    warnings: WarningCollector

    @property
    def texts(self) -> list[str]:
        """The inputs, where all of them are texts."""
        return [one for one in self.inputs if isinstance(one, str)]

    @property
    def has_images(self) -> bool:
        """Whether there are pictures among them."""
        return any(not isinstance(one, str) for one in self.inputs)


def read_embedding_input(call: Call, quirks: EmbeddingQuirks) -> EmbeddingInput:
    """What is asked for, under the names that the wire has for it."""
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
    """The vectors of an answer; ValueError where there are none, or something else."""
    if not isinstance(vectors, list) or not vectors:
        raise ValueError("there are no vectors in it")
    if not all(isinstance(vector, list) and vector and set(map(type, vector)) <= NUMBERS for vector in vectors):
        raise ValueError("its vectors are not lists of numbers")
    return vectors


def check_images(call: Call, request: EmbeddingRequest, quirks: EmbeddingQuirks) -> None:
    """Media are for models that take them in."""
    taken = {*(("image",) if quirks.pictures else ()), *quirks.media}
    for one in request.texts:
        if not isinstance(one, str) and one.type not in taken:
            provider, model = call.endpoint.api.provider, call.endpoint.ai_model.model_name
            what = PLURALS[one.type]
            raise UnsupportedError(f"{provider} makes no vectors of {what} with {model}; ask another model for them")


def write_value(name: str, value: Any, quirks: EmbeddingQuirks) -> Any:
    return quirks.input_types.get(value) if name == "input_type" else value
