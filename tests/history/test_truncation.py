"""What a history is estimated to be, and which of its rounds stay where a limit of tokens is set."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, strategies as st

from dhenara.ai.history.preparation import rounds_of, size, truncate_history
from dhenara.ai.types import (
    AIModelCallConfig,
    ContextPolicy,
    FileContent,
    ImageContent,
    Message,
    ReasoningContent,
    TextContent,
    ToolCallContent,
    ToolDefinition,
    ToolResultContent,
)

PNG = b"\x89PNG\r\n\x1a\n" + b"." * 9
A_MESSAGE, AN_IMAGE = 4, 1600


def message(role: str, *parts: Any) -> Message:
    contents = [TextContent(text=part) if isinstance(part, str) else part for part in parts]
    return Message.model_validate({"role": role, "contents": contents})


def call(**arguments: Any) -> ToolCallContent:
    return ToolCallContent(id="a", name="find", arguments=arguments)


def result(*contents: Any) -> ToolResultContent:
    return ToolResultContent(call_id="a", name="find", contents=list(contents))


@pytest.mark.parametrize(
    ("parts", "tokens"),
    [
        ([], 0),
        ([""], 0),
        (["abcd"], 1),
        (["abcde"], 2),
        (["äää"], 2),
        (["abcd", "abcde"], 3),
        ([ImageContent(data=PNG, mime_type="image/png")], AN_IMAGE),
        ([FileContent(data=b"%PDF-1.7 ...", mime_type="application/pdf")], AN_IMAGE),
        ([FileContent(data=b"12345678", mime_type="text/plain")], 2),
        ([call(a=1)], 1 + 2),  # find, {"a":1}
        ([ReasoningContent(text="abcdefgh", signature="abcde")], 2 + 2),
        ([ReasoningContent(text="abcdefgh")], 2),
    ],
)
def test_a_token_is_four_bytes_of_text_and_media_have_a_usual_size(parts: list[Any], tokens: int) -> None:
    assert size(message("assistant", *parts)) == A_MESSAGE + tokens


def test_a_result_is_its_text_and_the_media_in_it() -> None:
    picture = ImageContent(data=PNG, mime_type="image/png")
    text = result(TextContent(text="abcdefgh"))
    both = result(TextContent(text="abcdefgh"), picture, picture)
    assert size(message("tool", text)) == A_MESSAGE + 2
    assert size(message("tool", both)) == size(message("tool", text)) + 2 * AN_IMAGE


QUESTIONS = [message("user", f"{letter * 8}") for letter in "abcd"]
ANSWERS = [message("assistant", f"{letter * 8}") for letter in "abcd"]
ROUND = 2 * (A_MESSAGE + 2)
HISTORY = tuple(one for pair in zip(QUESTIONS, ANSWERS, strict=True) for one in pair)


def truncated(
    most: int | None, *messages: Message, instructions: tuple[str, ...] = (), tools: Any = ()
) -> tuple[tuple[Message, ...], list[str]]:
    policy = None if most is None else ContextPolicy(max_input_tokens=most)
    config = AIModelCallConfig(context_policy=policy, tools=tools)
    stored, warnings = truncate_history(messages, instructions, config)
    assert {warning.code for warning in warnings} <= {"dropped_content"}
    return stored, [warning.message for warning in warnings]


@pytest.mark.parametrize("most", [None, 4 * ROUND, 4 * ROUND + 1])
def test_a_history_that_fits_stays_the_same_object(most: int | None) -> None:
    stored, warnings = truncated(most, *HISTORY)
    assert all(one is given for one, given in zip(stored, HISTORY, strict=True))
    assert warnings == []


@pytest.mark.parametrize(
    ("most", "left_out"), [(4 * ROUND - 1, 1), (3 * ROUND, 1), (3 * ROUND - 1, 2), (2 * ROUND, 2), (ROUND, 3)]
)
def test_no_more_rounds_than_needed_are_left_out(most: int, left_out: int) -> None:
    stored, warnings = truncated(most, *HISTORY)
    assert stored == HISTORY[2 * left_out :]
    assert warnings == [f"the oldest {left_out} of 4 rounds were dropped: context_policy allows {most} input tokens"]


@pytest.mark.parametrize("messages", [HISTORY, HISTORY[-2:]])
def test_the_last_round_stays_with_a_warning_although_it_is_too_long(messages: tuple[Message, ...]) -> None:
    stored, warnings = truncated(ROUND - 1, *messages)
    assert stored == HISTORY[-2:]
    rest = f"the rest still has about {ROUND}"
    if len(messages) == len(stored):
        rest = f"the last round, which is always sent, has about {ROUND} with instructions and tools"
    assert [text.partition(", but ")[2] for text in warnings] == [rest]


def test_instructions_and_tools_count_and_tools_that_are_not_sent_do_not() -> None:
    assert truncated(2 * ROUND, *HISTORY[:4], instructions=("abcd",))[0] == HISTORY[2:4]
    assert truncated(2 * ROUND + 1, *HISTORY[:4], instructions=("abcd",))[0] == HISTORY[:4]
    shown = ToolDefinition(name="find", parameters={"type": "object", "properties": {}})
    searched = shown.model_copy(update={"deferred": True})
    assert truncated(2 * ROUND, *HISTORY[:4], tools=[shown])[0] == HISTORY[2:4]
    assert truncated(2 * ROUND + 200, *HISTORY[:4], tools=[shown])[0] == HISTORY[:4]
    assert truncated(2 * ROUND, *HISTORY[:4], tools=[searched])[0] == HISTORY[:4]


def test_system_messages_at_the_beginning_stay_and_count() -> None:
    system = message("system", "abcd" * 2)
    stored, _ = truncated(2 * ROUND + A_MESSAGE + 2, system, *HISTORY)
    assert stored == (system, *HISTORY[4:])


def test_a_round_is_a_question_with_everything_up_to_the_next_one() -> None:
    first = [message("user", "?"), message("assistant", call()), message("tool", result())]
    corrected = [message("user", "no"), message("assistant", call()), message("user", result(), "and?")]
    late = [message("user", "!"), message("system", "now in French"), message("assistant", "oui")]
    lead, rounds = rounds_of([message("system", "s"), message("system", "t"), *first, *corrected, *late])
    assert [one.text for one in lead] == ["s", "t"]
    assert rounds == [first, corrected, late]


def test_a_history_may_begin_with_an_answer() -> None:
    lead, rounds = rounds_of([message("assistant", "Hello."), message("user", "?")])
    assert (lead, [len(one) for one in rounds]) == ([], [1, 1])


@given(st.text(max_size=40))
def test_a_text_is_never_estimated_below_a_quarter_of_its_bytes(text: str) -> None:
    tokens = size(message("user", text)) - A_MESSAGE
    assert tokens - 1 < len(text.encode()) / 4 <= tokens
