"""Conversation nodes as prompts, in the same format for every provider."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...types.chat.message import Message
from ...types.chat.response import ChatResponse
from ...types.config.model import AIModel
from ...types.conversation import ConversationNode, answer_messages, query_prompt
from ...types.operations.images import ImageResponse


class PromptFormatter:
    """Formats queries and answers as messages, which `generate` accepts as prompt, context or messages."""

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
        """Return the query with its files, then the answer, if there is one.

        `model` is no longer needed: answers keep their provider data, and other models get them converted.
        """
        node = ConversationNode.model_validate(
            {"user_query": user_query, "input_files": attached_files or [], "response": previous_response or None}
        )
        question = (
            [query_prompt(node.user_query, node.input_files, max_words_query)] if user_query or attached_files else []
        )
        answer = answer_messages(node.response, max_words_response)
        return [*answer, *question] if response_before_query else [*question, *answer]
