"""Messages of compatible hosts whose content has other fields or shapes."""

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
def test_reasoning_is_read_from_every_field(read: Any, field: str) -> None:
    answer = read({field: "Hm.", "content": "Yes."})
    assert (answer.reasoning(), answer.text()) == ("Hm.", "Yes.")


@BOTH
def test_reasoning_may_stand_in_blocks_alone(read: Any) -> None:
    block = {"type": "thinking", "thinking": "Hm.", "signature": "s"}
    assert read({"reasoning_content": "", "thinking_blocks": [block], "content": "Yes."}).reasoning() == "Hm."


@BOTH
@pytest.mark.parametrize(
    "thought",
    [{"content": "Hm."}, {"text": "Hm."}, [{"type": "text", "text": "Hm."}], {"summary": [{"text": "Hm."}]}, ["Hm."]],
)
def test_reasoning_may_be_object_or_list(read: Any, thought: Any) -> None:
    assert read({"reasoning": thought, "content": "Yes."}).reasoning() == "Hm."


@BOTH
@pytest.mark.parametrize(
    "content",
    [{"type": "text", "text": "Yes."}, [{"text": "Yes."}], ["Yes."], [None, {"type": "text", "text": "Yes."}]],
)
def test_content_may_be_part_or_list(read: Any, content: Any) -> None:
    assert read({"content": content}).text() == "Yes."


@BOTH
def test_reasoning_part_may_have_a_summary(read: Any) -> None:
    summary = [{"type": "summary_text", "text": "Hm.", "signature": "s"}]
    answer = read({"content": [{"type": "reasoning", "summary": summary}, {"type": "text", "text": "Yes."}]})
    assert (answer.reasoning(), answer.text()) == ("Hm.", "Yes.")


@BOTH
def test_refusal_may_be_a_part(read: Any) -> None:
    answer = read({"content": [{"type": "refusal", "refusal": "No."}]})
    assert (answer.refusal(), answer.text()) == ("No.", "")


@BOTH
def test_part_of_unknown_type_is_preserved(read: Any) -> None:
    part = {"type": "hologram", "angle": 3}
    (retained,) = [one for one in read({"content": [part]}).contents if isinstance(one, GenericContent)]
    assert retained.data == part


@BOTH
def test_tool_reference_is_a_citation(read: Any) -> None:
    actual = {"type": "tool_reference", "tool": "web_search", "title": "T", "url": "https://a.example"}
    (text,) = read({"content": [{"type": "text", "text": "Yes."}, actual]}).contents
    assert isinstance(text, TextContent)
    assert [(c.url, c.title) for c in text.citations] == [("https://a.example", "T")]


@BOTH
def test_citation_fields_may_be_at_top_level(read: Any) -> None:
    note = {"type": "url_citation", "url": "https://a.example", "title": "T", "start_index": 0, "end_index": 3}
    (text,) = read({"content": "Yes.", "annotations": [note, None]}).contents
    assert isinstance(text, TextContent)
    assert [(c.url, c.title, c.end) for c in text.citations] == [("https://a.example", "T", 3)]


def sources(answer: ChatResponse) -> list[tuple[str | None, str | None]]:
    return [(c.url, c.title) for part in answer.contents if isinstance(part, TextContent) for c in part.citations]


@pytest.mark.parametrize(
    "extra",
    [
        {"citations": [{"url": "https://a.example", "title": "T"}]},
        {"citations": ["https://a.example"], "search_results": [{"url": "https://a.example", "title": "T"}]},
        {"search_results": [{"url": "https://a.example", "title": "T"}]},
    ],
)
def test_sources_outside_of_choices_are_cited(extra: dict[str, Any]) -> None:
    assert sources(whole({"content": "Yes."}, **extra)) == [("https://a.example", "T")]


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
def test_images_are_read_from_every_field(read: Any, picture: Any) -> None:
    (image,) = read({"content": "", "images": [picture, None]}).contents
    assert isinstance(image, ImageContent)
    assert image.data == b"ABC"


@BOTH
def test_empty_audio_is_ignored(read: Any) -> None:
    answer = read({"content": "4", "audio": {"id": "", "data": "", "transcript": "", "expires_at": 0}})
    assert [type(part) for part in answer.contents] == [TextContent]


def test_audio_deltas_are_joined() -> None:
    answer = streamed(
        {"audio": {"id": "a1", "transcript": "He"}},
        {"audio": {"data": "QUJD"}},
        {"audio": {"data": "REVG", "transcript": "llo"}},
        {"audio": {"expires_at": 7}},
    )
    (sound,) = answer.contents
    assert isinstance(sound, AudioContent)
    assert (sound.data, sound.transcript, sound.extras) == (b"ABCDEF", "Hello", {"id": "a1", "expires_at": 7})
