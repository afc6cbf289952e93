"""File operations of the client."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Unpack, overload

from ..io.sync_io import run
from ..types.content.media import Media
from ..wire.secrets import conceal_options, conceals_its_options
from .call_factory import OperationsBase

if TYPE_CHECKING:
    from ..types.config.call_options import CallSettings, UploadSettings
    from ..types.operations.files import UploadedFile
    from ..types.tools.hosted_tools import UploadedSkill
    from .file_transfer import FileCalls
    from .vector_stores import VectorStores

File = str | PathLike[str] | bytes | Media
Place = str | PathLike[str]
Progress = Callable[[int, int], None]
Received = Callable[[int, int | None], None]

USUAL_WAIT = 600.0


class EngineFilesMixin(OperationsBase):
    """File methods of `AIModelClient`; files belong to the provider, not to the model."""

    @conceals_its_options
    def upload_file(self, file: File, **settings: Unpack[UploadSettings]) -> UploadedFile:
        """Upload a file of any size; it is read from disk while it is sent.

        Args:
            file: A path, bytes, or a content part with `data`, whose name and media type are used.
            **settings: `name`, `mime_type`, `purpose`, `on_progress(sent, size)` and call settings.

        Returns:
            The file at the provider.
        """
        conceal_options(settings)
        return run(self._calls(is_async=False).upload(file, settings))

    @conceals_its_options
    async def upload_file_async(self, file: File, **settings: Unpack[UploadSettings]) -> UploadedFile:
        """Async version of `upload_file`."""
        conceal_options(settings)
        return await self._calls(is_async=True).upload(file, settings)

    @conceals_its_options
    def get_file(self, file_id: str, **settings: Unpack[CallSettings]) -> UploadedFile:
        """Return the provider's metadata of a file.

        Args:
            file_id: Id of the file at the provider.
            **settings: See `CallSettings`.
        """
        conceal_options(settings)
        return run(self._calls(is_async=False).get(file_id, settings))

    @conceals_its_options
    async def get_file_async(self, file_id: str, **settings: Unpack[CallSettings]) -> UploadedFile:
        """Async version of `get_file`."""
        conceal_options(settings)
        return await self._calls(is_async=True).get(file_id, settings)

    @conceals_its_options
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
        conceal_options(settings)
        return run(self._calls(is_async=False).list_all(purpose, most, settings))

    @conceals_its_options
    async def list_files_async(
        self, *, purpose: str | None = None, most: int | None = None, **settings: Unpack[CallSettings]
    ) -> list[UploadedFile]:
        """Async version of `list_files`."""
        conceal_options(settings)
        return await self._calls(is_async=True).list_all(purpose, most, settings)

    @overload
    def download_file(
        self, file_id: str | Media, *, to_path: None = None, **settings: Unpack[CallSettings]
    ) -> bytes: ...
    @overload
    def download_file(
        self,
        file_id: str | Media,
        *,
        to_path: Place,
        on_progress: Received | None = None,
        overwrite: bool = False,
        **settings: Unpack[CallSettings],
    ) -> Path: ...
    @conceals_its_options
    def download_file(
        self,
        file_id: str | Media,
        *,
        to_path: Place | None = None,
        on_progress: Received | None = None,
        overwrite: bool = False,
        **settings: Unpack[CallSettings],
    ) -> bytes | Path:
        """Download the content of a file; most providers only return files that they generated.

        Args:
            file_id: Id of the file, or a part that names one, such as those in `response.files`.
            to_path: Write the content to this path while it arrives, instead of returning bytes.
            on_progress: Called with `(received, size)`; requires `to_path`.
            overwrite: Whether to replace an existing file (default False).
            **settings: Call settings such as `timeout`.

        Returns:
            The content, or the path if `to_path` is given.

        Raises:
            OutputExistsError: If `to_path` exists and `overwrite` is False; nothing was requested.
        """
        conceal_options(settings)
        return run(self._calls(is_async=False).download(file_id, to_path, on_progress, overwrite, settings))

    @overload
    async def download_file_async(
        self, file_id: str | Media, *, to_path: None = None, **settings: Unpack[CallSettings]
    ) -> bytes: ...
    @overload
    async def download_file_async(
        self,
        file_id: str | Media,
        *,
        to_path: Place,
        on_progress: Received | None = None,
        overwrite: bool = False,
        **settings: Unpack[CallSettings],
    ) -> Path: ...
    @conceals_its_options
    async def download_file_async(
        self,
        file_id: str | Media,
        *,
        to_path: Place | None = None,
        on_progress: Received | None = None,
        overwrite: bool = False,
        **settings: Unpack[CallSettings],
    ) -> bytes | Path:
        """Async version of `download_file`."""
        conceal_options(settings)
        return await self._calls(is_async=True).download(file_id, to_path, on_progress, overwrite, settings)

    @conceals_its_options
    def delete_file(self, file_id: str, **settings: Unpack[CallSettings]) -> None:
        """Delete a file at the provider.

        Args:
            file_id: Id of the file at the provider.
            **settings: See `CallSettings`.
        """
        conceal_options(settings)
        run(self._calls(is_async=False).delete(file_id, settings))

    @conceals_its_options
    async def delete_file_async(self, file_id: str, **settings: Unpack[CallSettings]) -> None:
        """Async version of `delete_file`."""
        conceal_options(settings)
        await self._calls(is_async=True).delete(file_id, settings)

    @conceals_its_options
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
        conceal_options(settings)
        return run(self._calls(is_async=False).wait(file_id, wait, settings))

    @conceals_its_options
    async def wait_for_file_async(
        self, file_id: str, *, wait: float = USUAL_WAIT, **settings: Unpack[CallSettings]
    ) -> UploadedFile:
        """Async version of `wait_for_file`."""
        conceal_options(settings)
        return await self._calls(is_async=True).wait(file_id, wait, settings)

    @property
    def vector_stores(self) -> VectorStores:
        """Vector stores at the provider, for the tool `FileSearch`."""
        stores: VectorStores = import_module("dhenara.ai.client.vector_stores").VectorStores(self._prepare)
        return stores

    @conceals_its_options
    def upload_skill(
        self, folder: Place, *, name: str | None = None, **settings: Unpack[CallSettings]
    ) -> UploadedSkill:
        """Upload a skill: a folder with a file `SKILL.md`, and all files in it. Symbolic links are left out.

        Args:
            folder: The folder.
            name: Title of the skill. Default None: from `SKILL.md`.
            **settings: See `CallSettings`.

        Returns:
            The skill, whose id `CodeExecution(skills=...)` takes.

        Raises:
            ConfigurationError: The folder has no `SKILL.md`.
            UnsupportedError: The provider has no skills.
        """
        conceal_options(settings)
        return run(self._calls(is_async=False).upload_skill(folder, name, settings))

    @conceals_its_options
    async def upload_skill_async(
        self, folder: Place, *, name: str | None = None, **settings: Unpack[CallSettings]
    ) -> UploadedSkill:
        """Async version of `upload_skill`."""
        conceal_options(settings)
        return await self._calls(is_async=True).upload_skill(folder, name, settings)

    @conceals_its_options
    def list_skills(self, *, most: int | None = None, **settings: Unpack[CallSettings]) -> list[UploadedSkill]:
        """Return the skills of the account, in the provider's order.

        Args:
            most: Maximum number of skills. Default None: all.
            **settings: See `CallSettings`.
        """
        conceal_options(settings)
        return run(self._calls(is_async=False).list_skills(most, settings))

    @conceals_its_options
    async def list_skills_async(
        self, *, most: int | None = None, **settings: Unpack[CallSettings]
    ) -> list[UploadedSkill]:
        """Async version of `list_skills`."""
        conceal_options(settings)
        return await self._calls(is_async=True).list_skills(most, settings)

    @conceals_its_options
    def delete_skill(self, skill_id: str, **settings: Unpack[CallSettings]) -> None:
        """Delete a skill.

        Args:
            skill_id: Id of the skill at the provider.
            **settings: See `CallSettings`.
        """
        conceal_options(settings)
        run(self._calls(is_async=False).delete_skill(skill_id, settings))

    @conceals_its_options
    async def delete_skill_async(self, skill_id: str, **settings: Unpack[CallSettings]) -> None:
        """Async version of `delete_skill`."""
        conceal_options(settings)
        await self._calls(is_async=True).delete_skill(skill_id, settings)

    def _calls(self, *, is_async: bool) -> FileCalls:
        from .file_transfer import FileCalls

        return FileCalls(self._prepare, is_async)
