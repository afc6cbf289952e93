"""Files that come to disk as they arrive: beside their place first, and in it when they are whole."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

from ..dataclass import replace
from ..errors import CallError, ConfigurationError
from ..flow.journey import Journey
from ..flow.retry import Retry
from ..flow.stream import Batch, Stream
from ..types.call import Call, Journal
from ..types.delta import FileDelta

Progress = Callable[[int, int | None], None]


class Landing:
    """Where one file arrives. Nothing is seen of it at its place before `land`, and nothing is left of it otherwise."""

    def __init__(self, path: Path, size: int | None, told: Progress | None) -> None:
        self._path = path
        self._size = size
        self._told = told
        self._arrived = 0
        self._beside = path.with_name(f".{path.name}.{uuid4().hex[:8]}.part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._beside.open("wb")
        except OSError as error:
            raise self._unwritable(error) from error

    def write(self, data: bytes) -> None:
        try:
            self._file.write(data)
        except OSError as error:
            raise self._unwritable(error) from error
        self._arrived += len(data)
        if self._told is not None:
            self._told(self._arrived, self._size)

    def land(self) -> None:
        try:
            self._file.close()
            self._beside.replace(self._path)
        except OSError as error:
            raise self._unwritable(error) from error

    def give_up(self) -> None:
        """Leaves nothing behind; after `land` there is nothing to leave."""
        self._file.close()
        self._beside.unlink(missing_ok=True)

    def _unwritable(self, error: OSError) -> ConfigurationError:
        return ConfigurationError(f"the file {self._path} cannot be written: {error.strerror}")


async def fetch(journey: Journey, call: Call, path: Path, told: Progress | None) -> Path:
    """Writes what is in a file to this path; a line that breaks in the middle is tried again from the beginning."""
    total = call.config.timeouts.total
    deadline = None if total is None else journey.io.now() + total
    config, again, failed = call.config.model_copy(update={"streaming": True}), Retry(journey.io), 0
    while True:
        attempt = replace(call, config=config, deadline=deadline, journal=Journal())
        try:
            return await land(journey, attempt, path, told)
        except Cut as cut:
            failed += 1
            cut.error.retriable = True
            wait = again.pause(attempt, cut.error, failed)
            if wait is None:
                raise cut.error from cut.error.__cause__
            await journey.io.sleep(wait)


class Cut(Exception):
    """The file broke off on its way."""

    def __init__(self, error: CallError) -> None:
        super().__init__(str(error))
        self.error = error


async def land(journey: Journey, call: Call, path: Path, told: Progress | None) -> Path:
    stream, work = await journey.start(call), journey.io.call
    try:
        landing = await work(Landing, path, size_of(call), told)
        try:
            while (batch := await pulled(stream)) is not None:
                for delta in batch:
                    if isinstance(delta, FileDelta):
                        await work(landing.write, delta.data)
            await work(landing.land)
        finally:
            landing.give_up()
    except BaseException:
        stream.abandon()
        raise
    return path


async def pulled(stream: Stream) -> Batch | None:
    try:
        return await stream.pull()
    except CallError as error:
        raise Cut(error) from error


def size_of(call: Call) -> int | None:
    """How long the file will be, where the answer says so and is not compressed."""
    headers = call.journal.head.headers if call.journal.head else {}
    length = headers.get("content-length", "")
    return int(length) if length.isdigit() and "content-encoding" not in headers else None
