"""File methods of both clients: uploads, downloads, lists and removal."""

from __future__ import annotations

import json
from os import PathLike
from typing import TYPE_CHECKING, Any

from dhenara.ai.errors import NotFoundError

from ..exceptions import ProviderConfigurationError
from ..execution import run_sync

if TYPE_CHECKING:
    from pathlib import Path

    from dhenara.ai.types import UploadedFile

    from ..operations import ClientCore

    File = str | PathLike[str] | bytes


class FilesMixin:
    """File methods of `AiClient`. Options are those of the engine's methods, and `provider` and `tags`."""

    _operations: ClientCore

    def upload_file(self, path: File, *, again: bool = False, **options: Any) -> UploadedFile:
        """Upload a file and wait until it can be used. An unchanged file that was uploaded before is not sent again.

        Args:
            path: A path, or the bytes.
            again: Whether to upload it in any case (default False).
            **options: Options of the engine's `upload_file`.

        Returns:
            The uploaded file; pass it in `files=[...]`.

        Raises:
            ProviderConfigurationError: If the file cannot be read.
        """
        return run_sync(upload(self._operations, path, again, options))

    def get_file(self, file_id: str, **options: Any) -> UploadedFile:
        """Return the provider's information about a file."""
        match: UploadedFile = run_sync(self._operations.operate("get_file", (file_id,), options))
        return match

    def list_files(self, **options: Any) -> list[UploadedFile]:
        """Return all files at the provider."""
        match: list[UploadedFile] = run_sync(self._operations.operate("list_files", (), options))
        return match

    def download_file(
        self, file_id: str, *, to_path: str | PathLike[str] | None = None, **options: Any
    ) -> bytes | Path:
        """Download a file.

        Args:
            file_id: The provider's id of the file.
            to_path: Where to write it. Default None: the bytes are returned.
            **options: Options of the engine's `download_file`, such as `on_progress(received, size)`.

        Returns:
            The bytes, or the path that was written.
        """
        return run_sync(download(self._operations, file_id, to_path, options))

    def delete_file(self, file_id: str, **options: Any) -> None:
        """Delete a file at the provider."""
        run_sync(delete(self._operations, file_id, options))


class AsyncFilesMixin:
    """File methods of `AsyncAiClient`."""

    _operations: ClientCore

    async def upload_file(self, path: File, *, again: bool = False, **options: Any) -> UploadedFile:
        return await upload(self._operations, path, again, options)

    async def get_file(self, file_id: str, **options: Any) -> UploadedFile:
        match: UploadedFile = await self._operations.operate("get_file", (file_id,), options)
        return match

    async def list_files(self, **options: Any) -> list[UploadedFile]:
        match: list[UploadedFile] = await self._operations.operate("list_files", (), options)
        return match

    async def download_file(
        self, file_id: str, *, to_path: str | PathLike[str] | None = None, **options: Any
    ) -> bytes | Path:
        return await download(self._operations, file_id, to_path, options)

    async def delete_file(self, file_id: str, **options: Any) -> None:
        await delete(self._operations, file_id, options)


async def upload(operations: ClientCore, file: File, again: bool, options: dict[str, Any]) -> UploadedFile:
    from .uploads import UploadRecord, key_of

    ask, call = operations.operate, operations.mode.call
    among: dict[str, Any] = {str(name): options[name] for name in ("provider", "tags") if name in options}
    who = account_key(operations.choose_provider(dict(options)))
    key = await call(file_key, key_of, file, *who, str(options.get("purpose")), str(options.get("name")))
    record = await call(UploadRecord)
    there = None if again else await call(record.find, key)
    if there is not None:
        try:
            match: UploadedFile = await ask("get_file", (there,), dict(among))
            if match.state != "failed":
                return await wait_until_ready(operations, match, among)
        except NotFoundError:
            await call(record.forget, there)
    file_sent: UploadedFile = await wait_until_ready(operations, await ask("upload_file", (file,), options), among)
    expires = file_sent.expires_at.timestamp() if file_sent.expires_at else None
    await call(record.store, key, file_sent.file_id, expires)
    return file_sent


def file_key(key_of: Any, file: File, *who: str) -> str:
    """Return the key of a file; raise a configuration error if it cannot be read."""
    try:
        return str(key_of(file, *who))
    except OSError as error:
        raise ProviderConfigurationError(f"cannot read the file {file!r}: {error.strerror}") from error


async def wait_until_ready(operations: ClientCore, file: UploadedFile, among: dict[str, Any]) -> UploadedFile:
    if file.state != "processing":
        return file
    match: UploadedFile = await operations.operate("wait_for_file", (file.file_id,), dict(among))
    return match


def account_key(provider: Any) -> tuple[str, ...]:
    """Return what identifies the account: provider, base URL, key, headers and provider settings."""
    configuration = getattr(provider, "configuration", None)
    base = getattr(getattr(configuration, "base_url", None), "value", None)
    key = getattr(getattr(configuration, "api_key", None), "value", None)
    secret: Any = getattr(key, "get_secret_value", lambda: key)()
    settings = getattr(provider, "settings", None)
    about = {name: getattr(settings, name, None) for name in ("extra_headers", "provider_config")}
    return provider.provider_name, str(base), str(secret), json.dumps(about, sort_keys=True, default=str)


async def download(
    operations: ClientCore, file_id: str, to_path: str | PathLike[str] | None, options: dict[str, Any]
) -> bytes | Path:
    where = {} if to_path is None else {"to_path": to_path}
    match: bytes | Path = await operations.operate("download_file", (file_id,), {**where, **options})
    return match


async def delete(operations: ClientCore, file_id: str, options: dict[str, Any]) -> None:
    from .uploads import UploadRecord

    await operations.operate("delete_file", (file_id,), options)
    record = await operations.mode.call(UploadRecord)
    await operations.mode.call(record.forget, file_id)
