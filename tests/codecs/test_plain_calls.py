"""A call of plain text needs no preparation: what prepares other calls would change nothing and warn of nothing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, strategies as st

from dhenara.ai.codecs.common.caller_tools import load_tools
from dhenara.ai.codecs.common.media import has_media, is_plain, prepare_media
from dhenara.ai.codecs.common.plan import WarningCollector
from dhenara.ai.codecs.quirks import ChatQuirks
from dhenara.ai.types import (
    AIModelCallConfig,
    AIModelEndpoint,
    Call,
    GenericContent,
    ImageContent,
    Message,
    Origin,
    ReasoningContent,
    RefusalContent,
    ServerTool,
    TextContent,
    ToolCallContent,
    ToolResultContent,
)

ELSEWHERE = Origin(provider="anthropic", model="c", protocol="anthropic")
ENDPOINT = AIModelEndpoint.of("openai/m", "k")
PLAIN = (
    TextContent(text="t"),
    TextContent(text="t", origin=ELSEWHERE),
    ReasoningContent(text="t", origin=ELSEWHERE),
    RefusalContent(text="t"),
)
OTHERS = (
    TextContent(text="t", cache="short"),
    TextContent(text="t", extras={"vendor": {"openai_chat": {"x": 1}}}),
    ImageContent(url="https://x.example/a.png"),
    GenericContent(kind="x", data={"type": "x"}, protocol="openai_chat"),
    ToolCallContent(id="1", name="f"),
    ToolResultContent(call_id="1", output="x"),
)


def call(*messages: Message, **config: Any) -> Call:
    return Call(ENDPOINT, messages, AIModelCallConfig(**config))


@given(st.lists(st.lists(st.sampled_from([*PLAIN, *OTHERS]), max_size=3), max_size=3), st.sampled_from([None, "n"]))
def test_preparing_a_plain_call_changes_nothing(turns: list[list[Any]], name: str | None) -> None:
    sent = call(*(Message(role="assistant", contents=parts, name=name) for parts in turns))
    warnings = WarningCollector("x")
    if is_plain(sent):
        assert load_tools(sent, "openai_chat", warnings) is sent
        assert not has_media(sent)
        assert prepare_media(sent, ChatQuirks(), "openai_chat", warnings, lambda part, is_own: True) is sent
        assert warnings.all() == ()


@pytest.mark.parametrize("part", PLAIN)
def test_texts_are_plain_whoever_wrote_them(part: Any) -> None:
    assert is_plain(call(Message(role="user", contents=[part])))


@pytest.mark.parametrize("part", OTHERS)
def test_other_parts_marks_and_vendor_fields_are_not_plain(part: Any) -> None:
    assert not is_plain(call(Message(role="user", contents=[*PLAIN, part])))


def test_names_and_tools_are_not_plain() -> None:
    assert not is_plain(call(Message(role="user", contents=[PLAIN[0]], name="n")))
    assert not is_plain(call(Message(role="user", contents=[PLAIN[0]]), tools=[ServerTool(spec={"type": "x"})]))
