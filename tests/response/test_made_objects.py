"""Objects that are made without validation have every field, and are like those that are validated."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel

from ai_utilities.usage.data import ROW
from dhenara.ai import AIModelCallResponse, AIModelClient
from dhenara.ai.history.parsing import read_history
from dhenara.ai.types.chat.cost import COST
from dhenara.ai.types.chat.message import PROMPT, Prompt
from dhenara.ai.types.chat.report import ATTEMPT, Attempt
from dhenara.ai.types.chat.response import ANSWER, CHOICE, RESPONSE, ChatResponse, ChatResponseChoice
from dhenara.ai.types.chat.usage import PRICING, REPORTED, Usage
from dhenara.ai.types.content.media import PLAIN_TEXT, TextContent
from dhenara.ai.types.model_base import FrozenModel, ModelTemplate
from support.raw_server import Connection, RawServer

BODY = json.dumps(
    {
        "id": "x",
        "model": "m",
        "choices": [{"index": 0, "message": {"content": "Hello!"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 4, "completion_tokens": 2, "total_tokens": 6},
    }
).encode()
REPLY = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (len(BODY), BODY)


def answer() -> AIModelCallResponse:
    def reply(connection: Connection) -> None:
        while connection.request() is not None:
            connection.send(REPLY)

    with (
        RawServer(reply) as server,
        AIModelClient(
            "openai/gpt-5.4-mini", api_key="sk-test", base_url=f"{server.url}/v1", protocol="openai_chat"
        ) as client,
    ):
        return client.generate("?")


def models_in(value: Any) -> Iterator[BaseModel]:
    """The object, and all that are in it."""
    if isinstance(value, BaseModel):
        yield value
        for one in dict(value).values():
            yield from models_in(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from models_in(one)


def test_made_objects_have_all_fields_in_their_order() -> None:
    made = [*models_in(answer()), *models_in(read_history("?", None, None))]
    kinds = {AIModelCallResponse, Attempt, ChatResponse, ChatResponseChoice, TextContent, Usage, Prompt}
    assert kinds <= {type(one) for one in made}
    for one in made:
        assert [name for name in vars(one) if name != PRICING] == list(type(one).model_fields)
        assert one.model_fields_set <= type(one).model_fields.keys()
        assert one.model_extra is None


def test_made_objects_are_like_validated_ones() -> None:
    for one in [*models_in(answer()), *models_in(read_history("?", None, None))]:
        again = type(one).model_validate_json(one.model_dump_json())
        assert again == one
        assert again.model_dump_json() == one.model_dump_json()
        pickled = pickle.loads(pickle.dumps(one))  # noqa: S301  # our own bytes
        for copied in (copy.copy(one), copy.deepcopy(one), pickled, one.model_copy()):
            assert copied == one
            assert repr(copied) == repr(one)
            assert copied.model_fields_set == one.model_fields_set


def test_made_objects_share_nothing_that_can_be_changed() -> None:
    first, second = answer(), answer()
    assert first.chat_response.usage.raw is not second.chat_response.usage.raw
    assert first.model_fields_set is not second.model_fields_set
    for one, other in zip(models_in(first), models_in(second), strict=True):
        assert one.model_fields_set is not other.model_fields_set or one is other
        for name in type(one).model_fields:
            mine, theirs = getattr(one, name), getattr(other, name)
            assert mine is not theirs or not isinstance(mine, list | dict | set), name


def test_made_objects_take_only_values_of_their_fields() -> None:
    with pytest.raises(TypeError, match="outcom: not a field"):
        ATTEMPT.make({"number": 1, "outcome": "answered", "outcom": "failed"})
    with pytest.raises(TypeError, match="required"):
        ATTEMPT.make({"number": 1})


def test_a_template_is_made_before_its_class_validates_a_value() -> None:
    class Note(FrozenModel):
        text: str
        size: int = 1

    template = ModelTemplate(Note)
    assert Note(text="?", size=2) == template.make({"text": "?", "size": 2})
    assert Note(text="?") == template.make({"text": "?"})
    with pytest.raises(TypeError, match="right after the class"):
        ModelTemplate(Note)


def test_defaults_of_made_objects_cannot_be_changed() -> None:
    for template in (ANSWER, ATTEMPT, CHOICE, COST, PLAIN_TEXT, PROMPT, REPORTED, RESPONSE, ROW):
        kind = type(template.make({"number": 1, "outcome": "answered"} if template is ATTEMPT else {}))
        for name, field in kind.model_fields.items():
            assert field.is_required() or hash(field.default) is not None, name


def test_fields_that_are_not_given_are_not_set_and_not_shared() -> None:
    first, second = (REPORTED.make({"input_tokens": 1}) for _ in range(2))
    assert first == Usage(input_tokens=1)
    assert first.model_fields_set == {"input_tokens"}
    assert first.raw is not second.raw


def test_responses_with_the_same_fields_and_different_streams_differ() -> None:
    stream: Any = object()
    first, second = (AIModelCallResponse.streaming(stream=one) for one in (stream, object()))  # type: ignore[arg-type]
    assert first == AIModelCallResponse.streaming(stream=stream) == copy.copy(first)
    assert first != second
    assert first != AIModelCallResponse.streaming(async_stream=second.sync_stream_generator)  # type: ignore[arg-type]
    assert AIModelCallResponse.streaming() == AIModelCallResponse()
    assert first.model_dump() == AIModelCallResponse().model_dump()
