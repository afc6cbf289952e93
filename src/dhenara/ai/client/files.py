"""File operations of the client."""

from __future__ import annotations

import mimetypes
from collections.abc import Callable
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack, overload

from ..errors import ConfigurationError
from ..io.sync_io import run
from ..pipeline.pipeline import Pipeline
from ..types.config.call import Call
from ..types.content.media import Media
from .call_factory import OperationsBase
from .file_transfer import FileBody, fetch

if TYPE_CHECKING:
    from ..types.config.call_options import CallSettings, UploadSettings
    from ..types.operations.files import UploadedFile

File = str | PathLike[str] | bytes | Media
Place = str | PathLike[str]
Progress = Callable[[int, int], None]
Received = Callable[[int, int | None], None]

USUAL_WAIT = 600.0


class EngineFilesMixin(OperationsBase):
    """File methods of `AIModelClient`; files belong to the provider, not to the model."""

    def upload_file(self, file: File, **settings: Unpack[UploadSettings]) -> UploadedFile:
        """Upload a file of any size; it is read from disk while it is sent.

        Args:
            file: A path, bytes, or a content part with `data`, whose name and media type are used.
            **settings: `name`, `mime_type`, `purpose`, `on_progress(sent, size)` and call settings.

        Returns:
            The file at the provider.
        """
        return run(self._upload(file, settings, is_async=False))

    async def upload_file_async(self, file: File, **settings: Unpack[UploadSettings]) -> UploadedFile:
        """Async version of `upload_file`."""
        return await self._upload(file, settings, is_async=True)

    def get_file(self, file_id: str, **settings: Unpack[CallSettings]) -> UploadedFile:
        """Return the provider's metadata of a file.

        Args:
            file_id: Id of the file at the provider.
            **settings: See `CallSettings`.
        """
        return run(self._get(file_id, settings, is_async=False))

    async def get_file_async(self, file_id: str, **settings: Unpack[CallSettings]) -> UploadedFile:
        """Async version of `get_file`."""
        return await self._get(file_id, settings, is_async=True)

    def list_files(
        self, *, purpose: str | None = None, most: int | None = None, **settings: Unpack[CallSettings]
    ) -> list[UploadedFile]:
        """List the files at the provider.

        Args:
            purpose: Only files with this purpose.
            most: Longest list to return (default all pages).
            **settings: Call settings such as `timeout`.

        Returns:
            Metadata of each file.
        """
        return run(self._list(purpose, most, settings, is_async=False))

    async def list_files_async(
        self, *, purpose: str | None = None, most: int | None = None, **settings: Unpack[CallSettings]
    ) -> list[UploadedFile]:
        """Async version of `list_files`."""
        return await self._list(purpose, most, settings, is_async=True)

    @overload
    def download_file(self, file_id: str, *, to_path: None = None, **settings: Unpack[CallSettings]) -> bytes: ...
    @overload
    def download_file(
        self,
        file_id: str,
        *,
        to_path: Place,
        on_progress: Received | None = None,
        overwrite: bool = False,
        **settings: Unpack[CallSettings],
    ) -> Path: ...
    def download_file(
        self,
        file_id: str,
        *,
        to_path: Place | None = None,
        on_progress: Received | None = None,
        overwrite: bool = False,
        **settings: Unpack[CallSettings],
    ) -> bytes | Path:
        """Download the content of a file; most providers only return files that they generated.

        Args:
            file_id: Id of the file.
            to_path: Write the content to this path while it arrives, instead of returning bytes.
            on_progress: Called with `(received, size)`; requires `to_path`.
            overwrite: Whether to replace an existing file (default False).
            **settings: Call settings such as `timeout`.

        Returns:
            The content, or the path if `to_path` is given.

        Raises:
            OutputExistsError: If `to_path` exists and `overwrite` is False; nothing was requested.
        """
        return run(self._download_file(file_id, to_path, on_progress, overwrite, settings, is_async=False))

    @overload
    async def download_file_async(
        self, file_id: str, *, to_path: None = None, **settings: Unpack[CallSettings]
    ) -> bytes: ...
    @overload
    async def download_file_async(
        self,
        file_id: str,
        *,
        to_path: Place,
        on_progress: Received | None = None,
        overwrite: bool = False,
        **settings: Unpack[CallSettings],
    ) -> Path: ...
    async def download_file_async(
        self,
        file_id: str,
        *,
        to_path: Place | None = None,
        on_progress: Received | None = None,
        overwrite: bool = False,
        **settings: Unpack[CallSettings],
    ) -> bytes | Path:
        """Async version of `download_file`."""
        return await self._download_file(file_id, to_path, on_progress, overwrite, settings, is_async=True)

    def delete_file(self, file_id: str, **settings: Unpack[CallSettings]) -> None:
        """Delete a file at the provider.

        Args:
            file_id: Id of the file at the provider.
            **settings: See `CallSettings`.
        """
        run(self._delete(file_id, settings, is_async=False))

    async def delete_file_async(self, file_id: str, **settings: Unpack[CallSettings]) -> None:
        """Async version of `delete_file`."""
        await self._delete(file_id, settings, is_async=True)

    def wait_for_file(
        self, file_id: str, *, wait: float = USUAL_WAIT, **settings: Unpack[CallSettings]
    ) -> UploadedFile:
        """Poll a file until the provider has processed it.

        Args:
            file_id: Id of the file.
            wait: Longest wait in seconds (default 600).
            **settings: Call settings such as `timeout`.

        Returns:
            Metadata of the file.
        """
        return run(self._wait(file_id, wait, settings, is_async=False))

    async def wait_for_file_async(
        self, file_id: str, *, wait: float = USUAL_WAIT, **settings: Unpack[CallSettings]
    ) -> UploadedFile:
        """Async version of `wait_for_file`."""
        return await self._wait(file_id, wait, settings, is_async=True)

    def _file_call(self, action: str, settings: Any, given: dict[str, Any], *, is_async: bool) -> tuple[Pipeline, Call]:
        from ..types.operations.files import FileRequest

        return self._prepare("files", FileRequest, {"action": action, **given}, settings, is_async)

    async def _upload(self, file: File, settings: Any, *, is_async: bool) -> UploadedFile:
        from ..pipeline.media.files import upload

        options = dict(settings)
        on_progress = options.pop("on_progress", None)
        if isinstance(file, Media):
            options.setdefault("name", file.name)
            options.setdefault("mime_type", file.mime_type)
            file = bytes_of(file)
        if isinstance(file, bytes):
            content: bytes | FileBody = file
            name, size = options.pop("name", None) or "file", len(file)
        elif not isinstance(file, str | PathLike):
            raise ConfigurationError(
                f"a file to upload must be a path, bytes or a content part, not {type(file).__name__}."
            )
        else:
            path = Path(file).expanduser()
            content = FileBody(path, on_progress)
            name, size = options.pop("name", None) or path.name, content.size
        kind = options.pop("mime_type", None) or mimetypes.guess_type(name)[0] or "application/octet-stream"
        given = {"content": content, "size": size, "name": name, "mime_type": kind}
        return await upload(*self._file_call("upload", options, given, is_async=is_async))

    async def _get(self, file_id: str, settings: Any, *, is_async: bool) -> UploadedFile:
        from ..types.operations.files import UploadedFile

        pipeline, call = self._file_call("get", settings, {"file_id": require_file_id(file_id)}, is_async=is_async)
        return await pipeline.perform(call, UploadedFile)

    async def _list(
        self, purpose: str | None, most: int | None, settings: Any, *, is_async: bool
    ) -> list[UploadedFile]:
        from ..pipeline.media.files import list_files

        pipeline, call = self._file_call("list", settings, {"purpose": purpose}, is_async=is_async)
        return await list_files(pipeline, call, most)

    async def _download_file(
        self,
        file_id: str,
        to_path: Place | None,
        on_progress: Received | None,
        overwrite: bool,
        settings: Any,
        *,
        is_async: bool,
    ) -> bytes | Path:
        from ..types.operations.files import FileBytes

        pipeline, call = self._file_call("download", settings, {"file_id": require_file_id(file_id)}, is_async=is_async)
        if to_path is not None:
            return await fetch(pipeline, call, Path(to_path).expanduser(), on_progress, overwrite=overwrite)
        if on_progress is not None:
            raise ConfigurationError("on_progress needs a download to disk. Pass to_path=...")
        return (await pipeline.perform(call, FileBytes)).data

    async def _delete(self, file_id: str, settings: Any, *, is_async: bool) -> None:
        from ..pipeline.media.files import delete

        await delete(*self._file_call("delete", settings, {"file_id": require_file_id(file_id)}, is_async=is_async))

    async def _wait(self, file_id: str, wait: float, settings: Any, *, is_async: bool) -> UploadedFile:
        from ..pipeline.media.files import wait_for_file

        pipeline, call = self._file_call("get", settings, {"file_id": require_file_id(file_id)}, is_async=is_async)
        return await wait_for_file(pipeline, call, wait)


def bytes_of(part: Media) -> bytes:
    """Return the bytes of a part.

    Raises:
        ConfigurationError: If it has a URL or the id of an uploaded file instead.
    """
    if part.data is None:
        raise ConfigurationError("a content part to upload must have data. Pass a path, bytes or a part with data=...")
    return part.data


def require_file_id(file_id: str) -> str:
    if not file_id:
        raise ConfigurationError("file_id is empty. Pass the id of an uploaded file.")
    return file_id
