"""Uploading: what a request has no room for is handed to the provider's files, and named in the request by its id."""

from __future__ import annotations

import mimetypes
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from ..codecs.accepted import kind_of, named
from ..codecs.file_quirks import FileQuirks
from ..codecs.weighing import media_of
from ..dataclass import replace
from ..errors import CallTimeoutError, NotFoundError, PermissionDeniedError, UnsupportedError
from ..providers.target import Target
from ..types.call import Call, Journal
from ..types.call_config import AIModelCallConfig
from ..types.content import Content, Media, ToolResultContent
from ..types.timeouts import Timeouts
from ..types.uploaded_file import FileRequest, UploadedFile
from ..types.uploading import Uploading
from ..types.warning import CallWarning
from .filing import asking, upload, wait_for_file
from .uploads import EVERYBODYS, key_of

if TYPE_CHECKING:
    from .dispatch import Filing
    from .journey import Journey

PAUSE = 0.1


def check_place(call: Call, oversized: Sequence[Media], target: Target) -> None:
    """Raises where there is no place to upload to, or it is not wanted."""
    part, rules = oversized[0], call.config.uploading or Uploading()
    if not keeps_files(target):
        why = "it keeps no files that could be named instead"
    elif not rules.allowed:
        why = "uploading it is switched off"
    elif not {id(one) for one in oversized} <= {id(one) for one in media_of(call)}:
        # What is heard or drawn from is no part of a conversation, and has no place for an id.
        why = f"for {call.operation!r} nothing is uploaded by itself"
    else:
        return
    raise UnsupportedError(
        f"{named(part)} has {len(part.data or b'')} bytes, which is too large for a request to "
        f"{target.provider.name}, and {why}; make it smaller, or upload it and pass its file id."
    )


def keeps_files(target: Target) -> bool:
    return any(route.operation == "files" for route in target.provider.operations)


async def with_uploaded(call: Call, oversized: Sequence[Media], filing: Filing) -> tuple[Call, tuple[CallWarning, ...]]:
    """The call with ids in the place of these parts, and a note about each."""
    journey, found, notes = filing(), dict[int, Media](), dict[str, CallWarning]()
    for part in oversized:
        file = await uploaded(journey, call, part)
        where = {"file_id": file.url or file.file_id, "kept_at": journey.target.origin.provider}
        found[id(part)] = part.model_copy(update={**where, "data": None, "url": None})
        notes[file.file_id] = CallWarning(code="uploaded_content", message=note(part, file, journey.target))
    messages = tuple(m.model_copy(update={"contents": placed(m.contents, found)}) for m in call.messages)
    return replace(call, messages=messages), tuple(notes.values())


def placed(contents: Iterable[Content], found: dict[int, Media]) -> list[Any]:
    return [place(part, found) for part in contents]


def place(part: Content, found: dict[int, Media]) -> Content:
    if isinstance(part, ToolResultContent) and part.contents:
        return part.model_copy(update={"contents": placed(part.contents, found)})
    return found.get(id(part), part)


def note(part: Media, file: UploadedFile, target: Target) -> str:
    until = f"until {file.expires_at:%Y-%m-%d %H:%M} UTC" if file.expires_at else "until it is deleted there"
    return (
        f"{named(part)} was too large for the request, so it was uploaded to {target.origin.provider} as "
        f"{file.file_id!r}, where it is kept {until}; delete_file(...) removes it."
    )


async def uploaded(journey: Journey, call: Call, part: Media) -> UploadedFile:
    """The file at the provider: the one that is there already, or a new one that is ready to be used."""
    from .request_key import account_of  # most calls upload nothing

    key = key_of(part, journey.target, await account_of(journey.io, journey.target, call))
    file = call.journal.uploaded.get(key)
    if file is None:
        file = call.journal.uploaded[key] = await once(journey, call, part, key)
    return file


async def once(journey: Journey, call: Call, part: Media, key: str) -> UploadedFile:
    """Calls that want the same file at the same moment send it once."""
    io = journey.io
    while not EVERYBODYS.begin(key):
        if call.deadline is not None and io.now() >= call.deadline:
            raise CallTimeoutError(f"{named(part)} was not uploaded in time by another call", limit="total")
        await io.sleep(PAUSE)
    try:
        file = await remembered(journey, call, key) or await sent(journey, call, part)
        EVERYBODYS.keep(key, file)
    finally:
        EVERYBODYS.end(key)
    return file


async def remembered(journey: Journey, call: Call, key: str) -> UploadedFile | None:
    """What was uploaded before, if the provider has it still."""
    file = EVERYBODYS.find(key, journey.io.wall())
    if file is None:
        return None
    try:
        there = await journey.perform(
            wish(journey, call, FileRequest(action="get", file_id=file.file_id)), UploadedFile
        )
    except (NotFoundError, PermissionDeniedError):
        # Gemini says of files that are gone that they may not be seen.
        there = None
    if there is None or there.state != "ready":
        EVERYBODYS.forget(key)
        return None
    return there


async def sent(journey: Journey, call: Call, part: Media) -> UploadedFile:
    rules, data = call.config.uploading or Uploading(), part.data or b""
    request = FileRequest(
        action="upload",
        content=data,
        size=len(data),
        name=part.name or usual_name(part),
        mime_type=part.mime_type or "application/octet-stream",
        expires_in=rules.expires_in if forgets(journey.target) else None,
    )
    begin = wish(journey, call, request)
    file = await upload(journey, begin)
    if file.state == "ready":
        return file
    left = rules.wait if call.deadline is None else min(rules.wait, call.deadline - journey.io.now())
    return await wait_for_file(journey, asking(begin, action="get", file_id=file.file_id, content=None), left)


def forgets(target: Target) -> bool:
    """Whether the provider can be told when to forget a file."""
    return isinstance(target.quirks, FileQuirks) and target.quirks.expiry != "none"


def wish(journey: Journey, call: Call, request: FileRequest) -> Call:
    """A request about files, within the time of the call; whoever tries that again tries this again."""
    given = call.config.timeouts
    config = AIModelCallConfig(timeout=given if given != Timeouts() else None, retries=0)
    return Call(
        endpoint=journey.target.endpoint,
        messages=(),
        config=config,
        deadline=call.deadline,
        operation="files",
        request=request,
        journal=Journal(),
    )


def usual_name(part: Media) -> str:
    """Some read off the name what a file is."""
    return kind_of(part) + (mimetypes.guess_extension(part.mime_type or "") or "")
