"""File methods of both clients: uploads, downloads, lists and removal."""

from __future__ import annotations

import json
from collections.abc import Callable
from os import PathLike
from typing import TYPE_CHECKING, Unpack

from dhenara.ai.errors import NotFoundError
from dhenara.ai.integration import conceal_options, conceals_its_options

from ..exceptions import ProviderConfigurationError
from ..execution import AnyAsyncCall, AnyCall, run_sync
from ..providers.base_provider import BaseProvider
from ..providers.engine_provider import EngineProvider

if TYPE_CHECKING:
    from pathlib import Path

    from dhenara.ai.types import UploadedFile

    from ..exceptions import Options
    from ..operation_options import DownloadOptions, FileOptions, ListFilesOptions, UploadOptions
    from ..operations import ClientCore

    File = str | PathLike[str] | bytes


class FilesMixin:
    """File methods of `AiClient`. Options are those of the engine's methods, and `provider` and `tags`."""

    _operations: ClientCore

    def upload_file(self, path: File, *, again: bool = False, **options: Unpack[UploadOptions]) -> UploadedFile:
        """Upload a file and wait until it can be used. An unchanged file that was uploaded before is not sent again.

        Args:
            path: A path, or the bytes.
            again: Whether to upload it in any case (default False).
            **options: Options of the engine's `upload_file`.

        Returns:
            The uploaded file; pass its `to_content()` in `files=[...]`.

        Raises:
            ProviderConfigurationError: If the file cannot be read.
        """
        return run_sync(upload(self._operations, path, again, dict(options)))

    @conceals_its_options
    def get_file(self, file_id: str, **options: Unpack[FileOptions]) -> UploadedFile:
        """Return the provider's information about a file.

        Args:
            file_id: The provider's id of the file.
            **options: See `FileOptions`.

        Raises:
            NotFoundError: If there is no such file.
        """
        conceal_options(options)
        call: AnyCall[UploadedFile] = self._operations.prepare_operation("get_file", (file_id,), dict(options))
        with call.context():
            return call.read(call.send())

    @conceals_its_options
    def list_files(self, **options: Unpack[ListFilesOptions]) -> list[UploadedFile]:
        """Return the files at the provider.

        Args:
            **options: See `ListFilesOptions`.
        """
        conceal_options(options)
        call: AnyCall[list[UploadedFile]] = self._operations.prepare_operation("list_files", (), dict(options))
        with call.context():
            return call.read(call.send())

    def download_file(
        self, file_id: str, *, to_path: str | PathLike[str] | None = None, **options: Unpack[DownloadOptions]
    ) -> bytes | Path:
        """Download a file.

        Args:
            file_id: The provider's id of the file.
            to_path: Where to write it. Default None: the bytes are returned.
            **options: Options of the engine's `download_file`, such as `on_progress(received, size)` and `overwrite`.

        Returns:
            The bytes, or the path that was written.

        Raises:
            OutputExistsError: If `to_path` exists and `overwrite` is False; nothing was requested.
        """
        return run_sync(download(self._operations, file_id, to_path, dict(options)))

    def delete_file(self, file_id: str, **options: Unpack[FileOptions]) -> None:
        """Delete a file at the provider.

        Args:
            file_id: The provider's id of the file.
            **options: See `FileOptions`.

        Raises:
            NotFoundError: If there is no such file.
        """
        run_sync(delete(self._operations, file_id, dict(options)))


class AsyncFilesMixin:
    """File methods of `AsyncAiClient`."""

    _operations: ClientCore

    async def upload_file(self, path: File, *, again: bool = False, **options: Unpack[UploadOptions]) -> UploadedFile:
        """Upload a file, unless it is at the provider already; see `AiClient.upload_file`.

        Args:
            path: A path, or the bytes.
            again: Whether to upload it in any case (default False).
            **options: Options of the engine's `upload_file`.
        """
        return await upload(self._operations, path, again, dict(options))

    @conceals_its_options
    async def get_file(self, file_id: str, **options: Unpack[FileOptions]) -> UploadedFile:
        """Return the provider's information about a file; see `AiClient.get_file`.

        Args:
            file_id: The provider's id of the file.
            **options: See `FileOptions`.
        """
        conceal_options(options)
        operations = self._operations
        call: AnyAsyncCall[UploadedFile] = operations.prepare_operation_async("get_file", (file_id,), dict(options))
        with call.context():
            return call.read(await call.send())

    @conceals_its_options
    async def list_files(self, **options: Unpack[ListFilesOptions]) -> list[UploadedFile]:
        """Return the files at the provider; see `AiClient.list_files`."""
        conceal_options(options)
        operations = self._operations
        call: AnyAsyncCall[list[UploadedFile]] = operations.prepare_operation_async("list_files", (), dict(options))
        with call.context():
            return call.read(await call.send())

    async def download_file(
        self, file_id: str, *, to_path: str | PathLike[str] | None = None, **options: Unpack[DownloadOptions]
    ) -> bytes | Path:
        """Download a file; see `AiClient.download_file`.

        Args:
            file_id: The provider's id of the file.
            to_path: Where to write it. Default None: the bytes are returned.
            **options: Options of the engine's `download_file`, such as `on_progress(received, size)` and
                `overwrite`.
        """
        return await download(self._operations, file_id, to_path, dict(options))

    async def delete_file(self, file_id: str, **options: Unpack[FileOptions]) -> None:
        """Delete a file at the provider; see `AiClient.delete_file`.

        Args:
            file_id: The provider's id of the file.
            **options: See `FileOptions`.
        """
        await delete(self._operations, file_id, dict(options))


async def upload(operations: ClientCore, file: File, again: bool, options: Options) -> UploadedFile:
    """Upload a file, unless it is at the provider already."""
    from .uploads import UploadRecord, key_of

    call = operations.mode.call
    provider_options: Options = {name: options[name] for name in ("provider", "tags") if name in options}
    account = account_key(operations.choose_provider(dict(options)))
    key = await call(file_key, key_of, file, *account, str(options.get("purpose")), str(options.get("name")))
    record = await call(UploadRecord)
    known_id = None if again else await call(record.find, key)
    if known_id is not None:
        try:
            known: UploadedFile = await operations.operate("get_file", (known_id,), dict(provider_options))
            if known.state != "failed":
                return await wait_until_ready(operations, known, provider_options)
        except NotFoundError:
            await call(record.forget, known_id)
    sent: UploadedFile = await operations.operate("upload_file", (file,), options)
    ready = await wait_until_ready(operations, sent, provider_options)
    expires = ready.expires_at.timestamp() if ready.expires_at else None
    await call(record.store, key, ready.file_id, expires)
    return ready


def file_key(key_of: Callable[..., str], file: File, *account: str) -> str:
    """Return the key of a file; raise a configuration error if it cannot be read."""
    try:
        return key_of(file, *account)
    except OSError as error:
        raise ProviderConfigurationError(f"cannot read the file {file!r}: {error.strerror}") from error


async def wait_until_ready(operations: ClientCore, file: UploadedFile, options: Options) -> UploadedFile:
    """Return the file when the provider has processed it."""
    if file.state != "processing":
        return file
    ready: UploadedFile = await operations.operate("wait_for_file", (file.file_id,), dict(options))
    return ready


def account_key(provider: BaseProvider) -> tuple[str, ...]:
    """Return what identifies the account: provider, base URL, key, headers and provider settings."""
    base_url = key = None
    if isinstance(provider, EngineProvider):
        base_url, key = provider.configuration.base_url.value, provider.configuration.api_key.value
    about = {name: getattr(provider.settings, name) for name in ("extra_headers", "provider_config")}
    return provider.provider_name, str(base_url), str(key), json.dumps(about, sort_keys=True, default=str)


async def download(
    operations: ClientCore, file_id: str, to_path: str | PathLike[str] | None, options: Options
) -> bytes | Path:
    """Download a file, to a path if one is given."""
    target = {} if to_path is None else {"to_path": to_path}
    content: bytes | Path = await operations.operate("download_file", (file_id,), {**target, **options})
    return content


async def delete(operations: ClientCore, file_id: str, options: Options) -> None:
    """Delete a file at the provider, and remove it from the record of uploads."""
    from .uploads import UploadRecord

    await operations.operate("delete_file", (file_id,), options)
    record = await operations.mode.call(UploadRecord)
    await operations.mode.call(record.forget, file_id)
