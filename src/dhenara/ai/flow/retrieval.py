"""Retrieval: an answer by its id, from a provider that keeps its answers."""

from __future__ import annotations

from ..answer.fold import Draft
from ..codecs.base import Outgoing
from ..codecs.lasting import Lasting
from ..errors import CallError, UnsupportedError
from ..providers.target import Target
from ..types.call import Call
from ..types.call_response import AIModelCallResponse
from .deadline import Deadline
from .fetch import opened
from .journey import Journey
from .lasting import Polled
from .layer import stack
from .pricing import pricing
from .retry import Retry
from .sources import Whole
from .stream import Stream


async def retrieve(journey: Journey, answer_id: str, call: Call) -> AIModelCallResponse:
    """Asks until the answer is complete."""
    codec = lasting_codec(journey.target)
    return await answered(journey, codec.again(answer_id, journey.target.quirks), call, codec)


async def cancel(journey: Journey, answer_id: str, call: Call) -> AIModelCallResponse:
    codec = lasting_codec(journey.target)
    return await answered(journey, codec.stop(answer_id, journey.target.quirks), call, None)


def lasting_codec(target: Target) -> Lasting:
    if isinstance(target.codec, Lasting):
        return target.codec
    raise UnsupportedError(
        f"{target.provider.name} keeps no answers in the protocol {target.codec.name!r}; "
        "config={'protocol': 'openai_responses'} on AIModelAPI chooses the one that does, where it is offered."
    )


async def answered(journey: Journey, outgoing: Outgoing, call: Call, waiting: Lasting | None) -> AIModelCallResponse:
    """One answer, on the road of every call; as it is now, or waited for."""
    io, target = journey.io, journey.target

    async def send(call: Call) -> Stream:
        line = await opened(io, target, outgoing, call)
        decoder = target.codec.decoder(target.quirks)
        source = Polled(io, target, waiting, call, line) if waiting else Whole(line, decoder)
        stream = Stream(source, Draft(target.origin, pricing(target, call, io.wall())))
        try:
            await stream.prime()
        except CallError:
            await stream.close()
            raise
        return stream

    call.journal.started_at = io.now()
    stream = await stack([Deadline(io), Retry(io)], send)(call)
    return journey.report(call, await stream.response())
