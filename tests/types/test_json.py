"""Everything that users keep comes back from its own JSON, from its dump, from pickle and from a copy."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from pydantic import BaseModel

from dhenara.ai import AIModelClient
from dhenara.ai.errors import ConfigurationError
from dhenara.ai.types import AIModelAPI, AIModelCallConfig, AIModelEndpoint, EmbeddingResponse, Message
from support.thorough import examples
from support.values import kinds, values

MASKED = {
    "AIModelAPI",
    "AIModelCallConfig",
    "AIModelEndpoint",
    "Deployment",
    "ModelRoute",
    "RemoteMCP",
    "RouteGroup",
    "ShadowTraffic",
}
"""They hide their secrets, or those of their endpoints, so these do not come back."""

NOT_RETAINED = {"BatchRequest", "BatchPage"}
"""They carry what is only on its way."""

DEEP = {"ChatResponseChunk", "SSEResponse[ChatResponseChunk]", "StreamingChatResponse"}
"""Tested where streams are forwarded."""


RETAINED = sorted(
    {kind for kind in kinds() if kind.__name__ not in MASKED | NOT_RETAINED | DEEP}, key=lambda kind: kind.__name__
)


@pytest.mark.parametrize("kind", RETAINED, ids=lambda kind: kind.__name__)
@settings(max_examples=examples(25))
@given(data=st.data())
def test_a_value_comes_back_as_it_was(kind: type[BaseModel], data: st.DataObject) -> None:
    value: Any = data.draw(values(kind))
    assert kind.model_validate_json(value.model_dump_json()) == value
    assert kind.model_validate(value.model_dump()) == value
    assert pickle.loads(pickle.dumps(value)) == value  # noqa: S301  # written on the same line
    assert copy.deepcopy(value) == value


@settings(max_examples=examples(50))
@given(data=st.data())
def test_a_call_config_comes_back_without_the_values_of_its_headers(data: st.DataObject) -> None:
    value: AIModelCallConfig = data.draw(values(AIModelCallConfig))
    masked = value.model_copy(update={"headers": dict.fromkeys(value.headers, "**********")})
    assert AIModelCallConfig.model_validate_json(value.model_dump_json()) == masked
    assert AIModelCallConfig.model_validate(value.model_dump()) == masked
    assert pickle.loads(pickle.dumps(value)) == value  # noqa: S301  # written on the same line
    assert copy.deepcopy(value) == value


def test_a_file_that_a_provider_keeps_stays_known_with_all_that_is_known_of_it() -> None:
    file = {"type": "file", "file_id": "f-1", "stored_at": "anthropic", "name": "a.pdf", "mime_type": "application/pdf"}
    message = Message(role="user", contents=[{**file, "cache": "short"}])
    assert Message.model_validate_json(message.model_dump_json()) == message
    assert message.contents[0].model_dump(exclude_defaults=True)["stored_at"] == "anthropic"


def test_a_key_that_was_hidden_when_it_was_saved_is_not_sent() -> None:
    saved = AIModelAPI(provider="openai", api_key="sk-very-secret").model_dump_json()
    assert "very-secret" not in saved
    endpoint = AIModelEndpoint(api=AIModelAPI.model_validate_json(saved), ai_model={"model_name": "m"})
    with pytest.raises(ConfigurationError, match="masked when it was saved"):
        AIModelClient(endpoint).generate("?")


def test_numbers_that_json_has_no_word_for_come_back_in_vectors() -> None:
    answer = EmbeddingResponse(vectors=[[float("inf"), 0.5, float("-inf")]])
    assert EmbeddingResponse.model_validate_json(answer.model_dump_json()) == answer
    given = [[1.0, 2.0]]
    assert EmbeddingResponse(vectors=given).vectors is given
