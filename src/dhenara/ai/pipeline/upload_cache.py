"""The memory of uploads: what this process handed to a provider's files, so that it does not go there twice."""

from __future__ import annotations

import hashlib

from ..providers.target import ResolvedTarget
from ..types.media import Media
from ..types.uploaded_file import UploadedFile

MOST_KNOWN = 1_000
# What is about to be forgotten is not relied upon.
MARGIN = 300.0


class UploadCache:
    """What was uploaded, by content and account. May be shared by clients, threads and event loops."""

    def __init__(self) -> None:
        self._known: dict[str, UploadedFile] = {}
        self._under_way: dict[str, object] = {}

    def find(self, key: str, now: float) -> UploadedFile | None:
        """The file, unless the provider forgets it soon."""
        file = self._known.get(key)
        if file is None or (file.expires_at is not None and file.expires_at.timestamp() - MARGIN <= now):
            return None
        return file

    def store(self, key: str, file: UploadedFile) -> None:
        self._known[key] = file
        for oldest in list(self._known)[:-MOST_KNOWN]:
            self._known.pop(oldest, None)

    def begin(self, key: str) -> bool:
        """Whether nobody else is about to send it: one step, so that of two threads one is the first."""
        mine = object()
        return self._under_way.setdefault(key, mine) is mine

    def end(self, key: str) -> None:
        self._under_way.pop(key, None)

    def forget(self, key: str) -> None:
        self._known.pop(key, None)


EVERYBODYS = UploadCache()
"""Where all clients of this process remember."""


def upload_key(part: Media, target: ResolvedTarget, account: str) -> str:
    """The content, its name and who has it, as one word. Everything is hashed, so nothing of it shows."""
    seed = hashlib.sha256()
    headers = [text for name in sorted(target.headers) for text in (name, target.headers[name])]
    for text in (target.base_url, target.query, account, str(part.mime_type), str(part.name), *headers):
        options = text.encode("utf-8", "surrogatepass")
        seed.update(b"%d:" % len(options) + options)
    seed.update(part.data or b"")
    return seed.hexdigest()
