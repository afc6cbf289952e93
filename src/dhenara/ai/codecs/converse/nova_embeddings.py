"""Amazon Nova embeddings: one text, image, audio or video in each request, through InvokeModel.

The schema is that of https://docs.aws.amazon.com/nova/latest/userguide/embeddings-schema.html (synchronous).
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

from ...errors import UnsupportedError
from ...types.chat.delta import Delta, ResultDelta, UsageDelta
from ...types.chat.usage import Usage
from ...types.config.call import Call
from ...types.content.parts import Media, VideoContent
from ...types.operations.embedding import EmbeddingResponse
from ...wire import json
from ...wire.media_headers import image_type
from ..base import BinaryBody, EncodedRequest, ResponseFormat
from ..common.paths import quote_segment
from ..failure import aws_error
from ..operations.embedding import checked, read_embedding_input
from ..operations.operation import DocumentReader, EmbeddingQuirks, OperationCodec

Wire = dict[str, Any]
USUAL = {"image": "image/png", "audio": "audio/wav", "video": "video/mp4"}
FORMATS = {"jpg": "jpeg", "mpeg": "mpeg", "quicktime": "mov", "matroska": "mkv", "3gpp": "3gp", "vnd.wave": "wav"}
SOUNDS = {"mpeg": "mp3", "vorbis": "ogg"}
COUNTED = "x-amzn-bedrock-input-token-count"


def write(call: Call, quirks: EmbeddingQuirks) -> EncodedRequest:
    """Encode the request; the default purpose is that of texts to be searched."""
    request = read_embedding_input(call, quirks)
    params = dict(request.params)
    truncation = "END" if params.pop("truncationMode", None) else "NONE"
    body: Wire = {
        "taskType": "SINGLE_EMBEDDING",
        "singleEmbeddingParams": {
            "embeddingPurpose": "GENERIC_INDEX",
            **quirks.defaults,
            **params,
            **write_input(request.inputs[0], truncation),
            **call.endpoint.ai_model.parameters,
            **call.config.options,
        },
    }
    path = quirks.path.format(model=quote_segment(request.model))
    # The token count is in a response header, not in the body.
    response_format = ResponseFormat(DocumentReader(read_counted), body="blob")
    return EncodedRequest(path, body, {}, request.warnings.all(), response_format=response_format)


def write_input(one: str | Media, truncation: str) -> Wire:
    if isinstance(one, str):
        return {"text": {"value": one, "truncationMode": truncation}}
    kind = str(getattr(one, "type", "file"))
    combined = {"embeddingMode": "AUDIO_VIDEO_COMBINED"} if isinstance(one, VideoContent) else {}
    return {kind: {"format": format_of(one, kind), "source": write_source(one), **combined}}


def format_of(one: Media, kind: str) -> str:
    """Return the short format name."""
    sniffed = image_type(one.data) if one.data is not None and kind == "image" else None
    word = (one.mime_type or sniffed or USUAL[kind]).split("/")[-1].removeprefix("x-")
    return SOUNDS.get(word, word) if kind == "audio" else FORMATS.get(word, word)


def write_source(one: Media) -> Wire:
    if one.data is not None:
        return {"bytes": base64.b64encode(one.data).decode()}
    if one.url and one.url.startswith("s3://"):
        return {"s3Location": {"uri": one.url}}
    raise UnsupportedError("amazon_bedrock: embeddings of media need bytes or S3. Pass data=..., or url='s3://...'")


def read_counted(body: Any) -> Iterator[Delta]:
    if not isinstance(body, BinaryBody):
        raise ValueError("expected vectors, got another content type")
    counted = body.head.headers.get(COUNTED, "")
    yield from read_vectors(json.loads(body.data))
    if counted.isascii() and counted.isdigit():
        yield UsageDelta(Usage(input_tokens=int(counted[:18])))


def read_vectors(body: Wire) -> Iterator[Delta]:
    made = body["embeddings"]
    truncated = [one["truncatedCharLength"] for one in made if one.get("truncatedCharLength")]
    extras = {"truncated_lengths": truncated} if truncated else {}
    yield ResultDelta(EmbeddingResponse(vectors=checked([one["embedding"] for one in made]), extras=extras))


def read(quirks: EmbeddingQuirks, body: Any) -> Iterator[Delta]:
    return read_vectors(body)


CODEC = OperationCodec("converse.nova_embeddings", write, read, aws_error)
