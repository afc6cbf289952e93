"""Remembers uploaded files, so that the same content is uploaded once per process."""

from __future__ import annotations

import hashlib

from ..providers.target import ResolvedTarget
from ..types.media import Media
from ..types.uploaded_file import UploadedFile

MOST_KNOWN = 1_000
# Files that expire soon are not reused.
MARGIN = 300.0


class UploadCache:
    """Uploads by content and account. Safe to share between clients, threads and event loops."""

    def __init__(self) -> None:
        self._known: dict[str, UploadedFile] = {}
        self._under_way: dict[str, object] = {}

    def find(self, key: str, now: float) -> UploadedFile | None:
        """Return the file unless it expires soon."""
        file = self._known.get(key)
        if file is None or (file.expires_at is not None and file.expires_at.timestamp() - MARGIN <= now):
            return None
        return file

    def store(self, key: str, file: UploadedFile) -> None:
        self._known[key] = file
        for oldest in list(self._known)[:-MOST_KNOWN]:
            self._known.pop(oldest, None)

    def begin(self, key: str) -> bool:
        """Reserve the upload; False if another caller is uploading it. `setdefault` makes this atomic."""
        mine = object()
        return self._under_way.setdefault(key, mine) is mine

    def end(self, key: str) -> None:
        self._under_way.pop(key, None)

    def forget(self, key: str) -> None:
        self._known.pop(key, None)


EVERYBODYS = UploadCache()
"""Cache shared by all clients of this process."""


def upload_key(part: Media, target: ResolvedTarget, account: str) -> str:
    """Return a hash of content, name and account, from which nothing can be read back."""
    seed = hashlib.sha256()
    headers = [text for name in sorted(target.headers) for text in (name, target.headers[name])]
    for text in (target.base_url, target.query, account, str(part.mime_type), str(part.name), *headers):
        encoded = text.encode("utf-8", "surrogatepass")
        seed.update(b"%d:" % len(encoded) + encoded)
    seed.update(part.data or b"")
    return seed.hexdigest()
