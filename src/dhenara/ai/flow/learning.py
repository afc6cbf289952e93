"""Learning: a request that was refused for one of its fields is sent once more without it, as are all later ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import BadRequestError
from ..providers.target import Target
from ..types.call import Call
from ..wire.io import IO
from .layer import Send
from .lessons import Lessons, key_of
from .retry import record
from .stream import Stream
from .writing import Writer

if TYPE_CHECKING:
    from ..catalog.lessons import Lesson

MOST_LESSONS_A_CALL = 4


class Learning:
    """Stands inside retry, around each attempt. With `strict` a refusal stays an error."""

    def __init__(self, io: IO, target: Target, writer: Writer, lessons: Lessons) -> None:
        self._io = io
        self._key = key_of(target)
        self._writer = writer
        self._lessons = lessons

    async def __call__(self, call: Call, send: Send) -> Stream:
        if self._lessons.waits_for_file:
            await self._io.call(self._lessons.load)
        for _ in range(MOST_LESSONS_A_CALL):
            started, known = self._io.now(), self._writer.lessons()
            try:
                return await send(call)
            except BadRequestError as error:
                if call.config.strict or not self._learn(call, error, known):
                    raise
                record(self._io, call, started, 0.0, error)
            if self._lessons.file is not None:
                await self._io.call(self._lessons.save)
        return await send(call)

    def _learn(self, call: Call, error: BadRequestError, known: tuple[Lesson, ...]) -> bool:
        """Whether the next request will be another one; somebody else may have learned the same meanwhile."""
        # Its patterns are compiled for those who are refused something.
        from ..catalog.refusals import read_lessons

        sent = self._writer.write(call, known)
        self._lessons.learn(self._key, read_lessons(error, sent.body, self._io.wall()))
        return self._writer.write(call).body != sent.body
