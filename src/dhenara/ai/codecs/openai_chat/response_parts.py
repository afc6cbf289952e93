"""Messages of a response: text, reasoning, tool calls, images and citations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ...types.chat.delta import (
    CitationDelta,
    ContentDelta,
    Delta,
    MediaDelta,
    ReasoningDelta,
    RefusalDelta,
    ServerToolDelta,
    TextDelta,
)
from ...types.chat.usage import Usage, reported_usage
from ...types.content.parts import GenericContent
from ...wire import json
from ..common.nested_output import ThinkTagParser, WrapperCalls
from ..common.response_fields import (
    Report,
    TokenReport,
    Wire,
    amount,
    build_citation,
    count,
    first_int,
    invalid_counts,
    is_readable,
    read_cache_writes,
    read_index,
    read_int,
    read_ints,
    read_object,
    read_objects,
    read_text,
    reported_cost,
    split,
    unread_warning,
)
from ..quirks import ChatQuirks
from .reasoning import ReasoningDetails, find_reasoning, reasoning_text
from .tools import CallReader

TEXT, REASONING, REFUSAL, AUDIO = "text", "reasoning", "refusal", "audio"
PLAIN = frozenset({"role", "content"})


class MessageReader:
    """Holds what can only be interpreted with the rest of the choice."""

    __slots__ = (
        *("_calls", "_choice", "_declared", "_details", "_images", "_quirks", "tags", "_tools", "_unknown", "_whole"),
        "_wrappers",
    )

    def __init__(
        self, choice: int, quirks: ChatQuirks, declared: frozenset[str], *, whole: bool, thinking: bool = False
    ) -> None:
        self._choice = choice
        self._quirks = quirks
        self._whole = whole
        self._declared = declared
        self._calls: CallReader | None = None
        self._wrappers: WrapperCalls | None = None
        self._details: ReasoningDetails | None = None
        self._images = 0
        self.tags = think_tag_parser(opened=thinking) if quirks.think_tags else None
        self._tools: set[int] = set()
        self._unknown = 0

    def read(self, message: Wire) -> Iterable[Delta]:
        """Read a message; most have only text, and nothing in their other fields."""
        for name in message:
            if name not in PLAIN and message[name]:
                return self._read_all(message)
        content = message.get("content")
        if content.__class__ is str and content and self.tags is None:
            return (TextDelta(TEXT, content, self._choice),)
        return self._read_content(content)

    def _read_all(self, message: Wire) -> Iterator[Delta]:
        """Read all fields: reasoning before text and text before calls, as all vendors mean it."""
        yield from self._read_reasoning(message)
        yield from self._read_content(message.get("content"))
        if refusal := read_text(message, "refusal"):
            yield RefusalDelta(REFUSAL, refusal, self._choice)
        yield from self._read_media(message)
        for position, tool in enumerate(read_objects(message, "executed_tools")):
            yield self._read_server_tool(tool, position)
        if message.get("tool_calls") or message.get("function_call"):
            yield from self._flush_tag()
            yield from self._read_calls(message)
        if message.get("annotations"):
            for note in read_objects(message, "annotations"):
                yield read_annotation(note, TEXT, self._choice)

    def finish(self) -> Sequence[Delta]:
        """Emit reasoning details once, joined by index."""
        if self.tags is None and not self._details and self._wrappers is None:
            return ()
        rest: list[Delta] = [*self._flush_tag(), *self.remaining_call_deltas()]
        if self._details:
            signature, details = self._details.signature(), self._details.all()
            extras = {"reasoning_details": details}
            rest.append(ReasoningDelta(REASONING, signature=signature, choice=self._choice, extras=extras))
        return rest

    @property
    def called(self) -> bool:
        """Whether the answer contains tool calls."""
        return self._calls is not None and self._calls.called

    def remaining_call_deltas(self) -> Iterable[Delta]:
        """What was held back of calls, once all of them are here."""
        return () if self._wrappers is None else self._wrappers.release()

    def stop(self) -> Iterable[Delta]:
        """End the choice."""
        return () if self.tags is None else self._split(self.tags.stop())

    def _read_calls(self, message: Wire) -> Iterator[Delta]:
        """Read the calls of tools; most answers have none, so what tracks them is made with the first one."""
        if self._calls is None or self._wrappers is None:
            self._calls, self._wrappers = CallReader(self._choice), WrapperCalls(self._declared)
        return self._wrappers.unwrapped(self._calls.read(message, whole=self._whole))

    def _read_content(self, content: Any) -> Iterator[Delta]:
        if isinstance(content, str):
            if content and self.tags is not None:
                yield from self._split(self.tags.feed(content))
                self.tags = None if self.tags.is_done else self.tags
            elif content:
                yield TextDelta(TEXT, content, self._choice)
            return
        for part in content if isinstance(content, list) else [content]:
            if isinstance(part, str):
                yield TextDelta(TEXT, part, self._choice)
            elif isinstance(part, dict) and is_readable(part):
                yield from self._read_part(part)
        if isinstance(content, list):
            yield from unread_warning([part for part in content if not isinstance(part, str)])

    def _flush_tag(self) -> Iterator[Delta]:
        """Emit text that was held back because it might have been a tag."""
        if self.tags is not None:
            yield from self._split(self.tags.finish())

    def _split(self, pieces: Iterable[tuple[bool, str]]) -> Iterator[Delta]:
        for thinking, piece in pieces:
            part = REASONING if thinking else TEXT
            yield (ReasoningDelta if thinking else TextDelta)(part, piece, choice=self._choice)

    def _read_part(self, part: Wire) -> Iterator[Delta]:
        """Read a typed chunk, for providers whose content is a list."""
        match part.get("type", "text"):
            case "text" | "output_text":
                yield TextDelta(TEXT, read_text(part, "text"), self._choice)
            case "thinking" | "reasoning" | "reasoning_text" as kind:
                thought = reasoning_text(part.get(kind)) or reasoning_text(part)
                signature = read_text(part, "signature") or None
                yield ReasoningDelta(REASONING, thought, signature=signature, choice=self._choice)
            case "refusal":
                yield RefusalDelta(REFUSAL, read_text(part, "refusal"), self._choice)
            case "reference" | "tool_reference":
                source = build_citation(dict(part), url=part.get("url"), title=part.get("title"))
                yield CitationDelta(TEXT, source, self._choice)
            case "image_url":
                yield from self._read_image(part)
            case kind:
                yield self._read_unknown(str(kind), part)

    def _read_unknown(self, kind: str, part: Wire) -> Delta:
        """Keep an unknown chunk unchanged."""
        name, self._unknown = f"chunk{self._unknown}", self._unknown + 1
        return ContentDelta(name, GenericContent(kind=kind, data=part), self._choice)

    def _read_reasoning(self, message: Wire) -> Iterator[Delta]:
        thought = find_reasoning(message, self._quirks.reasoning_out)
        details = message.get("reasoning_details")
        if isinstance(details, list):
            if self._details is None:
                self._details = ReasoningDetails()
            self._details.add(details)
            thought = thought or self._details.text_of(details)
        if thought:
            if self.tags is not None:
                self.tags.disable()
            yield ReasoningDelta(REASONING, thought, choice=self._choice)
        if signature := read_text(message, "thought_signature"):
            yield ReasoningDelta(REASONING, signature=signature, choice=self._choice)

    def _read_media(self, message: Wire) -> Iterator[Delta]:
        audio = read_object(message, "audio")
        extras = {name: audio[name] for name in ("id", "expires_at") if audio.get(name)}
        data, transcript = read_text(audio, "data"), read_text(audio, "transcript")
        if extras or data or transcript:
            yield MediaDelta(AUDIO, "audio", data, transcript=transcript, choice=self._choice, extras=extras or None)
        images = message.get("images")
        for image in images if isinstance(images, list) else ():
            yield from self._read_image(image)

    def _read_image(self, image: Any) -> Iterator[Delta]:
        delta = read_picture(image, f"image{self._images}", self._choice)
        if delta is not None:
            self._images += 1
            yield delta

    def _read_server_tool(self, tool: Wire, position: int) -> Delta:
        """Read a tool that Groq ran; it is reported at its start and at its end."""
        index = read_index(tool, "index", position)
        first = index not in self._tools
        self._tools.add(index)
        given = tool.get("arguments") if first else None
        arguments = given if isinstance(given, str) or not given else json.dumps(given).decode()
        return ServerToolDelta(
            f"server{index}",
            name=read_text(tool, "type") or read_text(tool, "name"),
            arguments=arguments or "",
            data=tool,
            choice=self._choice,
        )


def think_tag_parser(*, opened: bool) -> ThinkTagParser:
    return ThinkTagParser(opened=opened)


def read_picture(image: Any, part: str, choice: int) -> Delta | None:
    """Read an image; None if it has neither URL nor data."""
    payload: Wire = image if isinstance(image, dict) else {"url": image}
    if data := read_text(payload, "b64_json"):
        return MediaDelta(part, "image", data, read_text(payload, "mime_type") or "image/png", choice=choice)
    address = (
        read_text(payload, "image_url")
        or read_text(read_object(payload, "image_url"), "url")
        or read_text(payload, "url")
    )
    if address.startswith("data:"):
        head, _, data = address[5:].partition(",")
        return MediaDelta(part, "image", data, head.split(";")[0], choice=choice)
    return MediaDelta(part, "image", url=address, choice=choice) if address else None


def read_annotation(note: Wire, part: str, choice: int) -> Delta:
    """Read an annotation; some providers omit the nested object."""
    kind = read_text(note, "type")
    text = read_object(note, kind) or note
    source = build_citation(
        url=text.get("url"),
        title=text.get("title") or text.get("name") or text.get("filename"),
        cited_text=text.get("content"),
        start=text.get("start_index"),
        end=text.get("end_index"),
        extras={} if kind == "url_citation" and text is not note else dict(note),
    )
    return CitationDelta(part, source, choice)


SEPARATE_REASONING = frozenset({"reasoning_tokens"})
USUAL_FIELDS = frozenset(
    {"prompt_tokens", "completion_tokens", "total_tokens", "prompt_tokens_details", "completion_tokens_details"}
)
"""The fields of the protocol itself. Reports with others are looked at for what dialects add."""


def read_usage(report: Report, *, cache_unclear: bool = False, reasoning_separate: bool = False) -> Usage:
    """Convert the report; `prompt_tokens` usually includes cached and audio tokens, the total shows exceptions.

    Args:
        report: The `usage` object of a response.
        cache_unclear: Whether it is unknown if cached tokens are included in the prompt.
        reasoning_separate: Whether the dialect counts reasoning next to the completion.

    Returns:
        Counts that do not overlap.
    """
    read_in = read_object(report, "prompt_tokens_details")
    made = read_object(report, "completion_tokens_details")
    has_more = not USUAL_FIELDS.issuperset(report)
    has_read, has_made = has_more or any(read_in.values()), has_more or any(made.values())
    cached = read_from_cache(report, read_in) if has_read else 0
    buckets = split(
        TokenReport(
            count(report, "prompt_tokens"),
            count(report, "completion_tokens"),
            count(report, "total_tokens"),
            read={
                "cache_read_tokens": 0 if cache_unclear else cached,
                **read_cache_writes(read_in),
                "input_audio_tokens": input_audio(report, read_in),
            }
            if has_read
            else {},
            made={
                "reasoning_tokens": first_int(made, "reasoning_tokens") or first_int(report, "reasoning_tokens"),
                "output_audio_tokens": read_int(made, "audio_tokens"),
                "output_image_tokens": read_int(made, "image_tokens"),
            }
            if has_made
            else {},
            separate=SEPARATE_REASONING if reasoning_separate else frozenset(),
        )
    )
    left_out = ("cache_read_tokens",) if cache_unclear and cached else ()
    return reported_usage(
        {
            **buckets.counts,
            "unclear": (*buckets.unclear, *left_out, *invalid_counts(report)),
            "raw": dict(report),
            **(units_and_cost(report) if has_more else {}),
        }
    )


def units_and_cost(report: Report) -> dict[str, Any]:
    """Return what some dialects report besides the tokens."""
    seconds, size = amount(report, "prompt_audio_seconds"), report.get("search_context_size")
    searches = read_int(report, "num_search_queries")
    units = {"seconds": seconds, "web_searches": float(searches)}
    return {
        "units": {name: used for name, used in units.items() if used},
        "options": {"search_context_size": size} if isinstance(size, str) else {},
        "server_tool_requests": read_ints(
            read_object(report, "server_tool_use_details") or read_object(report, "server_tool_use")
        ),
        "reported_cost": reported_cost(report),
    }


def input_audio(report: Report, details: Report) -> int:
    """Return the audio tokens of the prompt; if only seconds are reported, the rest of the total."""
    data = first_int(details, "audio_tokens")
    if data or not amount(report, "prompt_audio_seconds"):
        return data
    return max(
        0, read_int(report, "total_tokens") - read_int(report, "prompt_tokens") - read_int(report, "completion_tokens")
    )


def read_from_cache(report: Report, details: Report) -> int:
    """Return the cached tokens from any of the fields that dialects use."""
    return first_int(details, "cached_tokens") or first_int(
        report, "prompt_cache_hit_tokens", "cached_tokens", "num_cached_tokens"
    )
