"""Forms as servers read them."""

from __future__ import annotations

from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

from dhenara.ai.testing import ServerExchange


def read_form(content_type: str, body: bytes) -> dict[str, Any]:
    """The fields of a form, by name: text, or bytes where they are files."""
    message = BytesParser(policy=HTTP).parsebytes(f"content-type: {content_type}\r\n\r\n".encode() + body)
    actual: dict[str, Any] = {}
    for part in message.iter_parts():
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        value = content if part.get_filename() else content.decode()
        actual[str(part.get_param("name", header="content-disposition"))] = value
    return actual


def form(exchange: ServerExchange) -> dict[str, Any]:
    """What a fake server was sent in a form."""
    return read_form(exchange.headers["content-type"], exchange.body)
