"""Files as Gemini keeps them for two days: first it is asked where to send one, then the bytes go there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode, urlsplit

from ...errors import ConfigurationError
from ...types.call import Call
from ...types.delta import Delta, Made
from ...types.uploaded_file import (
    FileDeleted,
    FilePage,
    FileRequest,
    FileState,
    UploadAddress,
    UploadedFile,
    read_time,
)
from ..base import Blob, Outgoing, Reading
from ..batching import each_line
from ..file_quirks import FileQuirks
from ..filing import downloading
from ..operation import Document, OperationCodec, request_of
from ..told import require
from ..warnings import Warnings
from .codec import read_error

STATES: dict[str, FileState] = {"PROCESSING": "processing", "FAILED": "failed"}


def write(call: Call, quirks: FileQuirks) -> Outgoing:
    request = request_of(call, FileRequest)
    match request.action:
        case "begin":
            return write_begin(call, request)
        case "upload":
            how = {"x-goog-upload-command": "upload, finalize", "x-goog-upload-offset": "0"}
            return Outgoing(f"/files?{request.cursor}", {}, how, payload=request.content, under="upload")
        case "list":
            asked = {"pageSize": quirks.page_size, **({"pageToken": request.cursor} if request.cursor else {})}
            return Outgoing(f"/files?{urlencode(asked)}", {}, method="GET")
        case "get":
            return Outgoing(f"/{name_of(request)}", {}, method="GET")
        case "delete":
            reading = Reading(Document(lambda _: iter([Made(FileDeleted(file_id=name_of(request)))])), body="blob")
            return Outgoing(f"/{name_of(request)}", {}, method="DELETE", reading=reading)
    reading = each_line() if request.action == "lines" else downloading(call)
    return Outgoing(f"/{name_of(request)}:download?alt=media", {}, method="GET", reading=reading)


def write_begin(call: Call, request: FileRequest) -> Outgoing:
    warnings = Warnings(str(call.endpoint.api.provider))
    if request.expires_in is not None:
        warnings.unsupported("expires_in", "files are kept for two days")
    if request.purpose is not None:
        warnings.unsupported("purpose")
    headers = {
        "x-goog-upload-protocol": "resumable",
        "x-goog-upload-command": "start",
        "x-goog-upload-header-content-length": str(request.size),
        "x-goog-upload-header-content-type": request.mime_type,
    }
    body = {"file": {"display_name": request.name, **call.config.options}}
    reading = Reading(Document(read_address), body="blob")
    return Outgoing("/files", body, headers, warnings.all(), reading=reading, under="upload")


def name_of(request: FileRequest) -> str:
    """Names begin with their collection; whole addresses end with their names."""
    given = request.file_id or ""
    found = given[given.find("files/") :] if "files/" in given else f"files/{given}"
    if not found.removeprefix("files/").replace("-", "").replace("_", "").isalnum():
        raise ConfigurationError(f"{given!r} is no file of Gemini's: they are called files/…")
    return found


def read_address(body: Any) -> Iterator[Delta]:
    if not isinstance(body, Blob):
        raise ValueError("an address for the upload was asked for")
    # Of the address only the query is new: the key goes to the host that it is meant for.
    yield Made(UploadAddress(query=urlsplit(body.head.headers["x-goog-upload-url"]).query))


def read(quirks: FileQuirks, body: Any) -> Iterator[Delta]:
    if "name" in body or "file" in body:
        yield Made(read_file(body.get("file") or body))
    else:
        if body:  # a page without entries is empty
            require(body, "a page of files", "files", "nextPageToken")
        files = [read_file(one) for one in body.get("files") or ()]
        yield Made(FilePage(files=files, cursor=body.get("nextPageToken") or None))


def read_file(told: dict[str, Any]) -> UploadedFile:
    if not str(told["name"]).startswith("files/"):
        raise ValueError("this is not a file")
    size = told.get("sizeBytes")
    return UploadedFile(
        file_id=told["name"],
        name=told.get("displayName"),
        size=None if size is None else int(size),
        mime_type=told.get("mimeType"),
        state=STATES.get(str(told.get("state")), "ready"),
        created_at=read_time(told.get("createTime")),
        expires_at=read_time(told.get("expirationTime")),
        url=told.get("uri"),
        raw=told,
    )


CODEC = OperationCodec("gemini.files", write, read, read_error)
