"""Operations on files at a provider, each in both colours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from .errors import ConfigurationError
from .operating import Operating
from .runtime.blocking import run

if TYPE_CHECKING:
    from .flow.journey import Journey
    from .types.call import Call
    from .types.operation_settings import CallSettings, UploadSettings
    from .types.uploaded_file import UploadedFile

    File = str | PathLike[str] | bytes
    Progress = Callable[[int, int], None]

PIECE = 1 << 20
USUAL_WAIT = 600.0


class FileOnDisk:
    """A file that is read while it is sent, again for every attempt. `told` hears how much was, of how much."""

    def __init__(self, path: Path, told: Progress | None) -> None:
        self._path = path
        self._told = told
        try:
            self.size = path.stat().st_size
            path.open("rb").close()
        except OSError as error:
            raise ConfigurationError(f"the file {path} cannot be read: {error.strerror}") from error

    def __iter__(self) -> Iterator[bytes]:
        sent = 0
        with self._path.open("rb") as file:
            while sent < self.size and (piece := file.read(min(PIECE, self.size - sent))):
                yield piece
                sent += len(piece)
                if self._told is not None:
                    self._told(sent, self.size)
        if sent < self.size:
            raise ConfigurationError(f"the file {self._path} became shorter while it was sent")


class Filings(Operating):
    """Files are kept by the provider of the endpoint; the model makes no difference."""

    def upload_file(self, file: File, **settings: Unpack[UploadSettings]) -> UploadedFile:
        """Sends a file of any size, read from disk while it goes out; `on_progress(sent, size)` hears of it."""
        return run(self._upload(file, settings, is_async=False))

    async def upload_file_async(self, file: File, **settings: Unpack[UploadSettings]) -> UploadedFile:
        """The same, awaited."""
        return await self._upload(file, settings, is_async=True)

    def get_file(self, file_id: str, **settings: Unpack[CallSettings]) -> UploadedFile:
        """What the provider knows of a file."""
        return run(self._get(file_id, settings, is_async=False))

    async def get_file_async(self, file_id: str, **settings: Unpack[CallSettings]) -> UploadedFile:
        """The same, awaited."""
        return await self._get(file_id, settings, is_async=True)

    def list_files(
        self, *, purpose: str | None = None, most: int | None = None, **settings: Unpack[CallSettings]
    ) -> list[UploadedFile]:
        """All files, page after page, or the first so many."""
        return run(self._list(purpose, most, settings, is_async=False))

    async def list_files_async(
        self, *, purpose: str | None = None, most: int | None = None, **settings: Unpack[CallSettings]
    ) -> list[UploadedFile]:
        """The same, awaited."""
        return await self._list(purpose, most, settings, is_async=True)

    def download_file(self, file_id: str, **settings: Unpack[CallSettings]) -> bytes:
        """What is in a file; most providers give back only what was made there."""
        return run(self._download_file(file_id, settings, is_async=False))

    async def download_file_async(self, file_id: str, **settings: Unpack[CallSettings]) -> bytes:
        """The same, awaited."""
        return await self._download_file(file_id, settings, is_async=True)

    def delete_file(self, file_id: str, **settings: Unpack[CallSettings]) -> None:
        """The provider forgets the file."""
        run(self._delete(file_id, settings, is_async=False))

    async def delete_file_async(self, file_id: str, **settings: Unpack[CallSettings]) -> None:
        """The same, awaited."""
        await self._delete(file_id, settings, is_async=True)

    def wait_for_file(
        self, file_id: str, *, wait: float = USUAL_WAIT, **settings: Unpack[CallSettings]
    ) -> UploadedFile:
        """The file once it can be used, asked for again and again for `wait` seconds at most."""
        return run(self._wait(file_id, wait, settings, is_async=False))

    async def wait_for_file_async(
        self, file_id: str, *, wait: float = USUAL_WAIT, **settings: Unpack[CallSettings]
    ) -> UploadedFile:
        """The same, awaited."""
        return await self._wait(file_id, wait, settings, is_async=True)

    def _filed(self, action: str, settings: Any, given: dict[str, Any], *, is_async: bool) -> tuple[Journey, Call]:
        from .types.uploaded_file import FileRequest

        return self._asked("files", FileRequest, {"action": action, **given}, settings, is_async)

    async def _upload(self, file: File, settings: Any, *, is_async: bool) -> UploadedFile:
        # Its tables take a moment to read, which only uploads need.
        import mimetypes

        from .flow.filing import upload

        said = dict(settings)
        told = said.pop("on_progress", None)
        if isinstance(file, bytes):
            content: bytes | FileOnDisk = file
            name, size = said.pop("name", None) or "file", len(file)
        else:
            path = Path(file).expanduser()
            content = FileOnDisk(path, told)
            name, size = said.pop("name", None) or path.name, content.size
        kind = said.pop("mime_type", None) or mimetypes.guess_type(name)[0] or "application/octet-stream"
        given = {"content": content, "size": size, "name": name, "mime_type": kind}
        return await upload(*self._filed("upload", said, given, is_async=is_async))

    async def _get(self, file_id: str, settings: Any, *, is_async: bool) -> UploadedFile:
        from .types.uploaded_file import UploadedFile

        journey, call = self._filed("get", settings, {"file_id": needed(file_id)}, is_async=is_async)
        return await journey.perform(call, UploadedFile)

    async def _list(
        self, purpose: str | None, most: int | None, settings: Any, *, is_async: bool
    ) -> list[UploadedFile]:
        from .flow.filing import list_files

        journey, call = self._filed("list", settings, {"purpose": purpose}, is_async=is_async)
        return await list_files(journey, call, most)

    async def _download_file(self, file_id: str, settings: Any, *, is_async: bool) -> bytes:
        from .types.uploaded_file import FileBytes

        journey, call = self._filed("download", settings, {"file_id": needed(file_id)}, is_async=is_async)
        return (await journey.perform(call, FileBytes)).data

    async def _delete(self, file_id: str, settings: Any, *, is_async: bool) -> None:
        from .flow.filing import delete

        await delete(*self._filed("delete", settings, {"file_id": needed(file_id)}, is_async=is_async))

    async def _wait(self, file_id: str, wait: float, settings: Any, *, is_async: bool) -> UploadedFile:
        from .flow.filing import wait_for_file

        journey, call = self._filed("get", settings, {"file_id": needed(file_id)}, is_async=is_async)
        return await wait_for_file(journey, call, wait)


def needed(file_id: str) -> str:
    if not file_id:
        raise ConfigurationError("which file? file_id is empty")
    return file_id
