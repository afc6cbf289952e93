"""dhenara.ai, the engine, with the nested deltas of every chunk read, as other libraries have them."""

from .ours import async_client, client

PROMPT = "What is the capital of France?"
__all__ = ["astream", "async_client", "client", "stream"]


def text_length(chunk):
    if chunk is None:
        return 0
    return sum(len(delta.get_text_delta()) for choice in chunk.data.choice_deltas for delta in choice.content_deltas)


def stream(client, protocol):
    return sum(text_length(chunk) for chunk, _ in client.generate(PROMPT, streaming=True).sync_stream_generator)


async def astream(client, protocol):
    length = 0
    async for chunk, _ in (await client.generate_async(PROMPT, streaming=True)).async_stream_generator:
        length += text_length(chunk)
    return length
