"""`Text`: a `str` in every respect, which may also be called."""

import copy
import json
import pickle
import re
import string
import textwrap

import pytest
from pydantic import BaseModel, TypeAdapter

from dhenara.ai.types import (
    ChatResponse,
    ChatResponseChoice,
    ImageResponse,
    Message,
    OcrPage,
    OcrResponse,
    ReasoningContent,
    RefusalContent,
    Run,
    Text,
    TextContent,
    ToolCallContent,
    TranscriptionResponse,
)

TEXT = Text("It is **warm**.\n")


def answered(*parts):
    return ChatResponse(choices=[ChatResponseChoice(contents=list(parts) or [TextContent(text="Hello!")])])


def test_a_text_is_a_str_with_the_repr_and_hash_of_one():
    assert isinstance(TEXT, str)
    assert TEXT == "It is **warm**.\n"
    assert hash(TEXT) == hash("It is **warm**.\n")
    assert repr(TEXT) == "'It is **warm**.\\n'"
    assert {"It is **warm**.\n": 1}[TEXT] == 1


def test_a_text_can_be_called_and_gives_a_plain_str():
    assert TEXT() == TEXT
    assert type(TEXT()) is str
    assert type(str(TEXT)) is str


def test_a_text_joins_formats_and_encodes_like_a_str():
    assert "> " + TEXT == "> It is **warm**.\n"
    assert f"{Text('warm'):>6}" == "  warm"
    assert "".join([Text("a"), Text("b")]) == "ab"
    assert string.Template("$text").substitute(text=Text("warm")) == "warm"
    assert textwrap.shorten(Text("a b c"), 5) == "a b c"
    assert Text("warm").encode() == b"warm"


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda text: pickle.loads(pickle.dumps(text))])  # noqa: S301
def test_a_text_is_copied_and_pickled(again):
    assert again(TEXT) == TEXT
    assert again(TEXT)() == TEXT


def test_a_text_is_a_plain_string_in_json_and_in_pydantic_dumps():
    class Note(BaseModel):
        text: str
        retained: Text

    note = Note(text=TEXT, retained="warm")
    assert json.dumps({"text": TEXT}) == json.dumps({"text": str(TEXT)})
    assert isinstance(note.retained, Text)
    assert type(note.model_dump()["retained"]) is str
    assert note.model_dump_json() == '{"text":"It is **warm**.\\n","retained":"warm"}'
    for mode in ("validation", "serialization"):
        assert TypeAdapter(Text).json_schema(mode=mode) == {"type": "string"}


@pytest.mark.parametrize("text", [r"cost \1", "plain", r"\g<word>\n"])
def test_a_text_is_a_replacement_in_regular_expressions_as_a_str_is(text):
    pattern = r"(?P<word>w\w+)"
    assert re.sub(pattern, Text(text), "it is warm") == re.sub(pattern, text, "it is warm")


RESULTS = {
    "response": answered(),
    "choice": answered().choices[0],
    "message": Message(role="assistant", content="Hello!"),
    "transcription": TranscriptionResponse(text=Text("Hello!")),
    "validated transcription": TranscriptionResponse.model_validate({"text": "Hello!"}),
    "images": ImageResponse.model_validate({"text": "Hello!"}),
    "pages": OcrResponse(pages=[OcrPage(index=0, markdown="Hello!")]),
}


@pytest.mark.parametrize("name", RESULTS)
def test_the_text_of_a_result_is_a_text_with_and_without_parentheses(name):
    result = RESULTS[name]
    assert isinstance(result.text, Text)
    assert result.text == result.text() == "Hello!"
    assert f"{result.text}" == "Hello!"


@pytest.mark.parametrize("name", ["transcription", "images"])
def test_a_result_with_a_text_comes_back_from_its_dump(name):
    result = RESULTS[name]
    again = type(result).model_validate_json(result.model_dump_json())
    assert again == result
    assert isinstance(again.text, Text)
    assert type(result.model_dump()["text"]) is str


def test_a_run_without_steps_has_an_empty_text():
    run = Run(steps=(), messages=(), stopped="rounds", output=None)
    assert run.text == run.text() == ""


def test_the_reasoning_of_a_response_is_a_text_too():
    response = answered(ReasoningContent(text="Think."), TextContent(text="Hello!"))
    assert response.reasoning == response.reasoning() == "Think."


def test_a_refusal_is_false_unless_the_model_refused():
    refused, answer = answered(RefusalContent(text="No.")), answered()
    assert refused.refusal == refused.refusal() == refused.withheld == refused.withheld() == "No."
    assert not answer.refusal
    assert not answer.withheld
    assert f"{answer.refusal}{answer.withheld}" == ""
    assert (answer.refusal(), answer.withheld()) == (None, None)
    assert pickle.loads(pickle.dumps(answer.refusal))() is None  # noqa: S301
    blocked = ChatResponse(choices=[ChatResponseChoice(finish_reason="content_filter", finish_message="unsafe")])
    assert (blocked.withheld, blocked.withheld(), bool(blocked.refusal)) == ("unsafe", "unsafe", False)
    assert answered(RefusalContent(text="")).refusal() == ""
    assert re.sub("x", answer.refusal, "axb") == "ab"


def test_the_tool_calls_of_a_response_are_a_list_with_and_without_parentheses():
    call = ToolCallContent(id="1", name="clock", arguments={})
    response = answered(call)
    assert response.tool_calls == response.tool_calls() == [call]
    assert answered().tool_calls == answered().images == []
