"""A picture and a text file in one prompt, from paths and bytes.

With OPENAI_API_KEY it asks OpenAI; without, a fake server in this process.
"""

import os
import struct
import tempfile
import zlib
from pathlib import Path
from typing import Any

from dhenara.ai import AIModelClient
from dhenara.ai.testing import Answer, FakeServer
from dhenara.ai.types import AIModel, AIModelAPI, AIModelEndpoint, ImageContent, content_of


def red_square(size: int = 16) -> bytes:
    """A PNG, made by hand."""

    def block(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\x00" + b"\xff\x00\x00" * size for _ in range(size))
    head = struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + block(b"IHDR", head) + block(b"IDAT", zlib.compress(rows)) + block(b"IEND", b"")


with FakeServer(Answer(text="A red square, as the notes say.")) as server, tempfile.TemporaryDirectory() as folder:
    real = "OPENAI_API_KEY" in os.environ
    fake: dict[str, Any] = {} if real else {"api_key": "none", "config": {"base_url": f"{server.url}/v1"}}
    endpoint = AIModelEndpoint(api=AIModelAPI(provider="openai", **fake), ai_model=AIModel(model_name="gpt-5.4-mini"))
    notes = Path(folder) / "notes.txt"
    notes.write_text("The picture shows a red square.")
    print(content_of(notes).type, content_of(red_square()).type)
    with AIModelClient(endpoint) as client:
        picture = ImageContent.from_bytes(red_square(), detail="low")
        print(client.generate(["Do the notes fit the picture?", notes, picture]).text)
