"""What the client's file methods do: uploads read files from disk, downloads write a temporary file and rename it.

It is loaded with the first of these calls.
"""

from __future__ import annotations

import mimetypes
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Any
from uuid import uuid4

from ..errors import CallError, ConfigurationError, OutputExistsError, UnsupportedError
from ..output_files import check_output, move_output, require_path
from ..pipeline.files import delete as delete_file, list_files, upload as upload_file, wait_for_file
from ..pipeline.pipeline import Pipeline
from ..pipeline.retry import Retry
from ..pipeline.streaming.stream import Batch, Stream
from ..types.chat.delta import FileDelta
from ..types.config.call import Call, CallJournal
from ..types.content.media import Media
from ..types.operations.files_and_vector_stores import FileBytes, FileRequest, UploadedFile
from ..types.tools.hosted_tools import UploadedSkill

DownloadProgress = Callable[[int, int | None], None]


class PartialDownload:
    """A temporary file next to `path`; `commit` renames it to `path`, `discard` deletes it."""

    def __init__(self, path: Path, size: int | None, on_progress: DownloadProgress | None, overwrite: bool) -> None:
        self._path = path
        self._overwrite = overwrite
        self._size = size
        self._on_progress = on_progress
        self._arrived = 0
        self._temporary = path.with_name(f".{path.name}.{uuid4().hex[:8]}.part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._temporary.open("wb")
        except OSError as error:
            raise self._write_error(error) from error

    def write(self, data: bytes) -> None:
        try:
            self._file.write(data)
        except OSError as error:
            raise self._write_error(error) from error
        self._arrived += len(data)
        if self._on_progress is not None:
            self._on_progress(self._arrived, self._size)

    def commit(self) -> None:
        try:
            self._file.close()
            move_output(self._temporary, self._path, overwrite=self._overwrite)
        except OutputExistsError:
            raise
        except OSError as error:
            raise self._write_error(error) from error

    def discard(self) -> None:
        """Delete the temporary file; does nothing after `commit`."""
        self._file.close()
        self._temporary.unlink(missing_ok=True)

    def _write_error(self, error: OSError) -> ConfigurationError:
        return ConfigurationError(f"file {self._path} cannot be written: {error.strerror}")


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
            return await download_to_path(pipeline, attempt, path, on_progress, overwrite)
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


async def download_to_path(
    pipeline: Pipeline, call: Call, path: Path, on_progress: DownloadProgress | None, overwrite: bool
) -> Path:
    stream, work = await pipeline.start(call), pipeline.io.call
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


UploadProgress = Callable[[int, int], None]
PIECE = 1 << 20


class FileBody:
    """Request body that reads the file again for each attempt; `on_progress(sent, size)` is called after each piece."""

    def __init__(self, path: Path, on_progress: UploadProgress | None) -> None:
        self._path = path
        self._on_progress = on_progress
        try:
            self.size = path.stat().st_size
            path.open("rb").close()
        except OSError as error:
            raise ConfigurationError(f"file {path} cannot be read: {error.strerror}") from error

    def __iter__(self) -> Iterator[bytes]:
        sent = 0
        with self._path.open("rb") as file:
            while sent < self.size and (piece := file.read(min(PIECE, self.size - sent))):
                yield piece
                sent += len(piece)
                if self._on_progress is not None:
                    self._on_progress(sent, self.size)
        if sent < self.size:
            raise ConfigurationError(f"file {self._path} was truncated during the upload")


File = str | PathLike[str] | bytes | Media
Place = str | PathLike[str]
Received = Callable[[int, int | None], None]


class FileCalls:
    """The file operations of one client; each method prepares a call and sends it.

    Args:
        prepare: Makes the pipeline and the call of an operation, from its name, request, settings and mode.
        is_async: Whether the calls are awaited.
    """

    def __init__(self, prepare: Callable[..., tuple[Pipeline, Call]], is_async: bool) -> None:
        self.prepare = prepare
        self.is_async = is_async

    def _prepare_action(self, action: str, settings: Any, given: dict[str, Any]) -> tuple[Pipeline, Call]:
        return self.prepare("files", FileRequest, {"action": action, **given}, settings, self.is_async)

    async def upload(self, file: File, settings: Any) -> UploadedFile:
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
        return await upload_file(*self._prepare_action("upload", options, given))

    async def get(self, file_id: str, settings: Any) -> UploadedFile:
        pipeline, call = self._prepare_action("get", settings, {"file_id": require_file_id(file_id)})
        return await pipeline.perform(call, UploadedFile)

    async def list_all(self, purpose: str | None, most: int | None, settings: Any) -> list[UploadedFile]:
        pipeline, call = self._prepare_action("list", settings, {"purpose": purpose})
        return await list_files(pipeline, call, most)

    async def download(
        self,
        file: str | Media,
        place: Place | None,
        on_progress: Received | None,
        overwrite: bool,
        settings: Any,
    ) -> bytes | Path:
        given = where_is(file) if isinstance(file, Media) else {"file_id": require_file_id(file)}
        pipeline, call = self._prepare_action("download", settings, given)
        owner, here = getattr(file, "stored_at", None), pipeline.target.provider.name
        if owner not in (None, here):
            raise ConfigurationError(f"the file is at {owner}, not at {here}. Use a client of {owner}")
        if place is not None:
            path = require_path("download_file(to_path)", place, home=True)
            return await fetch(pipeline, call, path, on_progress, overwrite=overwrite)
        if on_progress is not None:
            raise ConfigurationError("on_progress needs a download to disk. Pass to_path=...")
        return (await pipeline.perform(call, FileBytes)).data

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
        return as_skill(await upload_file(pipeline, call))

    async def list_skills(self, most: int | None, settings: Any) -> list[UploadedSkill]:
        pipeline, call = self._prepare_skill("list", settings, {})
        return [as_skill(skill) for skill in await list_files(pipeline, call, most)]

    async def delete_skill(self, skill_id: str, settings: Any) -> None:
        await delete_file(*self._prepare_skill("delete", settings, {"file_id": require_file_id(skill_id)}))

    async def delete(self, file_id: str, settings: Any) -> None:
        await delete_file(*self._prepare_action("delete", settings, {"file_id": require_file_id(file_id)}))

    async def wait(self, file_id: str, wait: float, settings: Any) -> UploadedFile:
        pipeline, call = self._prepare_action("get", settings, {"file_id": require_file_id(file_id)})
        return await wait_for_file(pipeline, call, wait)


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
