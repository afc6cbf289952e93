"""The innermost step: a call becomes HTTP, and HTTP becomes a stream of deltas."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from pydantic_core import PydanticSerializationError

from ..answer.fold import Draft, Shaper
from ..codecs.base import Decoder, Informed, Outgoing, Reading
from ..codecs.shaping import output_mode
from ..dataclass import replace
from ..errors import CallError, UnsupportedError
from ..types.delta import Warned
from .connecting import connect, limited, refusal, signed
from .exchange import EncodedCall, unserializable
from .idempotency import with_idempotency_key
from .patience import Patience
from .pricing import pricing
from .sources import Line, Live, Whole
from .stream import Source, Stream

if TYPE_CHECKING:
    from ..providers.target import Target
    from ..types.call import Call
    from ..types.content import Origin
    from .exchange import Encoder
    from .journey import Journey
    from .layer import Send

    Filing = Callable[[], Journey]

STREAMS = ("text/event-stream", "application/vnd.amazon.eventstream", "application/x-ndjson")
DOCUMENTS = ("application/json", "text/html")


def dispatch(encoder: Encoder, filing: Filing | None = None) -> Send:
    """Sends calls to the encoder's target; `filing` is the way to the provider's files."""
    io, target = encoder.io, encoder.target

    async def send(call: Call) -> Stream:
        encoded = (await encoder.exchange(call)).encoded
        outgoing = encoded.outgoing
        if encoded.sent.messages is not call.messages:
            call = replace(call, messages=encoded.sent.messages)
        warnings = (*call.journal.warnings, *outgoing.warnings)
        if warnings and call.config.strict:
            said = "; ".join(warning.message for warning in warnings)
            raise UnsupportedError(f"{said}. With strict=False this is a warning on the response.")
        if outgoing.oversized and filing is not None:
            from .uploading import with_uploaded

            call, notes = await with_uploaded(call, outgoing.oversized, filing)
            outgoing, warnings = encoder.outgoing(call), (*warnings, *notes)
            encoded = EncodedCall(call, call, outgoing, target, encoded.lessons)
        if call.config.fingerprint:
            from ..codecs.fingerprint import fingerprint_of

            call.journal.fingerprint = fingerprint_of(outgoing.body)
        await before_send(call)
        patience = Patience(call.config.timeouts, call.deadline, io.now)
        request = limited(encoded.unsigned(), call, outgoing.reading)
        request = target.signed(with_idempotency_key(request, target, call, io), io.wall())
        line = await connect(io, target, request, patience)
        call.journal.heard(line.head)
        if line.head.status >= 300:
            raise await refusal(target, line)
        draft = Draft(origin_of(target, outgoing), pricing(target, call, io.wall()), shaper(call))
        told = source(target, line, call, outgoing)
        if outgoing.lasts:
            from .lasting import lasting

            told = lasting(io, target, call, told, line)
        before = [Warned(w) for w in (*call.journal.notes, *warnings)]
        stream = Stream(told, draft, before, line.discretion.error, patience.total_error)
        try:
            await stream.prime()
        except CallError as error:
            signed(target, error)
            await stream.close()
            raise
        call.journal.began(io.now())
        call.journal.encoded = None  # it may be large, and the answer may take long to be read
        return stream

    return writable(target, send)


async def before_send(call: Call) -> None:
    for step in call.journal.before_send:
        await step()


def writable(target: Target, send: Send) -> Send:
    """The same, with a word about what cannot be written."""

    async def told(call: Call) -> Stream:
        try:
            return await send(call)
        except PydanticSerializationError as error:
            raise unserializable(target, error) from error

    return told


def origin_of(target: Target, outgoing: Outgoing) -> Origin:
    """Whom the answer comes from, and what it will be bound to."""
    if outgoing.prefix is None:
        return target.origin
    return target.origin.model_copy(update={"prefix": outgoing.prefix})


def source(target: Target, line: Line, call: Call, outgoing: Outgoing) -> Source:
    """The answer's own content type decides, then what was asked for."""
    kind = line.head.headers.get("content-type", "").split(";")[0].strip().lower()
    streams = kind in STREAMS or (call.config.streaming and kind not in DOCUMENTS)
    reading = outgoing.reading or Reading(decoder_for(target, call, outgoing))
    if streams or reading.body in ("lines", "pieces"):
        return Live(line, reading.decoder, (reading.frames or target.frames)())
    return Whole(line, reading.decoder, is_blob=reading.body == "blob")


def decoder_for(target: Target, call: Call, outgoing: Outgoing) -> Decoder:
    decoder = target.codec.decoder(target.quirks)
    if isinstance(decoder, Informed):
        decoder.asked(outgoing)
    shape = call.config.structured_output
    if shape is None or call.operation != "chat" or output_mode(call, target.quirks) != "tool":
        return decoder
    from ..codecs.answer_tool import answer_name
    from .answer_tool import AnswerTool

    return AnswerTool(decoder, answer_name(call, shape))


def shaper(call: Call) -> Shaper | None:
    """What reads the answer into the shape that was asked for, where one was."""
    shape = call.config.structured_output
    if shape is None:
        return None
    from ..answer.shape import shaped

    return partial(shaped, shape=shape)
