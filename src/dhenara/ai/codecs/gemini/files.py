"""Gemini files, which are kept for two days: request an upload URL first, then send the bytes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode, urlsplit

from ...errors import ConfigurationError
from ...types.chat.delta import Delta, ResultDelta
from ...types.config.call import Call
from ...types.operations.files import (
    FileDeleted,
    FilePage,
    FileRequest,
    FileState,
    UploadAddress,
    UploadedFile,
    read_time,
)
from ..base import BinaryBody, EncodedRequest, ResponseFormat
from ..common.fields import require
from ..common.warnings import WarningCollector
from ..operations.batch import batch_line_format
from ..operations.files import FileQuirks, download_format
from ..operations.operation import DocumentReader, OperationCodec, request_of
from .codec import read_error

STATES: dict[str, FileState] = {"PROCESSING": "processing", "FAILED": "failed"}


def write(call: Call, quirks: FileQuirks) -> EncodedRequest:
    request = request_of(call, FileRequest)
    match request.action:
        case "begin":
            return write_begin(call, request)
        case "upload":
            how = {"x-goog-upload-command": "upload, finalize", "x-goog-upload-offset": "0"}
            return EncodedRequest(f"/files?{request.cursor}", {}, how, payload=request.content, under="upload")
        case "list":
            question = {"pageSize": quirks.page_size, **({"pageToken": request.cursor} if request.cursor else {})}
            return EncodedRequest(f"/files?{urlencode(question)}", {}, method="GET")
        case "get":
            return EncodedRequest(f"/{name_of(request)}", {}, method="GET")
        case "delete":
            response_format = ResponseFormat(
                DocumentReader(lambda _: iter([ResultDelta(FileDeleted(file_id=name_of(request)))])), body="blob"
            )
            return EncodedRequest(f"/{name_of(request)}", {}, method="DELETE", response_format=response_format)
    response_format = batch_line_format() if request.action == "lines" else download_format(call)
    return EncodedRequest(f"/{name_of(request)}:download?alt=media", {}, method="GET", response_format=response_format)


def write_begin(call: Call, request: FileRequest) -> EncodedRequest:
    warnings = WarningCollector(str(call.endpoint.api.provider))
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
    response_format = ResponseFormat(DocumentReader(read_address), body="blob")
    return EncodedRequest("/files", body, headers, warnings.all(), response_format=response_format, under="upload")


def name_of(request: FileRequest) -> str:
    """Return the name with its collection; of a full URL, the last part."""
    given = request.file_id or ""
    match = given[given.find("files/") :] if "files/" in given else f"files/{given}"
    if not match.removeprefix("files/").replace("-", "").replace("_", "").isalnum():
        raise ConfigurationError(f"{given!r} is not a Gemini file. Pass a name such as files/…")
    return match


def read_address(body: Any) -> Iterator[Delta]:
    if not isinstance(body, BinaryBody):
        raise ValueError("expected an upload URL, got something else")
    # Use only the query of the URL, so that the key is sent to the configured host.
    yield ResultDelta(UploadAddress(query=urlsplit(body.head.headers["x-goog-upload-url"]).query))


def read(quirks: FileQuirks, body: Any) -> Iterator[Delta]:
    if "name" in body or "file" in body:
        yield ResultDelta(read_file(body.get("file") or body))
    else:
        if body:  # an empty page has no body
            require(body, "a page of files", "files", "nextPageToken")
        files = [read_file(one) for one in body.get("files") or ()]
        yield ResultDelta(FilePage(files=files, cursor=body.get("nextPageToken") or None))


def read_file(data: dict[str, Any]) -> UploadedFile:
    if not str(data["name"]).startswith("files/"):
        raise ValueError("expected a file, got something else")
    size = data.get("sizeBytes")
    return UploadedFile(
        file_id=data["name"],
        name=data.get("displayName"),
        size=None if size is None else int(size),
        mime_type=data.get("mimeType"),
        state=STATES.get(str(data.get("state")), "ready"),
        created_at=read_time(data.get("createTime")),
        expires_at=read_time(data.get("expirationTime")),
        url=data.get("uri"),
        raw=data,
    )


CODEC = OperationCodec("gemini.files", write, read, read_error)
