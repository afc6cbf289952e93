"""Vector stores of a provider: `client.vector_stores`. Loaded when it is first used."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from os import PathLike
from typing import Any, TypeVar, Unpack

from ..codecs.operations.quirks import StoreQuirks
from ..errors import BadRequestError, ConfigurationError, NotFoundError
from ..io.sync_io import run
from ..output_files import FileBody
from ..pipeline.pipeline import Pipeline
from ..types.chat.report import OperationResponse
from ..types.config.call import Call
from ..types.config.call_options import AddFilesSettings, CallSettings, StoreSettings
from ..types.content.media import Media
from ..types.operations.files import (
    AddedFiles,
    StoreDeleted,
    StoreFilePage,
    StoreMatch,
    StoreMatches,
    StorePage,
    StoreRequest,
    UploadAddress,
    UploadedFile,
    VectorStore,
    VectorStoreFile,
)
from .file_transfer import (
    FileCalls,
    OnProgress,
    check_add_settings,
    check_most,
    input_content,
    input_mime_type,
    input_name,
    list_inputs,
    report,
    require_id,
)  # fmt: skip

StoreInput = str | PathLike[str] | bytes | Media | UploadedFile
"""A file for a store: a path, bytes, a content part with `data`, or a file that was uploaded before."""


Page = TypeVar("Page", StorePage, StoreFilePage)
Result = TypeVar("Result", bound=OperationResponse)
Prepare = Callable[..., tuple[Pipeline, Call]]

Stores = list[VectorStore]
StoredFiles = list[VectorStoreFile]
Matches = list[StoreMatch]

USUAL_WAIT = 600.0
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 10.0


class StoreCalls:
    """The requests of vector stores; each method makes a call and sends it."""

    def __init__(self, prepare: Prepare, settings: Mapping[str, Any], *, is_async: bool) -> None:
        self._prepare = prepare
        self._settings = dict(settings)
        self._is_async = is_async

    def _made(self, action: str, **given: Any) -> tuple[Pipeline, Call]:
        operation = "search_vector_store" if action == "search" else "vector_stores"
        return self._prepare(operation, StoreRequest, {"action": action, **given}, self._settings, self._is_async)

    def send(self, kind: type[Result], action: str, **given: Any) -> Coroutine[Any, Any, Result]:
        """Return the coroutine that sends one request."""
        pipeline, call = self._made(action, **given)
        return pipeline.perform(call, kind)

    async def pages(self, kind: type[Page], action: str, most: int | None, **given: Any) -> list[Page]:
        """Return pages until there are enough entries."""
        pages: list[Page] = []
        check_most(most)
        cursor, count = None, 0
        while True:
            page = await self.send(kind, action, cursor=cursor, **given)
            pages.append(page)
            count += page.length
            cursor = page.cursor
            if cursor is None or (most is not None and count >= most):
                return pages

    async def create(self, name: str | None) -> VectorStore:
        return await self.send(VectorStore, "create", name=name)

    async def remove(self, store_id: str, file_id: str) -> None:
        await self.send(StoreDeleted, "remove", store_id=require_id(store_id), file_id=require_id(file_id))

    async def list_all(self, most: int | None) -> list[VectorStore]:
        pages = await self.pages(StorePage, "list", most)
        return [named(store, page) for page in pages for store in page.stores][:most]

    async def files(self, store_id: str, most: int | None) -> list[VectorStoreFile]:
        pages = await self.pages(StoreFilePage, "files", most, store_id=require_id(store_id))
        return [in_store(named(file, page), store_id) for page in pages for file in page.files][:most]

    async def file(self, store_id: str, file_id: str) -> VectorStoreFile:
        file = await self.send(VectorStoreFile, "file", store_id=require_id(store_id), file_id=require_id(file_id))
        return in_store(file, store_id)

    async def search(
        self, store_id: str, query: str, max_results: int | None, filters: dict[str, Any] | str | None
    ) -> list[StoreMatch]:
        about = {"store_id": require_id(store_id), "max_results": max_results, "filters": filters}
        return (await self.send(StoreMatches, "search", query=query, **about)).matches

    async def add(self, store_id: str, files: StoreInput | Sequence[StoreInput]) -> AddedFiles:
        """Add files one after the other, and wait until the provider has read them; a failed file stops no other."""
        metadata, wait = self._settings.pop("metadata", {}), self._settings.pop("wait", USUAL_WAIT)
        on_progress: OnProgress | None = self._settings.pop("on_progress", None)
        check_add_settings(metadata, wait, on_progress)
        self._made("files", store_id=require_id(store_id))  # refused if the provider has no stores
        added = AddedFiles()
        files = list_inputs(files)
        for file in files:
            try:
                one = await self._add_one(store_id, file, dict(metadata))
            except (BadRequestError, ConfigurationError) as error:
                one = VectorStoreFile(file_id="", name=input_name(file), state="failed", error=str(error))
            added.files.append(in_store(one, store_id))
            report(added, len(added.files) - 1, len(files), on_progress)
        await self._wait(store_id, added, wait, on_progress)
        return added

    async def _add_one(self, store_id: str, file: StoreInput, metadata: dict[str, Any]) -> VectorStoreFile:
        about: dict[str, Any] = {"store_id": store_id, "name": input_name(file), "metadata": metadata}
        pipeline, _ = self._made("add", **about)
        quirks = pipeline.target.quirks
        assert isinstance(quirks, StoreQuirks)
        if isinstance(file, UploadedFile):
            return await self.send(VectorStoreFile, "add", file_id=file.file_id, **about)
        if quirks.file_purpose is not None:
            uploaded = await FileCalls(self._prepare, self._is_async).upload(
                file, {**self._settings, "purpose": quirks.file_purpose, "name": input_name(file)}
            )
            return await self.send(VectorStoreFile, "add", file_id=uploaded.file_id, **about)
        content = input_content(file)
        about |= {"content": content, "size": content.size if isinstance(content, FileBody) else len(content)}
        about["mime_type"] = input_mime_type(file)
        cursor = None
        if pipeline.target.route.codec == "gemini.vector_stores":
            cursor = (await self.send(UploadAddress, "begin", **about)).query
        return await self.send(VectorStoreFile, "add", cursor=cursor, **about)

    async def _current(self, store_id: str, file: VectorStoreFile) -> VectorStoreFile:
        try:
            current = await self.file(store_id, file.file_id)
        except NotFoundError as error:  # it was removed, or its store has expired
            return file.model_copy(update={"state": "failed", "error": str(error)})
        return current.model_copy(update={"name": current.name or file.name})

    async def _wait(self, store_id: str, added: AddedFiles, wait: float, on_progress: OnProgress | None) -> None:
        """Ask for the files that are being read until none is, or the time is over."""
        if wait <= 0 or not added.processing:
            return
        pipeline, _ = self._made("files", store_id=store_id)
        io, pause = pipeline.io, FIRST_PAUSE
        until = io.monotonic() + wait
        while added.processing and (left := until - io.monotonic()) > 0:
            await io.sleep(min(pause, left))
            pause = min(pause * 1.5, LONGEST_PAUSE)
            for number, file in enumerate(added.files):
                if file.state == "processing":
                    added.files[number] = await self._current(store_id, file)
                    report(added, number, len(added.files), on_progress)


Item = TypeVar("Item", VectorStore, VectorStoreFile)


def named(item: Item, page: OperationResponse) -> Item:
    return item.model_copy(update={"provider": page.provider})


def in_store(file: VectorStoreFile, store_id: str) -> VectorStoreFile:
    return file if file.store_id else file.model_copy(update={"store_id": store_id})


class VectorStores:
    """Vector stores at the provider of a client, for `FileSearch`; every method has an async version.

    Args:
        prepare: Makes the requests; `client.vector_stores` passes it.
    """

    def __init__(self, prepare: Prepare) -> None:
        self._prepare = prepare

    def _calls(self, settings: Mapping[str, Any], *, is_async: bool = False) -> StoreCalls:
        return StoreCalls(self._prepare, settings, is_async=is_async)

    def create(self, name: str | None = None, **settings: Unpack[StoreSettings]) -> VectorStore:
        """Create a store.

        Args:
            name: Its name.
            **settings: `metadata`, `expires_in` and call settings.

        Returns:
            The store.
        """
        return run(self._calls(settings).create(name))

    async def create_async(self, name: str | None = None, **settings: Unpack[StoreSettings]) -> VectorStore:
        """Async version of `create`."""
        return await self._calls(settings, is_async=True).create(name)

    def list(self, *, most: int | None = None, **settings: Unpack[CallSettings]) -> Stores:
        """List the stores.

        Args:
            most: Longest list to return (default all pages).
            **settings: Call settings such as `timeout`.
        """
        return run(self._calls(settings).list_all(most))

    async def list_async(self, *, most: int | None = None, **settings: Unpack[CallSettings]) -> Stores:
        """Async version of `list`."""
        return await self._calls(settings, is_async=True).list_all(most)

    def get(self, store_id: str, **settings: Unpack[CallSettings]) -> VectorStore:
        """Return a store with the counts of its files.

        Args:
            store_id: Id of the store.
            **settings: Call settings such as `timeout`.
        """
        return run(self._calls(settings).send(VectorStore, "get", store_id=require_id(store_id)))

    async def get_async(self, store_id: str, **settings: Unpack[CallSettings]) -> VectorStore:
        """Async version of `get`."""
        return await self._calls(settings, is_async=True).send(VectorStore, "get", store_id=require_id(store_id))

    def delete(self, store_id: str, **settings: Unpack[CallSettings]) -> None:
        """Delete a store. Files that were uploaded for it stay at OpenAI and xAI; `delete_file` deletes them.

        Args:
            store_id: Id of the store.
            **settings: Call settings such as `timeout`.
        """
        run(self._calls(settings).send(StoreDeleted, "delete", store_id=require_id(store_id)))

    async def delete_async(self, store_id: str, **settings: Unpack[CallSettings]) -> None:
        """Async version of `delete`."""
        await self._calls(settings, is_async=True).send(StoreDeleted, "delete", store_id=require_id(store_id))

    def add(
        self,
        store_id: str,
        files: StoreInput | Sequence[StoreInput],
        **settings: Unpack[AddFilesSettings],
    ) -> AddedFiles:
        """Add files to a store, and wait until the provider has read them.

        A file that cannot be read stops no other: it is in `failed` of the result.

        Args:
            store_id: Id of the store.
            files: One or more paths, bytes, content parts with `data`, or files that were uploaded before.
            **settings: `metadata`, `wait`, `on_progress(file, finished, total)` and call settings.

        Returns:
            The files in the given order: `ready`, `failed`, and `processing` if the time was over.
        """
        return run(self._calls(settings).add(store_id, files))

    async def add_async(
        self,
        store_id: str,
        files: StoreInput | Sequence[StoreInput],
        **settings: Unpack[AddFilesSettings],
    ) -> AddedFiles:
        """Async version of `add`."""
        return await self._calls(settings, is_async=True).add(store_id, files)

    def files(self, store_id: str, *, most: int | None = None, **settings: Unpack[CallSettings]) -> StoredFiles:
        """List the files of a store.

        Args:
            store_id: Id of the store.
            most: Longest list to return (default all pages).
            **settings: Call settings such as `timeout`.
        """
        return run(self._calls(settings).files(store_id, most))

    async def files_async(
        self, store_id: str, *, most: int | None = None, **settings: Unpack[CallSettings]
    ) -> StoredFiles:
        """Async version of `files`."""
        return await self._calls(settings, is_async=True).files(store_id, most)

    def remove(self, store_id: str, file_id: str, **settings: Unpack[CallSettings]) -> None:
        """Remove a file from a store.

        Args:
            store_id: Id of the store.
            file_id: Id of the file in the store.
            **settings: Call settings such as `timeout`.
        """
        run(self._calls(settings).remove(store_id, file_id))

    async def remove_async(self, store_id: str, file_id: str, **settings: Unpack[CallSettings]) -> None:
        """Async version of `remove`."""
        await self._calls(settings, is_async=True).remove(store_id, file_id)

    def search(
        self,
        store_id: str,
        query: str,
        *,
        max_results: int | None = None,
        filters: dict[str, Any] | str | None = None,
        **settings: Unpack[CallSettings],
    ) -> Matches:
        """Search a store without a model.

        Args:
            store_id: Id of the store.
            query: What to search for.
            max_results: Most passages to return. Default: decided by the provider.
            filters: Filters in the provider's format.
            **settings: Call settings such as `timeout`.

        Returns:
            The passages, best first.

        Raises:
            UnsupportedError: If the provider has stores but no such search.
        """
        return run(self._calls(settings).search(store_id, query, max_results, filters))

    async def search_async(
        self,
        store_id: str,
        query: str,
        *,
        max_results: int | None = None,
        filters: dict[str, Any] | str | None = None,
        **settings: Unpack[CallSettings],
    ) -> Matches:
        """Async version of `search`."""
        return await self._calls(settings, is_async=True).search(store_id, query, max_results, filters)
