"""OCR as Mistral speaks it: a document in, pages of markdown out."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

from ...types.call import Call
from ...types.content import FileContent, ImageContent
from ...types.delta import Began, Delta, Made, Used
from ...types.image import GeneratedImage
from ...types.ocr import OcrPage, OcrRequest, OcrResponse
from ...types.usage import Usage
from ...wire.pictures import mime_of
from ..base import Outgoing
from ..counts import number, section
from ..image import as_url
from ..openai_chat.codec import read_error
from ..operation import OperationCodec, request_of
from ..operation_quirks import OcrQuirks
from ..told import named

OWN = ("index", "markdown", "images", "dimensions")


def write(call: Call, quirks: OcrQuirks) -> Outgoing:
    request = request_of(call, OcrRequest)
    body: dict[str, Any] = {"model": call.endpoint.ai_model.model_name, "document": written(request.document)}
    if request.pages is not None:
        body["pages"] = list(request.pages)
    if request.include_images is not None:
        body["include_image_base64"] = request.include_images
    return Outgoing(
        quirks.path, {**body, **quirks.defaults, **call.endpoint.ai_model.parameters, **call.config.options}
    )


def written(document: FileContent | ImageContent) -> dict[str, Any]:
    if document.file_id is not None:
        return {"type": "file", "file_id": document.file_id}
    if isinstance(document, ImageContent):
        return {"type": "image_url", "image_url": as_url(document)}
    if document.data is None:
        return {"type": "document_url", "document_url": document.url}
    mime = document.mime_type or "application/pdf"
    data = f"data:{mime};base64,{base64.b64encode(document.data).decode()}"
    return {"type": "document_url", "document_url": data, **({"document_name": document.name} if document.name else {})}


def read(quirks: OcrQuirks, body: Any) -> Iterator[Delta]:
    yield Began(None, named(body, "model"))
    told = section(body, "usage_info")
    yield Used(Usage(units={"pages": float(number(told, "pages_processed") or len(body["pages"]))}, raw=dict(told)))
    pages = [read_page(page) for page in body["pages"]]
    if not pages:
        raise ValueError("there are no pages in it")
    yield Made(OcrResponse(pages=pages, annotation=body.get("document_annotation")))


def read_page(page: dict[str, Any]) -> OcrPage:
    dimensions = page.get("dimensions") or {}
    return OcrPage(
        index=page["index"],
        markdown=page.get("markdown") or "",
        images=[read_picture(image) for image in page.get("images") or ()],
        width=dimensions.get("width"),
        height=dimensions.get("height"),
        dpi=dimensions.get("dpi"),
        extras={name: value for name, value in page.items() if name not in OWN and value},
    )


def read_picture(image: dict[str, Any]) -> GeneratedImage:
    """A picture of the page; its name is the one that the markdown refers to."""
    encoded = (image.get("image_base64") or "").partition("base64,")
    data = base64.b64decode(encoded[2] or encoded[0]) or None
    place = {name: value for name, value in image.items() if name not in ("id", "image_base64") and value is not None}
    return GeneratedImage(data=data, mime_type=mime_of(data) if data else None, name=image.get("id"), extras=place)


CODEC = OperationCodec("openai_rest.ocr", write, read, read_error)
