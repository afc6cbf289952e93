"""What the client's file methods do: uploads read files from disk, downloads write a temporary file and rename it.

It is loaded with the first of these calls.
"""

from __future__ import annotations

import mimetypes
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import replace
from functools import partial
from os import PathLike
from pathlib import Path
from types import NoneType
from typing import Any

from ..errors import (
    CallError,
    ConfigurationError,
    UnsupportedError,
)
from ..output_files import DownloadProgress, FileBody, PartialDownload, check_output, require_path
from ..pipeline.operations.files import (
    delete as delete_file,
    first_of_upload,
    list_files,
    read_upload,
    upload as upload_file,
    wait_for_file,
)
from ..pipeline.pipeline import Pipeline
from ..pipeline.retry import Retry
from ..pipeline.streaming.stream import Batch, Stream
from ..types.chat.delta import FileDelta
from ..types.config.call import Call, CallJournal
from ..types.content.media import Media
from ..types.model_base import require_type
from ..types.operations.files import AddedFiles, FileBytes, FileDeleted, FileRequest, UploadedFile, VectorStoreFile
from ..types.tools.hosted_tools import UploadedSkill


async def fetch(
    pipeline: Pipeline, call: Call, path: Path, on_progress: DownloadProgress | None, *, overwrite: bool = False
) -> Path:
    """Download a file to `path`; an interrupted download is restarted from the beginning, within `retries`."""
    await pipeline.io.call(partial(check_output, path, overwrite=overwrite))
    total = call.config.timeouts.total
    deadline = None if total is None else pipeline.io.monotonic() + total
    config, again, failed = call.config.model_copy(update={"streaming": True}), Retry(pipeline.io), 0
    while True:
        attempt = replace(call, config=config, deadline=deadline, journal=CallJournal())
        try:
            return await write_stream(pipeline, attempt, await pipeline.start(attempt), path, on_progress, overwrite)
        except DownloadInterrupted as cut:
            failed += 1
            cut.error.retriable = True
            decision = again.decide(attempt, cut.error, failed)
            if isinstance(decision, str):
                raise cut.error from cut.error.__cause__
            await pipeline.io.sleep(decision)


class DownloadInterrupted(Exception):
    """The download was interrupted; `error` is the cause."""

    def __init__(self, error: CallError) -> None:
        super().__init__(str(error))
        self.error = error


async def write_stream(
    pipeline: Pipeline,
    call: Call,
    stream: Stream,
    path: Path,
    on_progress: DownloadProgress | None,
    overwrite: bool,
) -> Path:
    """Write what arrives to `path`, which gets its name when the file is complete."""
    work = pipeline.io.call
    try:
        download = await work(PartialDownload, path, size_of(call), on_progress, overwrite)
        try:
            while (batch := await pull_or_none(stream)) is not None:
                for delta in batch:
                    if isinstance(delta, FileDelta):
                        await work(download.write, delta.data)
            await work(download.commit)
        finally:
            download.discard()
    except BaseException:
        stream.abandon()
        raise
    return path


async def read_bytes(pipeline: Pipeline, call: Call) -> bytes:
    """Download a file into memory."""
    return (await pipeline.read_result(call, await pipeline.start(call), FileBytes)).data


async def pull_or_none(stream: Stream) -> Batch | None:
    try:
        return await stream.pull()
    except CallError as error:
        raise DownloadInterrupted(error) from error


def size_of(call: Call) -> int | None:
    """Return the file size from Content-Length, or None if unknown or compressed."""
    headers = call.journal.head.headers if call.journal.head else {}
    length = headers.get("content-length", "")
    return int(length) if length.isdigit() and "content-encoding" not in headers else None


File = str | PathLike[str] | bytes | Media
Place = str | PathLike[str]
Received = Callable[[int, int | None], None]


class FileCalls:
    """The file operations of one client; each method prepares a call and returns the coroutine that sends it.

    Args:
        prepare: Makes the pipeline and the call of an operation, from its name, request, settings and mode.
        is_async: Whether the calls are awaited.
    """

    def __init__(self, prepare: Callable[..., tuple[Pipeline, Call]], is_async: bool) -> None:
        self.prepare = prepare
        self.is_async = is_async

    def _prepare_action(self, action: str, settings: Any, given: dict[str, Any]) -> tuple[Pipeline, Call]:
        return self.prepare("files", FileRequest, {"action": action, **given}, settings, self.is_async)

    def upload(self, file: File, settings: Any) -> Coroutine[Any, Any, UploadedFile]:
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
            path = require_path("upload_file(file)", file, home=True)
            content = FileBody(path, on_progress)
            name, size = options.pop("name", None) or path.name, content.size
        kind = options.pop("mime_type", None) or mimetypes.guess_type(name)[0] or "application/octet-stream"
        given = {"content": content, "size": size, "name": name, "mime_type": kind}
        return upload_file(*self._prepare_action("upload", options, given))

    def get(self, file_id: str, settings: Any) -> Coroutine[Any, Any, UploadedFile]:
        pipeline, call = self._prepare_action("get", settings, {"file_id": require_file_id(file_id)})
        return pipeline.perform(call, UploadedFile)

    def list_all(self, purpose: str | None, most: int | None, settings: Any) -> Coroutine[Any, Any, list[UploadedFile]]:
        check_most(most)
        pipeline, call = self._prepare_action("list", settings, {"purpose": purpose})
        return list_files(pipeline, call, most)

    def download(
        self,
        file: str | Media,
        place: Place | None,
        on_progress: Received | None,
        overwrite: bool,
        settings: Any,
    ) -> Coroutine[Any, Any, bytes | Path]:
        given = where_is(file) if isinstance(file, Media) else {"file_id": require_file_id(file)}
        pipeline, call = self._prepare_action("download", settings, given)
        owner, here = getattr(file, "stored_at", None), pipeline.target.provider.name
        if owner not in (None, here):
            raise ConfigurationError(f"the file is at {owner}, not at {here}. Use a client of {owner}")
        if place is not None:
            path = require_path("download_file(to_path)", place, home=True)
            return fetch(pipeline, call, path, on_progress, overwrite=overwrite)
        if on_progress is not None:
            raise ConfigurationError("on_progress needs a download to disk. Pass to_path=...")
        return read_bytes(pipeline, call)

    def _prepare_skill(self, action: str, settings: Any, given: dict[str, Any]) -> tuple[Pipeline, Call]:
        pipeline, call = self._prepare_action(action, settings, {"place": "skills", **given})
        if getattr(pipeline.target.quirks, "skills", None) is None:
            raise UnsupportedError(f"{pipeline.target.provider.name} has no skills. Use Anthropic or OpenAI")
        return pipeline, call

    async def upload_skill(self, folder: Place, name: str | None, settings: Any) -> UploadedSkill:
        content = read_skill_folder(require_path("upload_skill(folder)", folder, "the path of a folder", home=True))
        pipeline, call = self._prepare_skill("upload", settings, {"content": content})
        if name is not None:
            options = {**call.config.options, "display_name": name}
            call = replace(call, config=call.config.model_copy(update={"options": options}))
        first = first_of_upload(pipeline, call)
        return as_skill(await read_upload(pipeline, first, await pipeline.start(first)))

    async def list_skills(self, most: int | None, settings: Any) -> list[UploadedSkill]:
        check_most(most)
        pipeline, call = self._prepare_skill("list", settings, {})
        return [as_skill(skill) for skill in await list_files(pipeline, call, most)]

    def delete_skill(self, skill_id: str, settings: Any) -> Coroutine[Any, Any, FileDeleted]:
        return delete_file(*self._prepare_skill("delete", settings, {"file_id": require_file_id(skill_id)}))

    def delete(self, file_id: str, settings: Any) -> Coroutine[Any, Any, FileDeleted]:
        return delete_file(*self._prepare_action("delete", settings, {"file_id": require_file_id(file_id)}))

    def wait(self, file_id: str, wait: float, settings: Any) -> Coroutine[Any, Any, UploadedFile]:
        pipeline, call = self._prepare_action("get", settings, {"file_id": require_file_id(file_id)})
        return wait_for_file(pipeline, call, wait)


def where_is(part: Media) -> dict[str, Any]:
    """Return where the file of a part is: its id, and for files that code wrote at OpenAI its container."""
    if part.file_id is None:
        raise ConfigurationError("the part has no file_id, so it cannot be downloaded: use its data or url")
    container = part.extras.get("container_id")
    return {"file_id": part.file_id, **({"container": container} if isinstance(container, str) else {})}


SKILL_FILE = "SKILL.md"


def read_skill_folder(folder: Path) -> dict[str, bytes]:
    """Return the files of a skill by their paths, which begin with the name of its folder; links are left out."""
    if not folder.is_dir():
        raise ConfigurationError(f"there is no folder {folder}. Pass the folder of a skill, which has a {SKILL_FILE}.")
    if not (folder / SKILL_FILE).is_file():
        raise ConfigurationError(f"{folder} is not a skill: it has no file {SKILL_FILE}. Write one.")
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not has_link(path, folder))
    root = folder.resolve().name
    try:
        return {f"{root}/{path.relative_to(folder).as_posix()}": path.read_bytes() for path in files}
    except OSError as error:
        raise ConfigurationError(f"file {error.filename} cannot be read: {error.strerror}") from error


def has_link(path: Path, folder: Path) -> bool:
    return any(one.is_symlink() for one in (path, *path.parents) if one != folder and folder in one.parents)


def as_skill(skill: UploadedFile) -> UploadedSkill:
    version = skill.raw.get("latest_version") or skill.raw.get("latest_version_id")
    return UploadedSkill(
        skill_id=skill.file_id,
        name=skill.name,
        description=skill.raw.get("description"),
        version=None if version is None else str(version),
        created_at=skill.created_at,
        raw=skill.raw,
    )


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


def list_inputs(files: Any) -> list[Any]:
    """Return one or more files as a list."""
    if isinstance(files, str | PathLike | bytes | Media | UploadedFile):
        return [files]
    if isinstance(files, Mapping) or not isinstance(files, Iterable):
        raise ConfigurationError(f"files to add must be paths, bytes or parts, not {type(files).__name__}.")
    return list(files)


def input_name(file: object) -> str | None:
    if isinstance(file, str | PathLike):
        return Path(file).name
    return getattr(file, "name", None) or ("file.txt" if isinstance(file, bytes) else None)


def input_content(file: object) -> bytes | FileBody:
    if isinstance(file, bytes):
        return file
    if isinstance(file, Media):
        return bytes_of(file)
    if isinstance(file, str | PathLike):
        return FileBody(require_path("a file to upload", file, home=True), None)
    raise ConfigurationError(f"a file to upload must be a path, bytes or a part, not {type(file).__name__}.")


def input_mime_type(file: object) -> str:
    guessed = mimetypes.guess_type(input_name(file) or "")[0]
    return getattr(file, "mime_type", None) or guessed or "application/octet-stream"


def check_most(most: object) -> None:
    """Raise if the longest list to return is not a number."""
    if most is not None:
        require_type("list", "most", most, int, "a number of entries or None")
        if isinstance(most, int) and most < 0:
            raise ConfigurationError(f"list(most=...) takes a number of entries or None, not {most}.")


def check_add_settings(metadata: object, wait: object, on_progress: object) -> None:
    """Raise if a setting of `vector_stores.add` is of another type."""
    require_type("vector_stores.add", "metadata", metadata, Mapping, "names with values")
    require_type("vector_stores.add", "wait", wait, (int, float), "seconds")
    if on_progress is not None and not callable(on_progress):
        require_type("vector_stores.add", "on_progress", on_progress, NoneType, "a function or None")


OnProgress = Callable[[VectorStoreFile, int, int], None]
"""Called with a file that is ready or failed, how many are so now, and how many there are."""


def report(added: AddedFiles, number: int, total: int, on_progress: OnProgress | None) -> None:
    if on_progress is not None and added.files[number].state != "processing":
        on_progress(added.files[number], len(added.ready) + len(added.failed), total)


def require_id(given: str) -> str:
    if not given:
        raise ConfigurationError("the id of a vector store or file is empty. Pass the id that the provider gave.")
    return given
