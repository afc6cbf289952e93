"""File API of OpenAI, Anthropic, Mistral, xAI and others, and OCR of documents in Mistral's format."""

from __future__ import annotations

import base64
import mimetypes
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from ...http.protocol.message import Field, FilePart, Multipart
from ...types.chat.delta import Delta, ResponseStart, ResultDelta, UsageDelta
from ...types.chat.usage import Usage
from ...types.config.call import Call
from ...types.content.parts import FileContent, ImageContent
from ...types.operations.files import FileDeleted, FilePage, FileRequest, FileState, UploadedFile, read_time
from ...types.operations.images import GeneratedImage
from ...types.operations.text_operations import OcrPage, OcrRequest, OcrResponse
from ...wire.media_types import image_type
from ..base import EncodedRequest
from ..common.media import data_url
from ..common.media_support import with_media_type
from ..common.plan import WarningCollector
from ..common.request import quote_segment
from ..common.response_fields import Wire, read_int, read_name, read_object, read_objects, require
from ..openai_chat.response import read_error
from ..operations.batches import batch_line_format, download_format
from ..operations.media import image_url
from ..operations.operation import OperationCodec, request_of
from ..operations.quirks import FileQuirks, OcrQuirks

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
    quirks = at_place(request, quirks)
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


def at_place(request: FileRequest, quirks: FileQuirks) -> FileQuirks:
    """Return the quirks for skills, or for the files of a container."""
    if request.place == "skills":
        return replace(quirks, path=quirks.skills or quirks.path, headers=quirks.skills_headers)
    if request.container is not None and quirks.containers is not None:
        return replace(quirks, path=quirks.containers.format(container=quote_segment(request.container)))
    return quirks


def write_upload(call: Call, request: FileRequest, quirks: FileQuirks) -> EncodedRequest:
    if isinstance(request.content, Mapping):
        parts = [FilePart("files[]", content, name, media_type(name)) for name, content in request.content.items()]
        named = [Field(name, str(value)) for name, value in call.config.options.items()]
        return EncodedRequest(quirks.path, {}, quirks.headers, payload=Multipart((*named, *parts)))
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
    if request.cursor is not None and request.place == "skills" and quirks.pages == "after_id":
        question["page"] = request.cursor
    elif request.cursor is not None:
        name = {"number": "page", "token": "pagination_token"}.get(quirks.pages, quirks.pages)
        question[name] = request.cursor
    return f"?{urlencode(question)}"


def read(quirks: FileQuirks, body: Any) -> Iterator[Delta]:
    if isinstance(body.get("data"), list):
        files = [read_file(one) for one in body["data"]]
        yield ResultDelta(FilePage(files=files, cursor=next_page(quirks, body, files)))
    elif body.get("deleted") or body.get("type") in ("file_deleted", "skill_deleted"):
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
    return (
        (body.get("next_page") or body.get("last_id") or files[-1].file_id) if body.get("has_more") and files else None
    )


def media_type(name: str) -> str:
    return mimetypes.guess_type(name)[0] or "application/octet-stream"


def is_skill(data: Wire) -> bool:
    return "skill" in (data.get("object"), data.get("type")) or "latest_version" in data


def read_skill(data: Wire) -> UploadedFile:
    require(data, "a skill", "id")
    name = data.get("display_name") or data.get("display_title") or data.get("name")
    return UploadedFile(file_id=data["id"], name=name, created_at=read_time(data.get("created_at")), raw=data)


def read_file(data: Wire) -> UploadedFile:
    if is_skill(data):
        return read_skill(data)
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


OWN = ("index", "markdown", "images", "dimensions")


def write_ocr(call: Call, quirks: OcrQuirks) -> EncodedRequest:
    request = request_of(call, OcrRequest)
    body: dict[str, Any] = {"model": call.endpoint.ai_model.model_name, "document": write_document(request.document)}
    if request.pages is not None:
        body["pages"] = list(request.pages)
    if request.include_images is not None:
        body["include_image_base64"] = request.include_images
    body = {**body, **quirks.defaults, **call.endpoint.ai_model.parameters, **call.config.options}
    return EncodedRequest(quirks.path, body, expected_usage=expected_pages(request, body))


ANNOTATIONS = ("bbox_annotation_format", "document_annotation_format")


def expected_pages(request: OcrRequest, body: Wire) -> Usage | None:
    """Return the pages that the request names, which are the most that are read; an image is one page."""
    pages = body.get("pages")
    most = 1 if isinstance(request.document, ImageContent) else len(pages) if isinstance(pages, list) else None
    if most is None:
        return None
    unit = ANNOTATED if any(body.get(name) for name in ANNOTATIONS) else PAGES
    return Usage(units={unit: float(most)}, counted=(unit,))


PAGES, ANNOTATED = "pages", "annotated_pages"
"""Units of pages; annotated ones cost more, and are no plain pages."""


def write_document(document: FileContent | ImageContent) -> dict[str, Any]:
    if document.file_id is not None:
        return {"type": "file", "file_id": document.file_id}
    if isinstance(document, ImageContent):
        return {"type": "image_url", "image_url": image_url(document)}
    if document.data is None:
        return {"type": "document_url", "document_url": document.url}
    typed = with_media_type(document)
    data = data_url(typed, "application/pdf")
    return {"type": "document_url", "document_url": data, **({"document_name": document.name} if document.name else {})}


def read_ocr(quirks: OcrQuirks, body: Any) -> Iterator[Delta]:
    yield ResponseStart(None, read_name(body, "model"))
    yield UsageDelta(read_ocr_usage(body))
    pages = [read_page(page) for page in body["pages"]]
    if not pages:
        raise ValueError("the response contains no pages")
    yield ResultDelta(OcrResponse(pages=pages, annotation=body.get("document_annotation")))


def read_ocr_usage(body: Wire) -> Usage:
    """Return the reported pages, else those of the answer."""
    report = read_object(body, "usage_info")
    reported = read_int(report, "pages_processed")
    unit = ANNOTATED if is_annotated(body) else PAGES
    return Usage(
        units={unit: float(reported or len(body["pages"]))}, counted=() if reported else (unit,), raw=dict(report)
    )


def is_annotated(body: Wire) -> bool:
    """Whether the document or its images were annotated, which costs more for each page."""
    images = (image for page in read_objects(body, "pages") for image in read_objects(page, "images"))
    return bool(body.get("document_annotation")) or any(image.get("image_annotation") for image in images)


def read_page(page: dict[str, Any]) -> OcrPage:
    dimensions = page.get("dimensions") or {}
    return OcrPage(
        index=page["index"],
        markdown=page.get("markdown") or "",
        images=[read_page_image(image) for image in page.get("images") or ()],
        width=dimensions.get("width"),
        height=dimensions.get("height"),
        dpi=dimensions.get("dpi"),
        extras={name: value for name, value in page.items() if name not in OWN and value},
    )


def read_page_image(image: dict[str, Any]) -> GeneratedImage:
    """Read an image of the page; its name is the one that the markdown refers to."""
    encoded = (image.get("image_base64") or "").partition("base64,")
    data = base64.b64decode(encoded[2] or encoded[0]) or None
    place = {name: value for name, value in image.items() if name not in ("id", "image_base64") and value is not None}
    return GeneratedImage(data=data, mime_type=image_type(data) if data else None, name=image.get("id"), extras=place)


OCR = OperationCodec("openai_rest.ocr", write_ocr, read_ocr, read_error)
