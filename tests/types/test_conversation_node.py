"""Nodes of a conversation, and the prompts that are made of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from dhenara.ai.providers.common import PromptFormatter
from dhenara.ai.types import (
    ChatResponse,
    ChatResponseChoice,
    FileContent,
    GeneratedImage,
    ImageContent,
    ImageResponse,
    ReasoningContent,
    TextContent,
)
from dhenara.ai.types.conversation import ConversationNode

PROVIDED = ChatResponse(
    choices=[
        ChatResponseChoice(contents=[ReasoningContent(text="Hm.", signature="s"), TextContent(text="A cat, it seems.")])
    ]
)
write = PromptFormatter.format_conversion_node_as_prompts


def test_files_have_two_names_and_many_forms(tmp_path: Path) -> None:
    place = tmp_path / "cat.txt"
    place.write_text("A cat.")
    node = ConversationNode(user_query="What?", attached_files=[place, ImageContent(url="https://example.org/a.png")])  # type: ignore[call-arg]  # the older name
    assert node.input_files == node.attached_files
    assert node == ConversationNode(user_query="What?", input_files=node.input_files)
    assert [part.type for part in node.get_prompt().contents] == ["text", "file", "image"]
    with pytest.raises(ValidationError, match="both set"):
        ConversationNode.model_validate({"attached_files": [place], "input_files": [place]})


def test_a_node_is_history_with_everything_its_origin_wants_to_hear() -> None:
    question, answer = ConversationNode(user_query="What?", response=PROVIDED).get_context()
    assert (question.role, question.text) == ("user", "What?")
    assert answer.contents == PROVIDED.contents


def test_a_node_comes_back_from_json() -> None:
    for response in (PROVIDED, ImageResponse(images=[GeneratedImage(data=b"x", mime_type="image/png")]), None):
        node = ConversationNode(user_query="What?", response=response, timestamp="2026-11-21T08:00:00")
        assert ConversationNode.model_validate_json(node.model_dump_json()) == node


def test_words_may_be_counted() -> None:
    node = ConversationNode(user_query="one two three", response=PROVIDED)
    question, answer = node.get_context(max_words_query=2, max_words_response=2)
    assert (question.text, answer.text) == ("one two …", "A cat, …")


def test_the_formatter_writes_the_same_messages() -> None:
    node = ConversationNode(
        user_query="What?", input_files=[FileContent(data=b"a", mime_type="text/plain")], response=PROVIDED
    )
    assert write(user_query="What?", attached_files=node.input_files, previous_response=PROVIDED) == node.get_context()
    assert write(user_query="What?", previous_response=[]) == [ConversationNode(user_query="What?").get_prompt()]
    assert write(previous_response=PROVIDED.model_dump()) == node.get_context()[1:]
    first, _ = write(user_query="What?", previous_response=PROVIDED, response_before_query=True)
    assert first.role == "assistant"
    assert write() == []
