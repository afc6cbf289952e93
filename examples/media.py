"""An image and a text file in one prompt, from bytes and a path.

Run it: python examples/media.py. Uses OpenAI if OPENAI_API_KEY is set, otherwise a fake server.
"""

import os
import struct
import zlib
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from dhenara.ai import AIModelClient
from dhenara.ai.testing import Answer, FakeServer
from dhenara.ai.types import ImageContent


def main(image: bytes, **options: Any) -> None:
    with TemporaryDirectory() as folder, AIModelClient("openai/gpt-5.4-mini", **options) as client:
        notes = Path(folder, "notes.txt")
        notes.write_text("The picture shows a red square.")
        picture = ImageContent.from_bytes(image, detail="low")
        print(client.generate(["Do the notes describe the picture?", notes, picture]).text)


def red_square(size: int = 16) -> bytes:
    """A PNG file."""

    def block(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\x00" + b"\xff\x00\x00" * size for _ in range(size))
    head = struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + block(b"IHDR", head) + block(b"IDAT", zlib.compress(rows)) + block(b"IEND", b"")


if "OPENAI_API_KEY" in os.environ:
    main(red_square())
else:
    with FakeServer(Answer(text="Yes, it is a red square.")) as server:
        main(red_square(), api_key="none", base_url=f"{server.url}/v1")
