"""One choice of an answer: its text, thinking, tool calls and everything else that dialects put beside them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ...types.content import Citation, GenericContent
from ...types.delta import (
    CitationDelta,
    ContentDelta,
    Delta,
    MediaDelta,
    ReasoningDelta,
    RefusalDelta,
    ServerToolDelta,
    TextDelta,
    ToolCallDelta,
)
from ...wire import json
from ..think_tags import ThinkTags
from .citations import read_annotation
from .details import Details
from .quirks import ChatQuirks

TEXT, REASONING, REFUSAL, AUDIO = "text", "reasoning", "refusal", "audio"
PLAIN = frozenset({"role", "content"})


class MessageReader:
    """Knows which of the choice's tool calls is being told."""

    __slots__ = ("_calls", "_choice", "_current", "_details", "_images", "_quirks", "_tags", "_tools", "_unknown")

    def __init__(self, choice: int, quirks: ChatQuirks, *, thinking: bool = False) -> None:
        self._choice = choice
        self._quirks = quirks
        self._calls = 0
        self._current: dict[int, tuple[str, str | None]] = {}
        self._details = Details()
        self._images = 0
        self._tags = ThinkTags(opened=thinking) if quirks.think_tags else None
        self._tools: set[int] = set()
        self._unknown = 0

    def read(self, message: dict[str, Any]) -> Iterator[Delta]:
        """Thinking comes before the text, the text before the calls: no field says it, but all vendors mean it."""
        if message.keys() <= PLAIN:
            yield from self._read_content(message.get("content"))
            return
        yield from self._read_reasoning(message)
        yield from self._read_content(message.get("content"))
        if message.get("refusal"):
            yield RefusalDelta(REFUSAL, message["refusal"], self._choice)
        yield from self._read_media(message)
        for position, tool in enumerate(message.get("executed_tools") or ()):
            yield self._read_server_tool(tool, position)
        if message.get("tool_calls"):
            yield from self._let_go()
        for position, tool in enumerate(message.get("tool_calls") or ()):
            yield self._read_tool_call(tool, position)
        for note in message.get("annotations") or ():
            yield read_annotation(note, TEXT, self._choice)

    def finish(self) -> Iterator[Delta]:
        """Thinking details come in fragments that belong together by index; they are told once, whole."""
        yield from self._let_go()
        if self._details:
            yield ReasoningDelta(
                REASONING,
                signature=self._details.signature(),
                choice=self._choice,
                extras={"reasoning_details": self._details.whole()},
            )

    def stop(self) -> Iterator[Delta]:
        """The model has said all that it wanted to say."""
        if self._tags is not None:
            yield from self._split(self._tags.stop())

    def _read_content(self, content: Any) -> Iterator[Delta]:
        if isinstance(content, str):
            if content and self._tags is not None:
                yield from self._split(self._tags.feed(content))
                self._tags = None if self._tags.over else self._tags
            elif content:
                yield TextDelta(TEXT, content, self._choice)
            return
        for part in content or ():
            yield from self._read_part(part)

    def _let_go(self) -> Iterator[Delta]:
        """What might have become a tag is text when something else follows."""
        if self._tags is not None:
            yield from self._split(self._tags.finish())

    def _split(self, pieces: Iterable[tuple[bool, str]]) -> Iterator[Delta]:
        for thinking, piece in pieces:
            part = REASONING if thinking else TEXT
            yield (ReasoningDelta if thinking else TextDelta)(part, piece, choice=self._choice)

    def _read_part(self, part: Any) -> Iterator[Delta]:
        """Mistral's content may be a list of typed chunks."""
        if isinstance(part, str):
            yield TextDelta(TEXT, part, self._choice)
            return
        match part.get("type"):
            case "text" | "output_text":
                yield TextDelta(TEXT, part.get("text") or "", self._choice)
            case "thinking":
                thinking = part.get("thinking") or ()
                pieces = [thinking] if isinstance(thinking, str) else [t.get("text") or "" for t in thinking]
                signature = part.get("signature") or None
                yield ReasoningDelta(REASONING, "".join(pieces), signature=signature, choice=self._choice)
            case "reference":
                yield CitationDelta(TEXT, Citation(extras=dict(part)), self._choice)
            case "image_url":
                yield from self._read_image(part)
            case kind:
                yield self._read_unknown(str(kind), part)

    def _read_unknown(self, kind: str, part: dict[str, Any]) -> Delta:
        """A chunk of tomorrow is kept whole."""
        place, self._unknown = f"chunk{self._unknown}", self._unknown + 1
        return ContentDelta(place, GenericContent(kind=kind, data=part), self._choice)

    def _read_reasoning(self, message: dict[str, Any]) -> Iterator[Delta]:
        thought = next((t for name in self._quirks.reasoning_out if (t := message.get(name))), None)
        details = message.get("reasoning_details")
        if isinstance(details, list):
            self._details.add(details)
            thought = thought or self._details.text_of(details)
        if isinstance(thought, str) and thought:
            if self._tags is not None:
                self._tags.told_apart()
            yield ReasoningDelta(REASONING, thought, choice=self._choice)
        if signature := message.get("thought_signature"):
            yield ReasoningDelta(REASONING, signature=signature, choice=self._choice)

    def _read_media(self, message: dict[str, Any]) -> Iterator[Delta]:
        audio = message.get("audio")
        if isinstance(audio, dict):
            extras = {name: audio[name] for name in ("id", "expires_at") if audio.get(name)}
            data, transcript = audio.get("data") or "", audio.get("transcript") or ""
            yield MediaDelta(AUDIO, "audio", data, transcript=transcript, choice=self._choice, extras=extras or None)
        for image in message.get("images") or ():
            yield from self._read_image(image)

    def _read_image(self, image: dict[str, Any]) -> Iterator[Delta]:
        said = image.get("image_url")
        address = said if isinstance(said, str) else (said or {}).get("url") or ""
        part, self._images = f"image{self._images}", self._images + 1
        if address.startswith("data:"):
            head, _, data = address[5:].partition(",")
            yield MediaDelta(part, "image", data, head.split(";")[0], choice=self._choice)
        else:
            yield MediaDelta(part, "image", url=address, choice=self._choice)

    def _read_tool_call(self, tool: dict[str, Any], position: int) -> Delta:
        function = tool.get("function") or {}
        given, name = tool.get("id") or None, function.get("name") or None
        arguments = function.get("arguments")
        extras = {"extra_content": tool["extra_content"]} if tool.get("extra_content") else None
        part = self._part_of(tool.get("index", position), given, name)
        text = arguments if isinstance(arguments, str) else json.dumps(arguments or {}).decode()
        return ToolCallDelta(
            part,
            given,
            name,
            text if arguments else "",
            isinstance(arguments, str) or arguments is None,
            self._choice,
            extras,
        )

    def _part_of(self, index: int | None, given: str | None, name: str | None) -> str:
        """Some servers give every call index 0: a new id with a name beside it is a new call."""
        known = self._current.get(index or 0)
        if known is None or (given and name and known[1] is not None and known[1] != given):
            known = (f"call{self._calls}", given)
            self._calls += 1
        elif given and known[1] is None:
            known = (known[0], given)
        self._current[index or 0] = known
        return known[0]

    def _read_server_tool(self, tool: dict[str, Any], position: int) -> Delta:
        """Groq tells a tool it ran when it starts, and again when it is done."""
        index = tool.get("index", position)
        first = index not in self._tools
        self._tools.add(index)
        arguments = tool.get("arguments") if first else None
        return ServerToolDelta(
            f"server{index}",
            name=tool.get("type") or tool.get("name"),
            arguments=arguments or "",
            data=tool,
            choice=self._choice,
        )
