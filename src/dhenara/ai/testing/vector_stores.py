"""Vector stores of the fake server, in the dialect of each provider."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

from ..types.model_base import require_type
from .answer import Answer, Raw, Step
from .batches import file_in_form
from .replies import DialectReply, Refusal

Wire = dict[str, Any]
CREATED = 1_790_000_000
DAY = "2026-09-21T13:33:20Z"


@dataclass(slots=True)
class FakeStoredFile:
    """A file of a fake store."""

    id: str
    name: str
    data: bytes
    metadata: Wire = field(default_factory=dict)
    polls: int = 0
    state: str = "processing"


@dataclass(slots=True)
class FakeStore:
    """A fake store with its files by id."""

    id: str
    name: str | None
    files: dict[str, FakeStoredFile] = field(default_factory=dict)

    def count(self, state: str) -> int:
        return sum(file.state == state for file in self.files.values())


class FakeVectorStores:
    """A reply for `FakeServer(FakeVectorStores(), forever=True)`: vector stores of OpenAI, Gemini, Mistral and xAI.

    Attributes:
        stores: The stores by id.

    Args:
        polls: Number of status requests after which a file is ready (default 1).
        failing: Names of files that the provider fails to read.
        answer: Answer to chat requests.
    """

    def __init__(self, *, polls: int = 1, failing: Collection[str] = (), answer: Answer | None = None) -> None:
        self._polls = polls
        require_type("FakeVectorStores", "polls", polls, int, "a number of requests")
        require_type("FakeVectorStores", "failing", failing, (list, tuple, set, frozenset), "names of files")
        for name in failing:
            require_type("FakeVectorStores", "failing", name, str, "names of files")
        require_type("FakeVectorStores", "answer", answer, (Answer, type(None)), "an Answer")
        self._failing = frozenset(failing)
        self._answer = answer or Answer(text="It is in the files.")
        self._uploads: dict[str, tuple[str, bytes]] = {}
        self._named: Wire = {}
        self._lock = threading.Lock()
        self.stores: dict[str, FakeStore] = {}

    def steps(self, request: Any) -> Iterator[Step]:
        """Answer a request."""
        path = request.path.partition("?")[0]
        with self._lock:
            for pattern, method, handle in ROUTES:
                match = re.search(pattern, path)
                if match and request.method == method:
                    yield from self._reply(handle, request, match.groups())
                    return
        yield from DialectReply(self._answer).steps(request)

    def _reply(self, handle: Callable[..., Wire | Raw], request: Any, names: tuple[str, ...]) -> Iterator[Step]:
        try:
            body = handle(self, request, *names)
        except KeyError as error:
            yield from Refusal(404, f"there is no {error}").steps(request)
            return
        yield from (body if isinstance(body, Raw) else Raw(json.dumps(body).encode())).steps(request)

    def _upload(self, request: Any) -> Wire:
        file_id = f"file-{len(self._uploads) + 1}"
        name = re.search(rb'filename="([^"]*)"', request.body)
        data = file_in_form(request.headers["content-type"], request.body)
        self._uploads[file_id] = (name[1].decode() if name else "file", data)
        return {"id": file_id, "filename": self._uploads[file_id][0], "bytes": len(data), "purpose": "assistants"}

    def _create(self, request: Any) -> Raw:
        body = request.json
        name = body.get("name") or body.get("displayName") or body.get("collection_name")
        number = len(self.stores) + 1
        store_id = f"fileSearchStores/s{number}" if "/v1beta/" in request.path else f"vs_{number}"
        store = self.stores[store_id] = FakeStore(store_id, name)
        body = json.dumps(describe_store(store, request.path)).encode()
        return Raw(body, 201 if "/libraries" in request.path else 200)

    def _list(self, request: Any) -> Wire:
        stores = [describe_store(store, request.path) for store in self.stores.values()]
        return {"data": stores, "fileSearchStores": stores, "collections": stores}

    def _get(self, request: Any, store_id: str) -> Wire:
        return describe_store(self.stores[store_id], request.path)

    def _delete(self, request: Any, store_id: str) -> Wire:
        store = self.stores.pop(store_id)
        return describe_store(store, request.path) if "/libraries" in request.path else {}

    def _add_upload(self, request: Any, store_id: str, file_id: str = "") -> Wire:
        file_id = file_id or request.json["file_id"]
        name, data = self._uploads[file_id]
        metadata = request.json.get("attributes") or request.json.get("fields") or {}
        return self._added(request, store_id, FakeStoredFile(file_id, name, data, metadata))

    def _add_form(self, request: Any, store_id: str) -> Wire:
        file_id = self._upload(request)["id"]
        name, data = self._uploads[file_id]
        return self._added(request, store_id, FakeStoredFile(file_id, name, data))

    def _add_gemini(self, request: Any, store_id: str) -> Wire | Raw:
        if request.headers.get("x-goog-upload-command") == "start":
            self._named = request.json
            return Raw(headers={"x-goog-upload-url": "http://fake/upload?upload_id=1"})
        number = len(self.stores[store_id].files) + 1
        metadata = {
            one["key"]: one.get("stringValue", one.get("numericValue"))
            for one in self._named.get("customMetadata") or ()
        }
        document = f"{store_id}/documents/d{number}"
        file = FakeStoredFile(document, self._named.get("displayName") or "", request.body, metadata)
        self.stores[store_id].files[document] = file
        return {"name": f"{store_id}/upload/operations/o{number}", "response": {"documentName": document}}

    def _added(self, request: Any, store_id: str, file: FakeStoredFile) -> Wire:
        self.stores[store_id].files[file.id] = file
        return describe_file(self.stores[store_id], file, request.path)

    def _files(self, request: Any, store_id: str) -> Wire:
        store = self.stores[store_id]
        files = [describe_file(store, file, request.path) for file in store.files.values()]
        return {"data": files, "documents": files}

    def _file(self, request: Any, store_id: str, file_id: str) -> Wire:
        store = self.stores[store_id]
        file = store.files.get(file_id) or store.files[f"{store_id}/documents/{file_id}"]
        file.polls += 1
        if file.polls >= self._polls:
            file.state = "failed" if file.name in self._failing else "ready"
        return describe_file(store, file, request.path)

    def _remove(self, request: Any, store_id: str, file_id: str) -> Wire | Raw:
        store = self.stores[store_id]
        del store.files[file_id if file_id in store.files else f"{store_id}/documents/{file_id}"]
        return Raw(status=204) if "/libraries" in request.path else {}

    def _search(self, request: Any, store_id: str = "") -> Wire:
        body = request.json
        store = self.stores[store_id or body["source"]["collection_ids"][0]]
        most = body.get("max_num_results") or body.get("limit") or 10
        matches = matching_files(store, body["query"])[:most]
        return {
            "data": [
                {
                    "file_id": file.id,
                    "filename": file.name,
                    "score": score,
                    "attributes": file.metadata,
                    "content": [{"type": "text", "text": file.data.decode("utf-8", "replace")}],
                }
                for score, file in matches
            ],
            "matches": [
                {
                    "file_id": file.id,
                    "chunk_id": f"{file.id}-0",
                    "chunk_content": file.data.decode("utf-8", "replace"),
                    "score": score,
                    "fields": file.metadata,
                }
                for score, file in matches
            ],
        }


def matching_files(store: FakeStore, query: str) -> list[tuple[float, FakeStoredFile]]:
    """Return the files that have a word of the query, best first, with the share of words that they have."""
    words = set(query.lower().split())
    scored = [
        (len(words & set(file.data.decode("utf-8", "replace").lower().split())) / max(1, len(words)), file)
        for file in store.files.values()
        if file.state == "ready"
    ]
    return sorted((one for one in scored if one[0]), key=lambda one: -one[0])


def describe_store(store: FakeStore, path: str) -> Wire:
    ready, processing, failed = (store.count(state) for state in ("ready", "processing", "failed"))
    about: Wire
    total, size = len(store.files), sum(len(file.data) for file in store.files.values())
    if "/v1beta/" in path:
        counts = {"activeDocumentsCount": ready, "pendingDocumentsCount": processing, "failedDocumentsCount": failed}
        shown = {name: str(count) for name, count in counts.items() if count}
        return {"name": store.id, "displayName": store.name, "createTime": DAY, "sizeBytes": str(size), **shown}
    if "/collections" in path:
        about = {"collection_id": store.id, "collection_name": store.name, "documents_count": total}
        return {**about, "created_at": DAY}
    if "/libraries" in path:
        about = {"id": store.id, "name": store.name, "nb_documents": total, "total_size": size}
        return {**about, "created_at": DAY, "updated_at": DAY, "owner_id": None, **OWNER}
    counts = {"completed": ready, "in_progress": processing, "failed": failed, "cancelled": 0, "total": total}
    return {
        "id": store.id,
        "object": "vector_store",
        "name": store.name,
        "status": "in_progress" if processing else "completed",
        "file_counts": counts,
        "usage_bytes": size,
        "created_at": CREATED,
    }


def describe_file(store: FakeStore, file: FakeStoredFile, path: str) -> Wire:
    about: Wire
    if "/v1beta/" in path:
        state = {"ready": "STATE_ACTIVE", "processing": "STATE_PENDING", "failed": "STATE_FAILED"}[file.state]
        metadata = [{"key": name, "stringValue": str(value)} for name, value in file.metadata.items()]
        about = {"displayName": file.name, "state": state, "sizeBytes": str(len(file.data)), "createTime": DAY}
        return {"name": file.id, **about, "customMetadata": metadata}
    if "/collections" in path:
        state = {"ready": "PROCESSED", "processing": "PROCESSING", "failed": "FAILED"}[file.state]
        about = {"file_id": file.id, "name": file.name, "size_bytes": str(len(file.data)), "created_at": DAY}
        return {"file_metadata": about, "fields": file.metadata, "status": f"DOCUMENT_STATUS_{state}"}
    if "/libraries" in path:
        status = {"ready": "done", "processing": "todo", "failed": "error"}[file.state]
        about = {"id": file.id, "library_id": store.id, "name": file.name, "size": len(file.data), "created_at": DAY}
        return {**about, **UNKNOWN, "process_status": status, "processing_status": status}
    failed = {"code": "unsupported_file", "message": "the file cannot be read"} if file.state == "failed" else None
    return {
        "id": file.id,
        "object": "vector_store.file",
        "vector_store_id": store.id,
        "status": {"ready": "completed", "processing": "in_progress", "failed": "failed"}[file.state],
        "last_error": failed,
        "usage_bytes": len(file.data),
        "attributes": file.metadata,
        "created_at": CREATED,
    }


OWNER: Wire = {"owner_type": "Workspace", "chunk_size": None}
UNKNOWN: Wire = {
    **dict.fromkeys(("hash", "mime_type", "extension", "uploaded_by_id")),
    "uploaded_by_type": "Workspace",
    "tokens_processing_total": 0,
}
"""Fields of Mistral that say nothing here."""

STORES = r"/(?:vector_stores|libraries|collections)"
Handler = Callable[..., "Wire | Raw"]
ROUTES: tuple[tuple[str, str, Handler], ...] = (
    (r"/upload/v1beta/(fileSearchStores/[^/:]+):uploadToFileSearchStore$", "POST", FakeVectorStores._add_gemini),
    (r"/v1beta/fileSearchStores$", "POST", FakeVectorStores._create),
    (r"/v1beta/fileSearchStores$", "GET", FakeVectorStores._list),
    (r"/v1beta/(fileSearchStores/[^/]+)/documents$", "GET", FakeVectorStores._files),
    (r"/v1beta/(fileSearchStores/[^/]+)/documents/([^/]+)$", "GET", FakeVectorStores._file),
    (r"/v1beta/(fileSearchStores/[^/]+)/documents/([^/]+)$", "DELETE", FakeVectorStores._remove),
    (r"/v1beta/(fileSearchStores/[^/]+)$", "GET", FakeVectorStores._get),
    (r"/v1beta/(fileSearchStores/[^/]+)$", "DELETE", FakeVectorStores._delete),
    (STORES + r"/([^/]+)/search$", "POST", FakeVectorStores._search),
    (r"/documents/search$", "POST", FakeVectorStores._search),
    (r"/libraries/([^/]+)/documents$", "POST", FakeVectorStores._add_form),
    (r"/vector_stores/([^/]+)/files$", "POST", FakeVectorStores._add_upload),
    (r"/collections/([^/]+)/documents/([^/]+)$", "POST", FakeVectorStores._add_upload),
    (STORES + r"/([^/]+)/(?:files|documents)$", "GET", FakeVectorStores._files),
    (STORES + r"/([^/]+)/(?:files|documents)/([^/]+)$", "GET", FakeVectorStores._file),
    (STORES + r"/([^/]+)/(?:files|documents)/([^/]+)$", "DELETE", FakeVectorStores._remove),
    (STORES + r"$", "POST", FakeVectorStores._create),
    (STORES + r"$", "GET", FakeVectorStores._list),
    (STORES + r"/([^/]+)$", "GET", FakeVectorStores._get),
    (STORES + r"/([^/]+)$", "DELETE", FakeVectorStores._delete),
    (r"/v1/files$", "POST", FakeVectorStores._upload),
)
