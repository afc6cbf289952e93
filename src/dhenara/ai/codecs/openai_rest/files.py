"""File API of OpenAI, Anthropic, Mistral, xAI and others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from ...http.protocol.message import Field, FilePart, Multipart
from ...types.chat.delta import Delta, ResultDelta
from ...types.config.call import Call
from ...types.operations.files import FileDeleted, FilePage, FileRequest, FileState, UploadedFile, read_time
from ..base import EncodedRequest
from ..common.fields import Wire, require
from ..common.plan import WarningCollector
from ..common.request import quote_segment
from ..openai_chat.response import read_error
from ..operations.batch import batch_line_format, download_format
from ..operations.operation import OperationCodec, request_of
from ..operations.quirks import FileQuirks

STATES: dict[str, FileState] = {
    "uploaded": "processing",
    "pending": "processing",
    "processing": "processing",
    "error": "failed",
    "failed": "failed",
}
HOUR = 3600


def write(call: Call, quirks: FileQuirks) -> EncodedRequest:
    request = request_of(call, FileRequest)
    path = quirks.path if request.file_id is None else f"{quirks.path}/{quote_segment(request.file_id)}"
    match request.action:
        case "list":
            return EncodedRequest(path + list_query(request, quirks), {}, quirks.headers, method="GET")
        case "get":
            return EncodedRequest(path, {}, quirks.headers, method="GET")
        case "delete":
            return EncodedRequest(path, {}, quirks.headers, method="DELETE")
        case "lines":
            return EncodedRequest(
                path + quirks.content, {}, quirks.headers, method="GET", response_format=batch_line_format()
            )
        case "download":
            return EncodedRequest(
                path + quirks.content, {}, quirks.headers, method="GET", response_format=download_format(call)
            )
    return write_upload(call, request, quirks)


def write_upload(call: Call, request: FileRequest, quirks: FileQuirks) -> EncodedRequest:
    warnings = WarningCollector(str(call.endpoint.api.provider))
    fields: Wire = {}
    purpose, name = request.purpose or quirks.default_purpose, quirks.params.get("purpose")
    if purpose and name:
        fields[name] = purpose
    elif request.purpose:
        warnings.unsupported("purpose")
    fields.update(write_expiry(request, quirks, warnings))
    fields.update(call.config.options)
    fields_written = [Field(name, str(value)) for name, value in fields.items()]
    form = Multipart((*fields_written, FilePart("file", request.content, request.name, request.mime_type)))
    return EncodedRequest(quirks.path, {}, quirks.headers, warnings.all(), payload=form)


def write_expiry(request: FileRequest, quirks: FileQuirks, warnings: WarningCollector) -> Wire:
    if request.expires_in is None:
        return {}
    match quirks.expiry:
        case "anchored":
            return {"expires_after[anchor]": "created_at", "expires_after[seconds]": request.expires_in}
        case "seconds":
            return {"expires_after": request.expires_in}
        case "hours":
            if request.expires_in % HOUR:
                warnings.clamped("expires_in", "expiry is in whole hours")
            return {"expiry": -(-request.expires_in // HOUR)}
    warnings.unsupported("expires_in", "files are kept until they are deleted")
    return {}


def list_query(request: FileRequest, quirks: FileQuirks) -> str:
    """Return the query of one page."""
    question: Wire = {quirks.size_field: quirks.page_size}
    if request.purpose and quirks.params.get("purpose"):
        question["purpose"] = request.purpose
    if request.cursor is not None:
        name = {"number": "page", "token": "pagination_token"}.get(quirks.pages, quirks.pages)
        question[name] = request.cursor
    return f"?{urlencode(question)}"


def read(quirks: FileQuirks, body: Any) -> Iterator[Delta]:
    if isinstance(body.get("data"), list):
        files = [read_file(one) for one in body["data"]]
        yield ResultDelta(FilePage(files=files, cursor=next_page(quirks, body, files)))
    elif body.get("deleted") or body.get("type") == "file_deleted":
        yield ResultDelta(FileDeleted(file_id=body["id"]))
    else:
        yield ResultDelta(read_file(body))


def next_page(quirks: FileQuirks, body: Wire, files: list[UploadedFile]) -> str | None:
    match quirks.pages:
        case "token":
            return body.get("pagination_token") or None
        case "number":
            # A full page means that there may be more; the next page is found by the number of items before it.
            return None if len(files) < quirks.page_size else "next"
    return (body.get("last_id") or files[-1].file_id) if body.get("has_more") and files else None


def read_file(data: Wire) -> UploadedFile:
    require(data, "a file", "filename", "bytes", "size_bytes", "purpose")
    size = data.get("bytes", data.get("size_bytes"))
    return UploadedFile(
        file_id=data["id"],
        name=data.get("filename") or data.get("name"),
        size=size,
        mime_type=data.get("mime_type") or data.get("mimetype"),
        purpose=data.get("purpose") or None,
        state=STATES.get(str(data.get("status")), "ready"),
        created_at=read_time(data.get("created_at")),
        expires_at=read_time(data.get("expires_at")),
        raw=data,
    )


CODEC = OperationCodec("openai_rest.files", write, read, read_error)
