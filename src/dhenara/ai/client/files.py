"""Operations on files at a provider, each in both colours."""

from __future__ import annotations

from collections.abc import Callable
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack, overload

from ..errors import ConfigurationError
from ..runtime.sync_io import run
from .operations_base import OperationsBase

if TYPE_CHECKING:
    from ..pipeline.pipeline import Pipeline
    from ..types.call import Call
    from ..types.operation_settings import CallSettings, UploadSettings
    from ..types.uploaded_file import UploadedFile

    File = str | PathLike[str] | bytes
    Place = str | PathLike[str]
    Progress = Callable[[int, int], None]
    Received = Callable[[int, int | None], None]

USUAL_WAIT = 600.0


class EngineFilesMixin(OperationsBase):
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

    @overload
    def download_file(self, file_id: str, *, to_path: None = None, **settings: Unpack[CallSettings]) -> bytes: ...
    @overload
    def download_file(
        self, file_id: str, *, to_path: Place, on_progress: Received | None = None, **settings: Unpack[CallSettings]
    ) -> Path: ...
    def download_file(
        self,
        file_id: str,
        *,
        to_path: Place | None = None,
        on_progress: Received | None = None,
        **settings: Unpack[CallSettings],
    ) -> bytes | Path:
        """What is in a file; with `to_path` it goes to disk as it comes, and `on_progress(received, size)` hears of it.

        Most providers give back only what was made there.
        """
        return run(self._download_file(file_id, to_path, on_progress, settings, is_async=False))

    @overload
    async def download_file_async(
        self, file_id: str, *, to_path: None = None, **settings: Unpack[CallSettings]
    ) -> bytes: ...
    @overload
    async def download_file_async(
        self, file_id: str, *, to_path: Place, on_progress: Received | None = None, **settings: Unpack[CallSettings]
    ) -> Path: ...
    async def download_file_async(
        self,
        file_id: str,
        *,
        to_path: Place | None = None,
        on_progress: Received | None = None,
        **settings: Unpack[CallSettings],
    ) -> bytes | Path:
        """The same, awaited."""
        return await self._download_file(file_id, to_path, on_progress, settings, is_async=True)

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

    def _file_call(self, action: str, settings: Any, given: dict[str, Any], *, is_async: bool) -> tuple[Pipeline, Call]:
        from ..types.uploaded_file import FileRequest

        return self._prepare("files", FileRequest, {"action": action, **given}, settings, is_async)

    async def _upload(self, file: File, settings: Any, *, is_async: bool) -> UploadedFile:
        # Its tables take a moment to read, which only uploads need.
        import mimetypes

        from ..pipeline.files_api import upload
        from .file_upload import FileBody

        text = dict(settings)
        data = text.pop("on_progress", None)
        if isinstance(file, bytes):
            content: bytes | FileBody = file
            name, size = text.pop("name", None) or "file", len(file)
        else:
            path = Path(file).expanduser()
            content = FileBody(path, data)
            name, size = text.pop("name", None) or path.name, content.size
        kind = text.pop("mime_type", None) or mimetypes.guess_type(name)[0] or "application/octet-stream"
        given = {"content": content, "size": size, "name": name, "mime_type": kind}
        return await upload(*self._file_call("upload", text, given, is_async=is_async))

    async def _get(self, file_id: str, settings: Any, *, is_async: bool) -> UploadedFile:
        from ..types.uploaded_file import UploadedFile

        pipeline, call = self._file_call("get", settings, {"file_id": require_file_id(file_id)}, is_async=is_async)
        return await pipeline.perform(call, UploadedFile)

    async def _list(
        self, purpose: str | None, most: int | None, settings: Any, *, is_async: bool
    ) -> list[UploadedFile]:
        from ..pipeline.files_api import list_files

        pipeline, call = self._file_call("list", settings, {"purpose": purpose}, is_async=is_async)
        return await list_files(pipeline, call, most)

    async def _download_file(
        self, file_id: str, to_path: Place | None, on_progress: Received | None, settings: Any, *, is_async: bool
    ) -> bytes | Path:
        from ..types.uploaded_file import FileBytes
        from .file_download import fetch

        pipeline, call = self._file_call("download", settings, {"file_id": require_file_id(file_id)}, is_async=is_async)
        if to_path is not None:
            return await fetch(pipeline, call, Path(to_path).expanduser(), on_progress)
        if on_progress is not None:
            raise ConfigurationError("on_progress is told of files that go to disk: say to_path=... as well")
        return (await pipeline.perform(call, FileBytes)).data

    async def _delete(self, file_id: str, settings: Any, *, is_async: bool) -> None:
        from ..pipeline.files_api import delete

        await delete(*self._file_call("delete", settings, {"file_id": require_file_id(file_id)}, is_async=is_async))

    async def _wait(self, file_id: str, wait: float, settings: Any, *, is_async: bool) -> UploadedFile:
        from ..pipeline.files_api import wait_for_file

        pipeline, call = self._file_call("get", settings, {"file_id": require_file_id(file_id)}, is_async=is_async)
        return await wait_for_file(pipeline, call, wait)


def require_file_id(file_id: str) -> str:
    if not file_id:
        raise ConfigurationError("which file? file_id is empty")
    return file_id
