"""File methods of both clients: uploads, downloads, lists and removal."""

from __future__ import annotations

import json
from collections.abc import Callable
from os import PathLike
from typing import TYPE_CHECKING, Unpack

from dhenara.ai.errors import NotFoundError
from dhenara.ai.integration import conceal_options, conceals_its_options

from ..exceptions import ProviderConfigurationError
from ..execution import AnyAsyncCall, AnyCall
from ..providers.base_provider import BaseProvider
from ..providers.engine_provider import EngineProvider

if TYPE_CHECKING:
    from pathlib import Path

    from dhenara.ai.types import UploadedFile

    from ..exceptions import Arguments, Options
    from ..operations.client_core import ClientCore
    from ..operations.operation_options import DownloadOptions, FileOptions, ListFilesOptions, UploadOptions

    File = str | PathLike[str] | bytes
    Request = tuple[str, Arguments, Options]


class FilesMixin:
    """File methods of `AiClient`. Options are those of the engine's methods, and `provider` and `tags`."""

    _operations: ClientCore

    @conceals_its_options
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
        conceal_options(options)
        upload = FileUpload(self._operations, path, again, dict(options))
        while upload.file is None:
            call: AnyCall[UploadedFile] = self._operations.prepare_operation(*upload.request())
            with call.context():
                try:
                    upload.receive(call.read(call.send()))
                except NotFoundError as error:
                    upload.forget(error)
        return upload.file

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

    @conceals_its_options
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
        conceal_options(options)
        settings = download_options(to_path, dict(options))
        call: AnyCall[bytes | Path] = self._operations.prepare_operation("download_file", (file_id,), settings)
        with call.context():
            return call.read(call.send())

    @conceals_its_options
    def delete_file(self, file_id: str, **options: Unpack[FileOptions]) -> None:
        """Delete a file at the provider.

        Args:
            file_id: The provider's id of the file.
            **options: See `FileOptions`.

        Raises:
            NotFoundError: If there is no such file.
        """
        conceal_options(options)
        call: AnyCall[object] = self._operations.prepare_operation("delete_file", (file_id,), dict(options))
        with call.context():
            call.read(call.send())
        forget_upload(file_id)


class AsyncFilesMixin:
    """File methods of `AsyncAiClient`."""

    _operations: ClientCore

    @conceals_its_options
    async def upload_file(self, path: File, *, again: bool = False, **options: Unpack[UploadOptions]) -> UploadedFile:
        """Upload a file, unless it is at the provider already; see `AiClient.upload_file`.

        Args:
            path: A path, or the bytes.
            again: Whether to upload it in any case (default False).
            **options: Options of the engine's `upload_file`.
        """
        conceal_options(options)
        work = self._operations.mode.call
        upload = await work(FileUpload, self._operations, path, again, dict(options))
        while upload.file is None:
            call: AnyAsyncCall[UploadedFile] = self._operations.prepare_operation_async(*upload.request())
            with call.context():
                try:
                    await work(upload.receive, call.read(await call.send()))
                except NotFoundError as error:
                    await work(upload.forget, error)
        return upload.file

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

    @conceals_its_options
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
        conceal_options(options)
        operations, settings = self._operations, download_options(to_path, dict(options))
        call: AnyAsyncCall[bytes | Path] = operations.prepare_operation_async("download_file", (file_id,), settings)
        with call.context():
            return call.read(await call.send())

    @conceals_its_options
    async def delete_file(self, file_id: str, **options: Unpack[FileOptions]) -> None:
        """Delete a file at the provider; see `AiClient.delete_file`.

        Args:
            file_id: The provider's id of the file.
            **options: See `FileOptions`.
        """
        conceal_options(options)
        operations = self._operations
        call: AnyAsyncCall[object] = operations.prepare_operation_async("delete_file", (file_id,), dict(options))
        with call.context():
            call.read(await call.send())
        await operations.mode.call(forget_upload, file_id)


class FileUpload:
    """The requests of an upload: one for a file that may be there already, else its upload, then the wait for it.

    Send `request` and pass the answer to `receive`, or a `NotFoundError` to `forget`, until there is a `file`. Creating
    it reads the file, and all methods may use the record of uploads, so async code calls them in a thread.

    Args:
        operations: The operations of the client.
        file: A path, or the bytes.
        again: Whether to upload it in any case.
        options: Options of the upload.

    Raises:
        ProviderConfigurationError: If the file cannot be read.
    """

    def __init__(self, operations: ClientCore, file: File, again: bool, options: Options) -> None:
        from .uploads import UploadRecord, key_of

        self.file: UploadedFile | None = None
        self._about: Options = {name: options[name] for name in ("provider", "tags") if name in options}
        self._upload: Request = ("upload_file", (file,), options)
        account = account_key(operations.choose_provider(dict(options)))
        self._key = file_key(key_of, file, *account, str(options.get("purpose")), str(options.get("name")))
        self._record = UploadRecord()
        known_id = None if again else self._record.find(self._key)
        self._is_known = known_id is not None
        self._next = self._upload if known_id is None else self._about_file("get_file", known_id)

    def _about_file(self, operation: str, file_id: str) -> Request:
        return operation, (file_id,), dict(self._about)

    def request(self) -> Request:
        """The next operation, with its arguments and options."""
        return self._next

    def receive(self, answer: UploadedFile) -> None:
        """Take the answer to the last request."""
        if self._is_known and answer.state == "failed":
            self._is_known, self._next = False, self._upload
        elif answer.state == "processing":
            self._next = self._about_file("wait_for_file", answer.file_id)
        else:
            expires = answer.expires_at.timestamp() if answer.expires_at else None
            if not self._is_known:
                self._record.store(self._key, answer.file_id, expires)
            self.file = answer

    def forget(self, error: NotFoundError) -> None:
        """Upload the file because the known one was deleted; raise the error of any other request."""
        if not self._is_known:
            raise error
        self._record.forget(str(self._next[1][0]))
        self._is_known, self._next = False, self._upload


def file_key(key_of: Callable[..., str], file: File, *account: str) -> str:
    """Return the key of a file; raise a configuration error if it cannot be read."""
    try:
        return key_of(file, *account)
    except OSError as error:
        raise ProviderConfigurationError(f"cannot read the file {file!r}: {error.strerror}") from error


def account_key(provider: BaseProvider) -> tuple[str, ...]:
    """Return what identifies the account: provider, base URL, key, headers and provider settings."""
    base_url = key = None
    if isinstance(provider, EngineProvider):
        base_url, key = provider.configuration.base_url.value, provider.configuration.api_key.value
    about = {name: getattr(provider.settings, name) for name in ("extra_headers", "provider_config")}
    return provider.provider_name, str(base_url), str(key), json.dumps(about, sort_keys=True, default=str)


def download_options(to_path: str | PathLike[str] | None, options: Options) -> Options:
    """The options of a download, to a path if one is given."""
    return options if to_path is None else {"to_path": to_path, **options}


def forget_upload(file_id: str) -> None:
    """Remove a file that was deleted from the record of uploads."""
    from .uploads import UploadRecord

    UploadRecord().forget(file_id)
