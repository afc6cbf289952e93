"""OCR in Mistral's format: a document in, markdown pages out."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

from ...types.chat.delta import Delta, ResponseStart, ResultDelta, UsageDelta
from ...types.chat.usage import Usage
from ...types.config.call import Call
from ...types.content.parts import FileContent, ImageContent
from ...types.operations.files import OcrPage, OcrRequest, OcrResponse
from ...types.operations.image import GeneratedImage
from ...wire.media_types import image_type
from ..base import EncodedRequest
from ..common.fields import Wire, read_int, read_name, read_object, read_objects
from ..common.media import data_url
from ..common.media_support import with_media_type
from ..openai_chat.response import read_error
from ..operations.inputs import image_url
from ..operations.operation import OperationCodec, request_of
from ..operations.quirks import OcrQuirks

OWN = ("index", "markdown", "images", "dimensions")


def write(call: Call, quirks: OcrQuirks) -> EncodedRequest:
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


def read(quirks: OcrQuirks, body: Any) -> Iterator[Delta]:
    yield ResponseStart(None, read_name(body, "model"))
    yield UsageDelta(read_usage(body))
    pages = [read_page(page) for page in body["pages"]]
    if not pages:
        raise ValueError("the response contains no pages")
    yield ResultDelta(OcrResponse(pages=pages, annotation=body.get("document_annotation")))


def read_usage(body: Wire) -> Usage:
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


CODEC = OperationCodec("openai_rest.ocr", write, read, read_error)
