"""What messages of compatible hosts hold in other words than the one they copied: read as it was meant."""

from __future__ import annotations

from typing import Any

import pytest

from dhenara.ai.types import (
    ChatResponse,
)
from dhenara.ai.types.content.parts import AudioContent, GenericContent, ImageContent, TextContent
from support.chat import streamed, whole

BOTH = pytest.mark.parametrize("read", [whole, streamed], ids=["body", "stream"])


@BOTH
@pytest.mark.parametrize("field", ["reasoning", "reasoning_content", "reasoning_text", "thinking"])
def test_thinking_is_thinking_under_every_name(read: Any, field: str) -> None:
    answer = read({field: "Hm.", "content": "Yes."})
    assert (answer.reasoning(), answer.text()) == ("Hm.", "Yes.")


@BOTH
@pytest.mark.parametrize(
    "thought",
    [{"content": "Hm."}, {"text": "Hm."}, [{"type": "text", "text": "Hm."}], {"summary": [{"text": "Hm."}]}, ["Hm."]],
)
def test_thinking_may_be_an_object_or_a_list(read: Any, thought: Any) -> None:
    assert read({"reasoning": thought, "content": "Yes."}).reasoning() == "Hm."


@BOTH
@pytest.mark.parametrize(
    "content",
    [{"type": "text", "text": "Yes."}, [{"text": "Yes."}], ["Yes."], [None, {"type": "text", "text": "Yes."}]],
)
def test_words_may_be_a_part_or_parts(read: Any, content: Any) -> None:
    assert read({"content": content}).text() == "Yes."


@BOTH
def test_thinking_may_be_a_part_with_a_summary(read: Any) -> None:
    summary = [{"type": "summary_text", "text": "Hm.", "signature": "s"}]
    answer = read({"content": [{"type": "reasoning", "summary": summary}, {"type": "text", "text": "Yes."}]})
    assert (answer.reasoning(), answer.text()) == ("Hm.", "Yes.")


@BOTH
def test_a_refusal_may_be_a_part(read: Any) -> None:
    answer = read({"content": [{"type": "refusal", "refusal": "No."}]})
    assert (answer.refusal(), answer.text()) == ("No.", "")


@BOTH
def test_a_part_of_tomorrow_is_kept_whole(read: Any) -> None:
    part = {"type": "hologram", "angle": 3}
    (kept,) = [one for one in read({"content": [part]}).contents if isinstance(one, GenericContent)]
    assert kept.data == part


@BOTH
def test_a_tool_that_found_something_is_a_source(read: Any) -> None:
    found = {"type": "tool_reference", "tool": "web_search", "title": "T", "url": "https://a.example"}
    (text,) = read({"content": [{"type": "text", "text": "Yes."}, found]}).contents
    assert isinstance(text, TextContent)
    assert [(c.url, c.title) for c in text.citations] == [("https://a.example", "T")]


@BOTH
def test_a_source_may_stand_outside_of_its_citation(read: Any) -> None:
    note = {"type": "url_citation", "url": "https://a.example", "title": "T", "start_index": 0, "end_index": 3}
    (text,) = read({"content": "Yes.", "annotations": [note, None]}).contents
    assert isinstance(text, TextContent)
    assert [(c.url, c.title, c.end) for c in text.citations] == [("https://a.example", "T", 3)]


def sources(answer: ChatResponse) -> list[tuple[str | None, str | None]]:
    return [(c.url, c.title) for part in answer.contents if isinstance(part, TextContent) for c in part.citations]


@pytest.mark.parametrize(
    "beside",
    [
        {"citations": [{"url": "https://a.example", "title": "T"}]},
        {"citations": ["https://a.example"], "search_results": [{"url": "https://a.example", "title": "T"}]},
        {"search_results": [{"url": "https://a.example", "title": "T"}]},
    ],
)
def test_sources_beside_the_choices_are_cited(beside: dict[str, Any]) -> None:
    assert sources(whole({"content": "Yes."}, **beside)) == [("https://a.example", "T")]


@BOTH
@pytest.mark.parametrize(
    "picture",
    [
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,QUJD"}},
        {"image_url": "data:image/png;base64,QUJD"},
        {"url": "data:image/png;base64,QUJD"},
        {"b64_json": "QUJD"},
        "data:image/png;base64,QUJD",
    ],
)
def test_a_picture_is_found_wherever_it_stands(read: Any, picture: Any) -> None:
    (image,) = read({"content": "", "images": [picture, None]}).contents
    assert isinstance(image, ImageContent)
    assert image.data == b"ABC"


@BOTH
def test_an_empty_sound_is_none(read: Any) -> None:
    answer = read({"content": "4", "audio": {"id": "", "data": "", "transcript": "", "expires_at": 0}})
    assert [type(part) for part in answer.contents] == [TextContent]


def test_sound_comes_in_pieces() -> None:
    answer = streamed(
        {"audio": {"id": "a1", "transcript": "He"}},
        {"audio": {"data": "QUJD"}},
        {"audio": {"data": "REVG", "transcript": "llo"}},
        {"audio": {"expires_at": 7}},
    )
    (sound,) = answer.contents
    assert isinstance(sound, AudioContent)
    assert (sound.data, sound.transcript, sound.extras) == (b"ABCDEF", "Hello", {"id": "a1", "expires_at": 7})
