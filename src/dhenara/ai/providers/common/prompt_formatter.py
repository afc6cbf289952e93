"""Nodes of a conversation as prompts: the same ones for every provider."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...types.conversation._node import ConversationNode, answer_messages, query_prompt
from ...types.image import ImageResponse
from ...types.message import Message
from ...types.model import AIModel
from ...types.response import ChatResponse


class PromptFormatter:
    """Writes what was asked and answered as messages, which `generate` takes as prompt, context or messages."""

    @staticmethod
    def format_conversion_node_as_prompts(
        model: AIModel | None = None,
        user_query: str | None = None,
        attached_files: Sequence[Any] | None = None,
        previous_response: ChatResponse | ImageResponse | Mapping[str, Any] | Sequence[Any] | None = None,
        max_words_query: int | None = None,
        max_words_response: int | None = None,
        response_before_query: bool = False,
    ) -> list[Message]:
        """The query with its files, then the answer to it, if there was one.

        `model` is not needed any more: the answer keeps what its own provider wants to hear again, and every
        other model hears what it plainly says.
        """
        node = ConversationNode.model_validate(
            {"user_query": user_query, "input_files": attached_files or [], "response": previous_response or None}
        )
        question = (
            [query_prompt(node.user_query, node.input_files, max_words_query)] if user_query or attached_files else []
        )
        answer = answer_messages(node.response, max_words_response)
        return [*answer, *question] if response_before_query else [*question, *answer]
