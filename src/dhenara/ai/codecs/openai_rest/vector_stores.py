"""Vector stores of OpenAI, document libraries of Mistral, and collections of xAI."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial
from typing import Any

from ...errors import ConfigurationError
from ...http.protocol.message import FilePart, Multipart
from ...types.chat.delta import Delta, ResultDelta
from ...types.config.call import Call
from ...types.operations.files import (
    FileState,
    StoreFileCounts,
    StoreFilePage,
    StoreMatch,
    StoreMatches,
    StorePage,
    StoreRequest,
    VectorStore,
    VectorStoreFile,
    read_time,
)
from ..base import EncodedRequest
from ..common.plan import WarningCollector
from ..common.request import quote_segment
from ..common.response_fields import Wire, read_int, read_name, read_object, read_objects, read_text, require
from ..openai_chat.response import read_error
from ..operations.batches import delete_resource
from ..operations.operation import OperationCodec, get_document, post_document, read_as, request_of, warn_left_out
from ..operations.quirks import StoreQuirks

DAY = 86_400


def path_of(folder: str, resource: str | None) -> str:
    return folder if resource is None else f"{folder}/{quote_segment(resource)}"


def write(call: Call, quirks: StoreQuirks) -> EncodedRequest:
    request = request_of(call, StoreRequest)
    store = path_of(quirks.path, request.store_id)
    file = path_of(f"{store}/files", request.file_id)
    page = {"limit": quirks.page_size, "after": request.cursor}
    body: Wire
    match request.action:
        case "create":
            warnings = warn_left_out(call, request, ())
            expiry = write_expiry(request, warnings)
            body = {"name": request.name, "metadata": request.metadata, "expires_after": expiry}
            return post_document(call, quirks.path, body, read_store, quirks.headers, warnings.all())
        case "list":
            return get_document(quirks.path, read_page, quirks.headers, **page)
        case "get":
            return get_document(store, read_store, quirks.headers)
        case "delete":
            return delete_resource(store, quirks.headers)
        case "files":
            return get_document(f"{store}/files", read_file_page, quirks.headers, **page)
        case "file":
            return get_document(file, read_file, quirks.headers)
        case "remove":
            return delete_resource(file, quirks.headers)
        case "search":
            body = {"query": request.query, "max_num_results": request.max_results, "filters": request.filters}
            return post_document(call, f"{store}/search", body, read_matches, quirks.headers)
    body = {"file_id": request.file_id, "attributes": request.metadata}
    return post_document(call, f"{store}/files", body, partial(read_file, name=request.name), quirks.headers)


def write_expiry(request: StoreRequest, warnings: WarningCollector) -> Wire | None:
    """Write the expiry, which is in whole days after the last use."""
    if request.expires_in is None:
        return None
    if request.expires_in % DAY:
        warnings.clamped("expires_in", "stores expire after whole days")
    return {"anchor": "last_active_at", "days": math.ceil(request.expires_in / DAY)}


STATES: dict[str, FileState] = {"in_progress": "processing", "failed": "failed", "cancelled": "failed"}


def read_store(data: Wire) -> VectorStore:
    require(data, "a vector store", "file_counts")
    counts = read_object(data, "file_counts")
    status = read_text(data, "status")
    return VectorStore(
        store_id=data["id"],
        name=read_name(data, "name"),
        state="expired" if status == "expired" else "processing" if status == "in_progress" else "ready",
        file_counts=StoreFileCounts(
            ready=read_int(counts, "completed"),
            processing=read_int(counts, "in_progress"),
            failed=read_int(counts, "failed") + read_int(counts, "cancelled"),
            total=read_int(counts, "total"),
        ),
        size=data.get("usage_bytes"),
        created_at=read_time(data.get("created_at")),
        expires_at=read_time(data.get("expires_at")),
        raw=data,
    )


def read_file(data: Wire, name: str | None = None) -> VectorStoreFile:
    require(data, "a file of a vector store", "vector_store_id")
    state = STATES.get(read_text(data, "status"), "ready")
    problem = read_text(read_object(data, "last_error"), "message") or read_text(data, "status")
    return VectorStoreFile(
        file_id=data["id"],
        store_id=read_text(data, "vector_store_id"),
        name=name,
        state=state,
        error=problem if state == "failed" else None,
        size=data.get("usage_bytes") or None,
        metadata=read_object(data, "attributes"),
        created_at=read_time(data.get("created_at")),
        raw=data,
    )


def next_page(body: Wire) -> str | None:
    entries = body["data"]
    return (body.get("last_id") or entries[-1]["id"]) if body.get("has_more") and entries else None


def read_page(body: Wire) -> StorePage:
    return StorePage(stores=[read_store(one) for one in body["data"]], cursor=next_page(body))


def read_file_page(body: Wire) -> StoreFilePage:
    return StoreFilePage(files=[read_file(one) for one in body["data"]], cursor=next_page(body))


def read_matches(body: Wire) -> StoreMatches:
    return StoreMatches(
        matches=[
            StoreMatch(
                text="\n".join(read_text(part, "text") for part in read_objects(one, "content")),
                file_id=one.get("file_id"),
                name=one.get("filename"),
                score=one.get("score"),
                metadata=read_object(one, "attributes"),
            )
            for one in body["data"]
        ]
    )


def read(quirks: StoreQuirks, body: Any) -> Iterator[Delta]:
    yield ResultDelta(read_store(body))


CODEC = OperationCodec("openai_rest.vector_stores", write, read, read_error)


LIBRARY_STATES: dict[str, FileState] = {
    **dict.fromkeys(("todo", "in_progress", "waiting_for_capacity"), "processing"),
    **dict.fromkeys(("error", "missing_content"), "failed"),
}


def write_library(call: Call, quirks: StoreQuirks) -> EncodedRequest:
    request = request_of(call, StoreRequest)
    library = path_of(quirks.path, request.store_id)
    document = path_of(f"{library}/documents", request.file_id)
    page: Wire
    match request.action:
        case "create":
            warnings = warn_left_out(call, request, ("metadata", "expires_in"))
            return post_document(call, quirks.path, {"name": request.name}, read_library, {}, warnings.all())
        case "list":
            page = {"page_size": quirks.page_size, "page_token": request.cursor}
            return get_document(quirks.path, read_libraries, {}, **page)
        case "get":
            return get_document(library, read_library, {})
        case "delete":
            return delete_resource(library, {})
        case "files":
            page = {"page_size": quirks.page_size, "page": request.cursor or 0}
            return get_document(f"{library}/documents", read_documents, {}, **page)
        case "file":
            return get_document(document, read_document, {})
        case "remove":
            return delete_resource(document, {})
    if request.content is None:
        raise ConfigurationError("mistral: a library takes files, not ids of uploaded files. Pass a path or bytes.")
    form = Multipart((FilePart("file", request.content, request.name or "file", request.mime_type),))
    warnings = warn_left_out(call, request, ("metadata",))
    return EncodedRequest(
        f"{library}/documents", {}, {}, warnings.all(), payload=form, response_format=read_as(read_document)
    )


def read_library(data: Wire) -> VectorStore:
    require(data, "a library", "nb_documents")
    return VectorStore(
        store_id=data["id"],
        name=read_name(data, "name"),
        file_counts=StoreFileCounts(total=read_int(data, "nb_documents")),
        size=data.get("total_size"),
        created_at=read_time(data.get("created_at")),
        raw=data,
    )


def read_libraries(body: Wire) -> StorePage:
    return StorePage(stores=[read_library(one) for one in body["data"]], cursor=read_name(body, "next_page_token"))


def read_document(data: Wire) -> VectorStoreFile:
    require(data, "a document", "library_id")
    status = read_text(data, "process_status")
    state = LIBRARY_STATES.get(status, "ready")
    return VectorStoreFile(
        file_id=data["id"],
        store_id=read_text(data, "library_id"),
        name=read_name(data, "name"),
        state=state,
        error=status if state == "failed" else None,
        size=data.get("size"),
        metadata=read_object(data, "attributes"),
        created_at=read_time(data.get("created_at")),
        raw=data,
    )


def read_documents(body: Wire) -> StoreFilePage:
    pages = read_object(body, "pagination")
    cursor = str(read_int(pages, "current_page") + 1) if pages.get("has_more") is True else None
    return StoreFilePage(files=[read_document(one) for one in body["data"]], cursor=cursor)


def read_library_answer(quirks: StoreQuirks, body: Any) -> Iterator[Delta]:
    yield ResultDelta(read_library(body))


LIBRARIES = OperationCodec("openai_rest.libraries", write_library, read_library_answer, read_error)


COLLECTION_STATES: dict[str, FileState] = {"PROCESSED": "ready", "FAILED": "failed"}


def write_collection(call: Call, quirks: StoreQuirks) -> EncodedRequest:
    request = request_of(call, StoreRequest)
    collection = path_of(quirks.path, request.store_id)
    document = path_of(f"{collection}/documents", request.file_id)
    page = {"limit": quirks.page_size, "pagination_token": request.cursor}
    body: Wire
    match request.action:
        case "create":
            warnings = warn_left_out(call, request, ("metadata", "expires_in"))
            body = {"collection_name": request.name}
            return post_document(call, quirks.path, body, read_collection, {}, warnings.all())
        case "list":
            return get_document(quirks.path, read_collections, {}, **page)
        case "get":
            return get_document(collection, read_collection, {})
        case "delete":
            return delete_resource(collection, {})
        case "files":
            return get_document(f"{collection}/documents", read_collection_files, {}, **page)
        case "file":
            return get_document(document, read_collection_file, {})
        case "remove":
            return delete_resource(document, {})
        case "search":
            source = {"collection_ids": [request.store_id]}
            body = {"query": request.query, "source": source, "limit": request.max_results, "filter": request.filters}
            return post_document(call, "/documents/search", body, read_collection_matches, {})
    added = partial(read_added, VectorStoreFile(file_id=request.file_id or "", name=request.name, state="processing"))
    return post_document(call, document, {"fields": request.metadata}, added, {})


def read_collection(data: Wire) -> VectorStore:
    require(data, "a collection", "collection_id")
    return VectorStore(
        store_id=data["collection_id"],
        name=read_name(data, "collection_name"),
        file_counts=StoreFileCounts(total=read_int(data, "documents_count")),
        created_at=read_time(data.get("created_at")),
        raw=data,
    )


def read_collections(body: Wire) -> StorePage:
    stores = [read_collection(one) for one in read_objects(body, "collections")]
    return StorePage(stores=stores, cursor=read_name(body, "pagination_token"))


def read_added(file: VectorStoreFile, body: Wire) -> VectorStoreFile:
    """Return the file; the answer to adding it may be empty."""
    return read_collection_file(body) if body.get("file_metadata") else file


def read_collection_file(data: Wire) -> VectorStoreFile:
    require(data, "a document of a collection", "file_metadata")
    about, status = read_object(data, "file_metadata"), read_text(data, "status").removeprefix("DOCUMENT_STATUS_")
    state = COLLECTION_STATES.get(status, "processing")
    return VectorStoreFile(
        file_id=about["file_id"],
        name=read_name(about, "name"),
        state=state,
        error=read_text(data, "error_message") or status.lower() if state == "failed" else None,
        size=int(about["size_bytes"]) if about.get("size_bytes") else None,
        metadata=read_object(data, "fields"),
        created_at=read_time(about.get("created_at")),
        raw=data,
    )


def read_collection_files(body: Wire) -> StoreFilePage:
    files = [read_collection_file(one) for one in read_objects(body, "documents")]
    return StoreFilePage(files=files, cursor=read_name(body, "pagination_token"))


def read_collection_matches(body: Wire) -> StoreMatches:
    require(body, "matches", "matches")
    matches = [
        StoreMatch(
            text=read_text(one, "chunk_content"),
            file_id=one.get("file_id"),
            name=read_name(read_object(one, "fields"), "name"),
            score=one.get("score"),
            metadata=read_object(one, "fields"),
        )
        for one in body["matches"]
    ]
    return StoreMatches(matches=matches)


def read_collection_answer(quirks: StoreQuirks, body: Any) -> Iterator[Delta]:
    yield ResultDelta(read_collection_matches(body) if "matches" in body else read_collection(body))


COLLECTIONS = OperationCodec("openai_rest.collections", write_collection, read_collection_answer, read_error)
