"""Samples of the types of vendors' SDKs: a value for every field, made from what the SDK says of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin, get_type_hints

from typing_extensions import is_typeddict

PDF = "JVBERi0xLjQK"
SAMPLES: dict[str, Any] = {
    "data": PDF,
    "url": "https://example.org/a.pdf",
    "media_type": "application/pdf",
    "file_id": "file_1",
    "file_data": f"data:application/pdf;base64,{PDF}",
    "file_url": "https://example.org/a.pdf",
    "image_url": "https://example.org/a.png",
    "format": "wav",
    "mimeType": "video/mp4",
    "fileUri": "https://generativelanguage.googleapis.com/v1beta/files/a",
    "bytes": PDF,
    "uri": "s3://bucket/a",
    "ttl": "1h",
    "input": {"a": 1},
    "id": "some_id",
    "tool_use_id": "some_id",
    "toolUseId": "some_id",
    "args": {"a": 1},
    "response": {"a": 1},
    "json": {"a": 1},
    "document_url": "https://example.org/a.pdf",
    "input_audio": PDF,
    "arguments": '{"a": 1}',
}
Fields = dict[str, Any]


def flat(kind: Any) -> Iterator[Any]:
    """The members of a union, without what annotates them."""
    name = str(get_origin(kind))
    if "Annotated" in name or "Required" in name or hasattr(kind, "__metadata__"):
        yield from flat(get_args(kind)[0])
    elif "Union" in name:
        for one in get_args(kind):
            yield from flat(one)
    else:
        yield kind


def sample(name: str, kind: Any, depth: int = 0) -> Any:
    """A value for a field of a vendor's type; None where there is none to be made."""
    literal = next((get_args(one)[0] for one in flat(kind) if get_origin(one) is Literal), None)
    if literal is not None:
        return literal
    is_object = any(is_typeddict(one) for one in flat(kind))
    if name in SAMPLES and not is_object:
        return SAMPLES[name]
    for one in flat(kind):
        origin = get_origin(one)
        if is_typeddict(one) and depth < 5:
            return sample_of(one, depth + 1)
        if one is str:
            return f"some {name}"
        if one in (int, float, bool):
            return True if one is bool else 3
        if origin is not None and get_args(one) and "dict" not in str(origin).lower() and depth < 5:
            inner = sample(name, get_args(one)[0], depth + 1)
            return None if inner is None else [inner]
        if origin is not None and "dict" in str(origin).lower():
            return {"a": 1}
    return None


def sample_of(kind: Any, depth: int = 0) -> Fields:
    actual = {name: sample(name, one, depth + 1) for name, one in get_type_hints(kind, include_extras=False).items()}
    return {name: value for name, value in actual.items() if value is not None}
