"""What both clients do with files."""

from __future__ import annotations

import json
from os import PathLike
from typing import TYPE_CHECKING, Any

from ..colour import finished

if TYPE_CHECKING:
    from pathlib import Path

    from dhenara.ai.types import UploadedFile

    from ..operations import Operations

    File = str | PathLike[str] | bytes


class Files:
    """For programs that wait. Options are those of the engine's methods, `provider` and `tags` beside them."""

    _operations: Operations

    def upload_file(self, path: File, *, again: bool = False, **options: Any) -> UploadedFile:
        """The file at the provider, ready to be used. What is there already is not sent again, unless `again`."""
        return finished(upload(self._operations, path, again, options))

    def get_file(self, file_id: str, **options: Any) -> UploadedFile:
        """What the provider knows of a file."""
        found: UploadedFile = finished(self._operations.operate("get_file", (file_id,), options))
        return found

    def list_files(self, **options: Any) -> list[UploadedFile]:
        """All files at the provider."""
        found: list[UploadedFile] = finished(self._operations.operate("list_files", (), options))
        return found

    def download_file(
        self, file_id: str, *, to_path: str | PathLike[str] | None = None, **options: Any
    ) -> bytes | Path:
        """What is in a file, or where it was written while it came; `on_progress(received, size)` hears of that."""
        return finished(download(self._operations, file_id, to_path, options))

    def delete_file(self, file_id: str, **options: Any) -> None:
        """The provider forgets the file."""
        finished(delete(self._operations, file_id, options))


class AsyncFiles:
    """The same, awaited."""

    _operations: Operations

    async def upload_file(self, path: File, *, again: bool = False, **options: Any) -> UploadedFile:
        return await upload(self._operations, path, again, options)

    async def get_file(self, file_id: str, **options: Any) -> UploadedFile:
        found: UploadedFile = await self._operations.operate("get_file", (file_id,), options)
        return found

    async def list_files(self, **options: Any) -> list[UploadedFile]:
        found: list[UploadedFile] = await self._operations.operate("list_files", (), options)
        return found

    async def download_file(
        self, file_id: str, *, to_path: str | PathLike[str] | None = None, **options: Any
    ) -> bytes | Path:
        return await download(self._operations, file_id, to_path, options)

    async def delete_file(self, file_id: str, **options: Any) -> None:
        await delete(self._operations, file_id, options)


async def upload(operations: Operations, file: File, again: bool, said: dict[str, Any]) -> UploadedFile:
    from dhenara.ai.errors import NotFoundError

    from .uploads import UploadRecord, key_of

    ask, call = operations.operate, operations.colour.call
    among: dict[str, Any] = {str(name): said[name] for name in ("provider", "tags") if name in said}
    who = account(operations.choose(dict(said)))
    key = await call(known, key_of, file, *who, str(said.get("purpose")), str(said.get("name")))
    record = await call(UploadRecord)
    there = None if again else await call(record.find, key)
    if there is not None:
        try:
            found: UploadedFile = await ask("get_file", (there,), dict(among))
            if found.state != "failed":
                return await ready(operations, found, among)
        except NotFoundError:
            await call(record.forget, there)
    file_sent: UploadedFile = await ready(operations, await ask("upload_file", (file,), said), among)
    expires = file_sent.expires_at.timestamp() if file_sent.expires_at else None
    await call(record.keep, key, file_sent.file_id, expires)
    return file_sent


def known(key_of: Any, file: File, *who: str) -> str:
    """The key of a file, or what is wrong with it in our words."""
    from ..exceptions import ProviderConfigurationError

    try:
        return str(key_of(file, *who))
    except OSError as error:
        raise ProviderConfigurationError(f"the file {file!r} cannot be read: {error.strerror}") from error


async def ready(operations: Operations, file: UploadedFile, among: dict[str, Any]) -> UploadedFile:
    if file.state != "processing":
        return file
    found: UploadedFile = await operations.operate("wait_for_file", (file.file_id,), dict(among))
    return found


def account(provider: Any) -> tuple[str, ...]:
    """Whose files these are: the provider, its address, the key, and the headers and settings that name a project."""
    configuration = getattr(provider, "configuration", None)
    base = getattr(getattr(configuration, "base_url", None), "value", None)
    key = getattr(getattr(configuration, "api_key", None), "value", None)
    secret: Any = getattr(key, "get_secret_value", lambda: key)()
    settings = getattr(provider, "settings", None)
    about = {name: getattr(settings, name, None) for name in ("extra_headers", "provider_config")}
    return provider.provider_name, str(base), str(secret), json.dumps(about, sort_keys=True, default=str)


async def download(
    operations: Operations, file_id: str, to_path: str | PathLike[str] | None, said: dict[str, Any]
) -> bytes | Path:
    where = {} if to_path is None else {"to_path": to_path}
    found: bytes | Path = await operations.operate("download_file", (file_id,), {**where, **said})
    return found


async def delete(operations: Operations, file_id: str, said: dict[str, Any]) -> None:
    from .uploads import UploadRecord

    await operations.operate("delete_file", (file_id,), said)
    record = await operations.colour.call(UploadRecord)
    await operations.colour.call(record.forget, file_id)
