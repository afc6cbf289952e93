"""Parameters and members that mean the same everywhere; used where no docstring describes them."""

from __future__ import annotations

import re

PARAMETERS = {
    # Calls
    "prompt": "The new user message.",
    "*prompts": "The new user messages.",
    "prompts": "The user messages, one for each call.",
    "context": "Earlier messages, sent before the prompt.",
    "instructions": "System instructions.",
    "messages": "The whole conversation, instead of `prompt` and `context`.",
    "config": "Replaces the client's config for this call.",
    "output": "Type of the structured output; None for text.",
    "response_model": "The type of the result: a Pydantic model, a dataclass, a `TypedDict` or any other type.",
    "max_repairs": "How often an invalid answer is sent back with its errors, to be corrected.",
    "response_id": "Id of the response at the provider.",
    "concurrency": "Number of concurrent requests; None uses the setting `concurrency`.",
    "fail_fast": "Whether the first error ends everything; otherwise it is in the result of its prompt.",
    "on_progress": "Called after each answer.",
    "**kwargs": "Options of the call, with the names of `AskOptions`.",
    # Operations
    "text": "The text.",
    "texts": "The texts.",
    "query": "What is searched for.",
    "documents": "The texts to sort.",
    "inputs": "A text, an image, or a list of these.",
    "document": "A PDF or an image.",
    "audio": "The recording.",
    "image": "The image.",
    "mask": "Image whose transparent areas mark where another image may change.",
    "file_id": "Id of the file at the provider.",
    "job": "The batch, or its id.",
    "limit": "The limit or step that was exceeded.",
    # Files
    "path": "Path of the file.",
    "db_path": "Path of the SQLite file. It is created if missing.",
    "overwrite": "Whether an existing file may be replaced.",
    # Caches
    "key": "The key.",
    "keys": "The keys.",
    "value": "The value, as JSON.",
    "ttl": "Seconds after which the value expires; None uses the default of the cache.",
    "namespace": "The part of keys before the first colon.",
    "holder": "The id of the claim.",
    # Usage and budgets
    "since": "The first moment; None has no start.",
    "until": "The moment after the last one; None has no end.",
    "tags": "Names and values of tags that are needed.",
    "rows": "Rows of usage.",
    "row": "A row of usage.",
    "expires": "From when on the process counts as ended for other machines, in Unix seconds.",
    "windows": "The budgets, each in one window of time.",
    "window": "A budget in one window of time.",
    "amount": "The amount in billionths of a dollar.",
    "difference": "The amount to add, in billionths of a dollar; may be negative.",
    "reservation": "The reservation.",
    "spent": "The real cost in billionths of a dollar.",
    # Errors and events
    "message": "What failed, as one sentence.",
    "**facts": "Fields of `CallError`, such as `provider`, `model` and `status`.",
    # Layers and streams
    "stream": "The stream of a sync call.",
    "async_stream": "The stream of an async call.",
    "io": "What does the IO of the call, in sync or async code.",
    "target": "The provider, model and address that are called.",
    "account": "The name of an API key, without secrets.",
    "request": "The request that the server received.",
    "rules": "What the provider's JSON Schema allows.",
    "now": "The time in Unix seconds.",
}
"""What parameters mean, by name with stars."""

MEMBERS = {
    "waiters": "The waiting calls of this process.",
    "blocking": "Whether methods may wait for a file or a server. If not, async programs need no thread for them.",
    "input_tokens": "Input tokens that no other count of input has.",
    "cache_read_tokens": "Input tokens that were read from the provider's prompt cache.",
    "cache_write_tokens": "Input tokens that were written to the provider's prompt cache.",
    "cache_write_1h_tokens": "Input tokens that were written to the provider's prompt cache for one hour.",
    "input_audio_tokens": "Input tokens of audio.",
    "input_image_tokens": "Input tokens of images.",
    "output_tokens": "Output tokens that no other count of output has.",
    "reasoning_tokens": "Output tokens of reasoning.",
    "output_audio_tokens": "Output tokens of audio.",
    "output_image_tokens": "Output tokens of images.",
}
"""What fields and properties mean, by name."""

MADE_BY_THE_LIBRARY = {
    "Stream", "SyncStream", "AsyncStream", "RunStream", "AsyncRunStream", "TextStream", "AsyncTextStream",
    "RunTextStream", "AsyncRunTextStream", "AskStream", "AsyncAskStream", "ServerExchange",
}  # fmt: skip
"""Classes whose constructors are not for users; the reference does not show these."""


def shared_meaning(name: str, annotation: str) -> str:
    """Return what a parameter means.

    Args:
        name: Its name, with stars.
        annotation: Its annotation; `Unpack[...]` names the options that it takes.

    Returns:
        A sentence, or an empty text for a parameter that means different things.
    """
    if (unpacked := re.fullmatch(r"Unpack\[(\w+)\]", annotation)) is not None:
        return f"Options: see `{unpacked[1]}`."
    return PARAMETERS.get(name, "")
