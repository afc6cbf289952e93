"""What vendors would reject in a request, for each protocol."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Any

from ..answer import pairing_violations

Wire = dict[str, Any]
LONGEST_ID = 64
MOST_MARKS = 4
WORD64 = re.compile(r"[A-Za-z0-9_-]{1,64}")


ROLES = ("system", "developer", "user", "assistant", "tool", "function")


def chat_violations(body: Wire) -> Iterator[str]:
    messages: list[Wire] = body.get("messages") or []
    if not messages:
        yield "messages: there is none"
    made: list[str] = []
    answered: list[str] = []
    for number, message in enumerate(messages):
        role = message.get("role")
        if role not in ROLES:
            yield f"messages[{number}].role: {role!r} is none of {', '.join(ROLES)}"
        if role == "tool":
            answered.append(message.get("tool_call_id") or "")
            continue
        yield from pairing_violations(made, answered, over=False)
        made, answered = [call.get("id") or "" for call in message.get("tool_calls") or ()], []
        yield from message_violations(message, f"messages[{number}]")
    yield from pairing_violations(made, answered, over=not answered)


def message_violations(message: Wire, at: str) -> Iterator[str]:
    content = message.get("content")
    if message["role"] == "assistant":
        if not (content or message.get("tool_calls") or message.get("audio") or message.get("refusal")):
            yield f"{at}: an assistant message has content or tool calls"
        if message.get("tool_calls") == []:
            yield f"{at}.tool_calls: an empty list"
    elif content is None or content == []:
        yield f"{at}.content: there is none"
    for call in message.get("tool_calls") or ():
        if len(call.get("id") or "") > LONGEST_ID:
            yield f"{at}.tool_calls: an id is longer than {LONGEST_ID} characters"
        if call.get("type") == "function" and not isinstance(call["function"].get("arguments"), str):
            yield f"{at}.tool_calls: arguments are a string"


CALLS = {"function_call": "function_call_output", "custom_tool_call": "custom_tool_call_output"}


def responses_violations(body: Wire) -> Iterator[str]:
    items: list[Wire] | str = body.get("input") or []
    if not items:
        yield "input: there is none"
    if isinstance(items, str):
        return
    made = [item for item in items if item.get("type") in CALLS]
    answers = [item.get("call_id") or "" for item in items if item.get("type") in CALLS.values()]
    waiting = trailing_calls(items)
    for call in made:
        call_id = call.get("call_id") or ""
        if not 0 < len(call_id) <= LONGEST_ID:
            yield f"input: call_id {call_id!r} must have 1 to {LONGEST_ID} characters"
        if call_id not in answers and call not in waiting:
            yield f"No tool output found for function call {call_id}"
    for answer in answers:
        if answer not in [call.get("call_id") for call in made]:
            yield f"No tool call found for function call output with call_id {answer}"
    for number, item in enumerate(items):
        yield from item_violations(item, items[number + 1] if number + 1 < len(items) else None, body)


def trailing_calls(items: list[Wire]) -> list[Wire]:
    """Return the calls at the end, which may still lack results."""
    calls: list[Wire] = []
    for item in reversed(items):
        if item.get("type") not in CALLS:
            break
        calls.append(item)
    return calls


def item_violations(item: Wire, following: Wire | None, body: Wire) -> Iterator[str]:
    kind = item.get("type", "message")
    if kind == "reasoning":
        text = item.get("id")
        if "summary" not in item:
            yield f"Item {text!r} of type 'reasoning' has no summary"
        if following is None or following.get("role") in ("user", "developer", "system"):
            yield f"Item {text!r} of type 'reasoning' was provided without its required following item."
        if not body.get("store") and not (item.get("encrypted_content") or item.get("content")):
            yield f"Item with id {text!r} not found. Items are not persisted when `store` is set to false."
    if kind == "message":
        content = item.get("content")
        if not content:
            yield "input: a message has no content"
        wanted = "output_text" if item.get("role") == "assistant" else "input_"
        for part in content if isinstance(content, list) else ():
            if not part["type"].startswith((wanted, "refusal")):
                yield f"input: {part['type']!r} is not valid in the role {item.get('role')!r}"


def anthropic_violations(body: Wire) -> Iterator[str]:
    if "max_tokens" not in body:
        yield "max_tokens: Field required"
    turns: list[Wire] = body.get("messages") or []
    if not turns or turns[0].get("role") != "user":
        yield "messages: first message must use the user role"
    yield from role_order_violations(turns)
    if ends_in_space(turns):
        yield "messages: final assistant content cannot end with trailing whitespace"
    system = body.get("system")
    blocks = system if isinstance(system, list) else [{"type": "text", "text": system}] if system is not None else []
    yield from blank_text_violations(blocks, "system")
    ids = [b.get("id") for t in turns for b in contents(t) if b.get("type") == "tool_use"]
    if len(set(ids)) < len(ids):
        yield "messages: tool_use ids must be unique"
    if count_cache_marks(body) > MOST_MARKS:
        yield f"a maximum of {MOST_MARKS} blocks with cache_control may be provided"


def role_order_violations(turns: list[Wire]) -> Iterator[str]:
    made: list[str] = []
    before: str | None = None
    for number, turn in enumerate(turns):
        at = f"messages.{number}"
        if turn.get("role") not in ("user", "assistant"):
            yield f"{at}: role must be user or assistant"
        if turn.get("role") == before:
            yield f"{at}: roles must alternate"
        before = turn.get("role")
        blocks = contents(turn)
        yield from blank_text_violations(blocks, at)
        yield from (f"{at}: {text}" for block in blocks for text in block_violations(block))
        results = [block.get("tool_use_id") or "" for block in blocks if block.get("type") == "tool_result"]
        yield from pairing_violations(made, results, over=False)
        kinds = [block.get("type") == "tool_result" for block in blocks]
        if made and kinds != sorted(kinds, reverse=True):
            yield f"{at}: tool_result blocks must come first"
        made = [block.get("id") or "" for block in blocks if block.get("type") == "tool_use"]


def ends_in_space(turns: list[Wire]) -> bool:
    """Return whether a prefilled assistant message ends in white space."""
    last = contents(turns[-1])[-1:] if turns and turns[-1].get("role") == "assistant" else []
    return bool(last) and str(last[0].get("text", "")) != str(last[0].get("text", "")).rstrip()


def contents(turn: Wire) -> list[Wire]:
    content = turn.get("content")
    return [{"type": "text", "text": content}] if isinstance(content, str) else content or []


def blank_text_violations(blocks: list[Wire], at: str) -> Iterator[str]:
    if not blocks and at != "system":
        yield f"{at}: all messages must have non-empty content"
    for block in blocks:
        if block.get("type") == "text" and not block["text"].strip():
            yield f"{at}: text content blocks must contain non-whitespace text"


def block_violations(block: Wire) -> Iterator[str]:
    match block.get("type"):
        case "thinking" if not block.get("signature"):
            yield "thinking.signature: Field required"
        case "redacted_thinking" if not block.get("data"):
            yield "redacted_thinking.data: Field required"
        case "tool_use" if not WORD64.fullmatch(block.get("id") or ""):
            yield "tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'"


def count_cache_marks(value: Any) -> int:
    if isinstance(value, dict):
        return ("cache_control" in value) + sum(
            count_cache_marks(v) for k, v in value.items() if k not in ("input", "data")
        )
    return sum(map(count_cache_marks, value)) if isinstance(value, list) else 0


KINDS = (
    *("text", "inlineData", "fileData", "functionCall", "functionResponse", "executableCode", "codeExecutionResult"),
    *("toolCall", "toolResponse"),
)


def gemini_violations(body: Wire) -> Iterator[str]:
    turns: list[Wire] = body.get("contents") or []
    if not turns:
        yield "contents: contents is not specified"
    if turns and turns[0].get("role") != "user":
        yield "Please ensure that multiturn requests begin with a user role."
    made: list[str] = []
    before = ""
    for number, turn in enumerate(turns):
        at = f"contents[{number}]"
        role = turn.get("role")
        if role not in ("user", "model"):
            yield f"{at}: Please use a valid role: user, model."
        if role == before:
            yield f"{at}: Please ensure that multiturn requests alternate between user and model."
        before = role or ""
        yield from gemini_item_violations(turn, at)
        results = [p["functionResponse"].get("name") for p in turn.get("parts") or () if "functionResponse" in p]
        if sorted(map(str, made)) != sorted(map(str, results)):
            yield (
                f"{at}: Please ensure that the number of function response parts is equal to the number of "
                "function call parts of the function call turn."
            )
        made = [p["functionCall"].get("name") for p in turn.get("parts") or () if "functionCall" in p]


def gemini_item_violations(turn: Wire, at: str) -> Iterator[str]:
    parts = turn.get("parts") or []
    if not parts:
        yield f"{at}.parts: must not be empty."
    for number, part in enumerate(parts):
        if sum(kind in part for kind in KINDS) != 1:
            yield f"{at}.parts[{number}].data: required oneof field 'data' must have one initialized field"
        if part.get("text") == "" and "thoughtSignature" not in part:
            yield f"{at}.parts[{number}].text: must not be empty."
    calls = [part for part in parts if "functionCall" in part]
    if calls and "thoughtSignature" not in calls[0]:
        yield f"Function call is missing a thought_signature in functionCall parts: {calls[0]['functionCall']['name']}"


SAFE = re.compile(r"[A-Za-z0-9\-()\[\]]+( [A-Za-z0-9\-()\[\]]+)*")


def converse_violations(body: Wire) -> Iterator[str]:
    turns: list[Wire] = body.get("messages") or []
    if not turns or turns[0].get("role") != "user":
        yield "A conversation must start with a user message. Try again with a conversation that starts with one."
    made: list[str] = []
    before = ""
    for number, turn in enumerate(turns):
        at = f"messages.{number}"
        if turn.get("role") == before:
            yield f"{at}: A conversation must alternate between user and assistant roles."
        before = turn.get("role") or ""
        blocks: list[Wire] = turn.get("content") or []
        if not blocks:
            yield f"{at}: The content field in the Message object is empty."
        yield from (f"{at}: {text}" for text in converse_item_violations(blocks))
        results = [
            block["toolResult"]["toolUseId"] for block in blocks if "toolResult" in block and not is_own_block(block)
        ]
        yield from pairing_violations(made, results, over=False)
        made = [block["toolUse"]["toolUseId"] for block in blocks if "toolUse" in block and not is_own_block(block)]
    blocks = [b for turn in turns for b in turn.get("content") or () if not is_own_block(b)]
    tools = any("toolUse" in block or "toolResult" in block for block in blocks)
    if tools and not (body.get("toolConfig") or {}).get("tools"):
        yield "The toolConfig field must be defined when using toolUse and toolResult content blocks."


def is_own_block(block: Wire) -> bool:
    """Return whether the block belongs to a provider-run tool."""
    return "type" in (block.get("toolUse") or block.get("toolResult") or {})


def converse_item_violations(blocks: list[Wire]) -> Iterator[str]:
    for block in blocks:
        if "text" in block and not block["text"].strip():
            yield "The text field in the ContentBlock object is blank."
        if "toolUse" in block and not WORD64.fullmatch(block["toolUse"].get("toolUseId") or ""):
            yield "toolUseId must match [a-zA-Z0-9_-]{1,64}"
    documents = [block["document"] for block in blocks if "document" in block]
    if documents and not any("text" in block for block in blocks):
        yield "A document must be accompanied by a text block."
    if len({document["name"] for document in documents}) < len(documents):
        yield "Two documents have the same name."
    for document in documents:
        if not SAFE.fullmatch(document["name"]):
            yield "The document file name can only contain letters, digits, hyphens, brackets and single spaces."


def cohere_violations(body: Wire) -> Iterator[str]:
    messages: list[Wire] = body.get("messages") or []
    if not messages:
        yield "invalid request: messages must not be empty"
    made: list[str] = []
    answered: list[str] = []
    for number, message in enumerate(messages):
        at = f"messages[{number}]"
        if message.get("role") == "tool":
            answered.append(message.get("tool_call_id") or "")
            continue
        yield from pairing_violations(made, answered, over=False)
        made, answered = [call.get("id") or "" for call in message.get("tool_calls") or ()], []
        if message.get("role") not in ("system", "user", "assistant"):
            yield f"{at}: invalid role"
        if not message.get("content") and not message.get("tool_calls"):
            yield f"{at}: must have non-empty content or tool calls"
    yield from pairing_violations(made, answered, over=not answered)


LEVELS = ("high", "medium", "low", "max")
NUMBERS = ("temperature", "top_p", "min_p", "typical_p", "repeat_penalty", "presence_penalty", "frequency_penalty")
WHOLE = ("num_ctx", "num_predict", "num_keep", "seed", "top_k", "repeat_last_n", "num_gpu", "num_batch", "num_thread")


def ollama_violations(body: Wire) -> Iterator[str]:
    if not body.get("model"):
        yield "model is required"
    for message in body.get("messages") or ():
        yield from ollama_item_violations(message)
    think = body.get("think")
    if isinstance(think, str) and think not in LEVELS:
        yield f'invalid think value: "{think}" (must be "high", "medium", "low", "max", true, or false)'
    shape = body.get("format")
    if shape not in (None, "", "json") and not isinstance(shape, dict):
        yield f'invalid format: "{shape}"; expected "json" or a valid JSON Schema object'
    yield from option_type_violations(body.get("options") or {})


def ollama_item_violations(message: Wire) -> Iterator[str]:
    for name in ("role", "content", "thinking", "tool_name", "tool_call_id"):
        if not isinstance(message.get(name) or "", str):
            yield f"json: cannot unmarshal {name} into Go struct field ChatRequest.messages.{name} of type string"
    for call in message.get("tool_calls") or ():
        if not isinstance(call["function"].get("arguments"), dict):
            yield "json: cannot unmarshal arguments into Go struct field .function.arguments of type map"
    for image in message.get("images") or ():
        try:
            base64.b64decode(image, validate=True)
        except binascii.Error:
            yield "illegal base64 data at input byte 4"


def option_type_violations(options: Wire) -> Iterator[str]:
    """Check the types of known options; unknown ones are ignored."""
    for name, value in options.items():
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if name in NUMBERS and not number:
            yield f'option "{name}" must be of type float32'
        if name in WHOLE and not number:
            yield f'option "{name}" must be of type integer'
        if name == "stop" and not isinstance(value, list):
            yield 'option "stop" must be of type array'
