"""Embeddings of the Gemini API, and of Vertex AI over `:predict` and `:embedContent`; file search stores."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from ...errors import ConfigurationError, UnsupportedError
from ...types.chat.delta import Delta, ResultDelta, UsageDelta
from ...types.chat.usage import Usage, modality_tokens
from ...types.config.call import Call
from ...types.content.media import Media
from ...types.operations.files import (
    FileState,
    StoreFileCounts,
    StoreFilePage,
    StorePage,
    StoreRequest,
    UploadAddress,
    VectorStore,
    VectorStoreFile,
    read_time,
)
from ...types.operations.text_operations import EmbeddingResponse
from ...wire.media_types import image_type
from ..base import BinaryBody, EncodedRequest, ResponseFormat
from ..common.media import to_base64
from ..common.request import quote_path, quote_segment
from ..common.response_fields import Wire, read_int, read_name, read_object, read_objects, read_text
from ..operations.batches import delete_resource
from ..operations.media import check_vectors, read_embedding_input
from ..operations.operation import (
    DocumentReader,
    OperationCodec,
    get_document,
    post_document,
    read_as,
    request_of,
    warn_left_out,
)
from ..operations.quirks import EmbeddingQuirks, StoreQuirks
from .codec import full_name, model_path
from .response import read_error


def write_embeddings(call: Call, quirks: EmbeddingQuirks) -> EncodedRequest:
    request = read_embedding_input(call, quirks)
    model = full_name(request.model)
    own = {**quirks.defaults, **request.params, **call.endpoint.ai_model.parameters, **call.config.options}
    requests = [{"model": model, "content": {"parts": [write_part(one)]}, **own} for one in request.inputs]
    return EncodedRequest(
        quirks.path.format(model=model_path(request.model)), {"requests": requests}, {}, request.warnings.all()
    )


USUAL = {"image": "image/png", "audio": "audio/wav", "video": "video/mp4", "file": "application/pdf"}


def write_part(one: str | Media) -> dict[str, Any]:
    if isinstance(one, str):
        return {"text": one}
    if one.data is None:
        raise UnsupportedError(f"Gemini: embeddings of media need bytes. Pass {type(one).__name__}(data=...)")
    kind = one.mime_type or image_type(one.data) or USUAL[str(getattr(one, "type", "image"))]
    return {"inlineData": {"mimeType": kind, "data": to_base64(one)}}


def read_embeddings(quirks: EmbeddingQuirks, body: Any) -> Iterator[Delta]:
    if usage := body.get("usageMetadata"):
        yield UsageDelta(embedding_usage(usage))
    entries = body.get("embeddings") or [body["embedding"]]
    yield ResultDelta(EmbeddingResponse(vectors=check_vectors([entry["values"] for entry in entries])))


def embedding_usage(report: Wire) -> Usage:
    """Convert the report: audio and images have prices of their own."""
    read, raw = read_int(report, "promptTokenCount"), dict(report)
    name = "promptTokenDetails" if "promptTokenDetails" in report else "promptTokensDetails"
    audio, image = modality_tokens(report, name, "AUDIO"), modality_tokens(report, name, "IMAGE")
    if audio + image > read:
        return Usage(input_tokens=read, unclear=("promptTokenDetails",), raw=raw)
    return Usage(input_tokens=read - audio - image, input_audio_tokens=audio, input_image_tokens=image, raw=raw)


EMBEDDINGS = OperationCodec("gemini.embeddings", write_embeddings, read_embeddings, read_error)


TASK_TYPES = {
    "query": "RETRIEVAL_QUERY",
    "document": "RETRIEVAL_DOCUMENT",
    "classification": "CLASSIFICATION",
    "clustering": "CLUSTERING",
    "similarity": "SEMANTIC_SIMILARITY",
    "code_query": "CODE_RETRIEVAL_QUERY",
    "question": "QUESTION_ANSWERING",
    "fact": "FACT_VERIFICATION",
}


WHOLE = ("publishers/", "projects/", "endpoints/")
PREFIXES = ("models/", "google/")


def resource_path(model: str) -> str:
    """Return the path of a Google model, or of the resource that a name refers to.

    Args:
        model: A name such as `gemini-embedding-2`, `google/gemini-embedding-2` or
            `publishers/google/models/gemini-embedding-2`.

    Returns:
        The quoted path, without a slash at its beginning.
    """
    if model.startswith(WHOLE):
        return quote_path(model, "@")
    prefix = next((one for one in PREFIXES if model.startswith(one)), "")
    return f"publishers/google/models/{quote_segment(model.removeprefix(prefix), '@')}"


PER_TEXT = ("task_type",)


def write_prediction(call: Call, quirks: EmbeddingQuirks) -> EncodedRequest:
    request = read_embedding_input(call, quirks)
    own = {name: value for name, value in request.params.items() if name in PER_TEXT}
    parameters = {
        **quirks.defaults,
        **{name: value for name, value in request.params.items() if name not in PER_TEXT},
        **call.endpoint.ai_model.parameters,
        **call.config.options,
    }
    body: dict[str, Any] = {"instances": [{"content": text, **own} for text in request.texts]}
    if parameters:
        body["parameters"] = parameters
    return EncodedRequest(quirks.path.format(name=resource_path(request.model)), body, {}, request.warnings.all())


def read_prediction(quirks: EmbeddingQuirks, body: Any) -> Iterator[Delta]:
    made = [prediction["embeddings"] for prediction in body["predictions"]]
    tokens = sum(read_int(one.get("statistics") or {}, "token_count") for one in made)
    report = read_object(body, "metadata")
    characters = read_int(report, "billableCharacterCount")
    units = {"characters": float(characters)} if characters else {}
    yield UsageDelta(Usage(input_tokens=tokens, units=units, raw=dict(report)))
    yield ResultDelta(EmbeddingResponse(vectors=check_vectors([one["values"] for one in made])))


VERTEX_EMBEDDINGS = OperationCodec("vertex.embeddings", write_prediction, read_prediction, read_error)


def write_vertex_content(call: Call, quirks: EmbeddingQuirks) -> EncodedRequest:
    request = read_embedding_input(call, quirks)
    own = {**quirks.defaults, **request.params, **call.endpoint.ai_model.parameters, **call.config.options}
    body: dict[str, Any] = {"content": {"role": "user", "parts": [write_part(one) for one in request.inputs]}}
    if own:
        body["embedContentConfig"] = own
    return EncodedRequest(quirks.path.format(name=resource_path(request.model)), body, {}, request.warnings.all())


def read_vertex_content(quirks: EmbeddingQuirks, body: Any) -> Iterator[Delta]:
    yield UsageDelta(embedding_usage(body.get("usageMetadata") or {}))
    extras = {"truncated": True} if body.get("truncated") else {}
    yield ResultDelta(EmbeddingResponse(vectors=check_vectors([body["embedding"]["values"]]), extras=extras))


VERTEX_EMBED_CONTENT = OperationCodec("vertex.embed_content", write_vertex_content, read_vertex_content, read_error)


STATES: dict[str, FileState] = {"STATE_PENDING": "processing", "STATE_FAILED": "failed"}
LARGEST_PAGE = 20


def write_stores(call: Call, quirks: StoreQuirks) -> EncodedRequest:
    request = request_of(call, StoreRequest)
    page = {"pageSize": min(quirks.page_size, LARGEST_PAGE), "pageToken": request.cursor}
    store = "" if request.store_id is None else one_store_path(request.store_id)
    document = "" if request.file_id is None else request.file_id
    body: Wire
    match request.action:
        case "create":
            warnings = warn_left_out(call, request, ("metadata", "expires_in"))
            body = {"displayName": request.name}
            return post_document(call, "/fileSearchStores", body, read_store, quirks.headers, warnings.all())
        case "list":
            return get_document("/fileSearchStores", read_page, quirks.headers, **page)
        case "get":
            return get_document(store, read_store, quirks.headers)
        case "delete":
            return delete_resource(
                f"{store}?force=true", quirks.headers
            )  # without `force`, only empty stores are deleted
        case "files":
            return get_document(f"{store}/documents", read_files, quirks.headers, **page)
        case "file":
            return get_document(document_path(document, store), read_file, quirks.headers)
        case "remove":
            return delete_resource(f"{document_path(document, store)}?force=true", quirks.headers)
        case "begin":
            return write_begin(call, request, store)
    if request.content is None:
        body = {
            "fileName": store_path(document, "files/").lstrip("/"),
            "customMetadata": write_metadata(request),
        }
        return post_document(call, f"{store}:importFile", body, partial(read_file, name=request.name), quirks.headers)
    headers = {"x-goog-upload-command": "upload, finalize", "x-goog-upload-offset": "0"}
    return EncodedRequest(
        f"{store}:uploadToFileSearchStore?{request.cursor}",
        {},
        headers,
        payload=request.content,
        response_format=read_as(partial(read_file, name=request.name)),
        path_prefix="upload",
    )


def one_store_path(given: str) -> str:
    """Return the path of a store, never that of something in it."""
    path = store_path(given, "fileSearchStores/")
    if "/" in path.removeprefix("/fileSearchStores/"):
        raise ConfigurationError(f"{given!r} is not a store of Gemini. Pass a name such as fileSearchStores/…")
    return path


def store_path(given: str, folder: str) -> str:
    """Return the path of a resource, whose name may be given without its folder."""
    name = given if given.startswith(folder) else f"{folder}{given}"
    if not name.removeprefix(folder) or not name.replace("/", "").replace("-", "").replace("_", "").isalnum():
        raise ConfigurationError(f"{given!r} is not a name of Gemini. Pass a name such as {folder}…")
    return f"/{name}"


def document_path(given: str, store: str) -> str:
    """Return the path of a document of a store; never that of a store, which would be deleted with all its files."""
    folder = f"{store.lstrip('/')}/documents/"
    name = given if "/" in given else f"{folder}{given}"
    if not name.startswith(folder) or name == folder or "/" in name.removeprefix(folder):
        raise ConfigurationError(f"{given!r} is not a file of the store. Pass the file_id of one of its files")
    return store_path(name, "fileSearchStores/")


def write_begin(call: Call, request: StoreRequest, store: str) -> EncodedRequest:
    headers = {
        "x-goog-upload-protocol": "resumable",
        "x-goog-upload-command": "start",
        "x-goog-upload-header-content-length": str(request.size),
        "x-goog-upload-header-content-type": request.mime_type,
    }
    body: Wire = {"displayName": request.name, "mimeType": request.mime_type}
    if metadata := write_metadata(request):
        body["customMetadata"] = metadata
    return EncodedRequest(
        f"{store}:uploadToFileSearchStore",
        {**body, **call.config.options},
        headers,
        response_format=ResponseFormat(DocumentReader(read_upload_address), body="blob"),
        path_prefix="upload",
    )


def read_upload_address(body: Any) -> Iterator[Delta]:
    if not isinstance(body, BinaryBody):
        raise ValueError("expected an upload URL, got something else")
    # Only the query of the URL is used, so that the key is sent to the configured host.
    yield ResultDelta(UploadAddress(query=urlsplit(body.head.headers["x-goog-upload-url"]).query))


def write_metadata(request: StoreRequest) -> list[Wire]:
    return [
        {"key": name, "numericValue": value} if is_number(value) else {"key": name, "stringValue": str(value)}
        for name, value in request.metadata.items()
    ]


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def name_of(data: Wire) -> str:
    """Return the name of a store, or of something in it."""
    if not str(data["name"]).startswith("fileSearchStores/"):
        raise ValueError("expected a file search store or a document of one, got something else")
    return str(data["name"])


def read_store(data: Wire) -> VectorStore:
    ready, processing, failed = (
        int(data.get(f"{state}DocumentsCount") or 0) for state in ("active", "pending", "failed")
    )
    return VectorStore(
        store_id=name_of(data),
        name=read_name(data, "displayName"),
        state="processing" if processing else "ready",
        file_counts=StoreFileCounts(
            ready=ready, processing=processing, failed=failed, total=ready + processing + failed
        ),
        size=size_of(data),
        created_at=read_time(data.get("createTime")),
        raw=data,
    )


def size_of(data: Wire) -> int | None:
    return None if data.get("sizeBytes") is None else int(data["sizeBytes"])


def read_file(data: Wire, name: str | None = None) -> VectorStoreFile:
    """Read a document, or the operation that makes one, which names it when it has done so."""
    name_in_store = name_of(data)
    if "/operations/" in name_in_store:
        document = read_text(read_object(data, "response"), "documentName")
        problem = read_text(read_object(data, "error"), "message")
        state: FileState = "failed" if problem else "processing"
        file_id, error = document or name_in_store, problem or None
    else:
        file_id, state = name_in_store, STATES.get(read_text(data, "state"), "ready")
        error = "Gemini could not process the file" if state == "failed" else None
    return VectorStoreFile(
        file_id=file_id,
        store_id="/".join(file_id.split("/")[:2]),
        name=read_name(data, "displayName") or name,
        state=state,
        error=error,
        size=size_of(data),
        metadata={
            one["key"]: one.get("stringValue", one.get("numericValue")) for one in read_objects(data, "customMetadata")
        },
        created_at=read_time(data.get("createTime")),
        raw=data,
    )


def read_page(body: Wire) -> StorePage:
    stores = [read_store(one) for one in read_objects(body, "fileSearchStores")]
    return StorePage(stores=stores, cursor=read_name(body, "nextPageToken"))


def read_files(body: Wire) -> StoreFilePage:
    files = [read_file(one) for one in read_objects(body, "documents")]
    return StoreFilePage(files=files, cursor=read_name(body, "nextPageToken"))


def read_stores(quirks: StoreQuirks, body: Any) -> Iterator[Delta]:
    yield ResultDelta(read_store(body))


STORES = OperationCodec("gemini.vector_stores", write_stores, read_stores, read_error)
