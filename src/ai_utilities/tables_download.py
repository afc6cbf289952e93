"""Downloads of tables: bounded in size and time, and never to an address without encryption."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from urllib.request import HTTPRedirectHandler, Request, build_opener

PORTION = 65_536


class SameSchemeRedirects(HTTPRedirectHandler):
    """Follows redirects, but not from https to anything else."""

    def redirect_request(self, req: Request, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Request | None:
        """The redirected request; refused if it would not be encrypted."""
        if not newurl.startswith("https://"):
            raise OSError(f"a redirect to {newurl.split(':', 1)[0]} is refused")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def download(timeout: float) -> Callable[[str, int], bytes]:
    """A function that fetches a file with at most so many bytes; all files together may take `timeout` seconds."""
    opener = build_opener(SameSchemeRedirects)
    deadline = time.monotonic() + timeout

    def fetch(url: str, most: int) -> bytes:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError(f"the refresh took longer than {timeout:g} s")
        content = bytearray()
        with opener.open(Request(url, headers={"Accept": "application/json"}), timeout=left) as response:
            while portion := response.read1(PORTION):
                content += portion
                if len(content) > most:
                    raise OSError(f"the file has more than {most:,} bytes")
                if time.monotonic() > deadline:
                    raise TimeoutError(f"the refresh took longer than {timeout:g} s")
        return bytes(content)

    return fetch
