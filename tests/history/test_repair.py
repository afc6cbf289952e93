"""The repair of histories: each tool call has a unique id and exactly one result right after it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, strategies as st

from dhenara.ai.errors import ConfigurationError
from dhenara.ai.history.preparation import (
    NOT_RUN,
    STORED_HISTORY,
    check_result_ids,
    continues_stored_history,
    repair_history,
)
from dhenara.ai.types import (
    AIModel,
    AIModelAPI,
    AIModelCallConfig,
    AIModelEndpoint,
    Call,
    Message,
    PromptCache,
    TextContent,
    ToolCallContent,
    ToolResultContent,
)

IDS = st.sampled_from(["", "a", "b", "f", "unnamed_call_2_0"])
NAMES = st.sampled_from(["f", "g"])


def call(id: str, name: str = "f") -> ToolCallContent:
    return ToolCallContent(id=id, name=name, arguments={})


def result(call_id: str, name: str | None = None, output: Any = "ok") -> ToolResultContent:
    return ToolResultContent(call_id=call_id, name=name, output=output)


def assistant(*parts: Any) -> Message:
    return Message(role="assistant", contents=[*parts])


def tool(*parts: Any) -> Message:
    return Message(role="tool", contents=[*parts])


def user(text: str = "hi") -> Message:
    return Message(role="user", contents=[TextContent(text=text)])


def repaired(*messages: Message, **options: bool) -> list[Message]:
    return list(repair_history(messages, **options)[0])


def codes(*messages: Message, **options: bool) -> list[str]:
    return [warning.code for warning in repair_history(messages, **options)[1]]


def facts(*messages: Message, **options: bool) -> list[list[Any]]:
    """Role, and the text, the ids of calls, or the id and output of results, of each message."""
    return [[message.role, *map(fact, message.contents)] for message in repaired(*messages, **options)]


def fact(part: Any) -> Any:
    if isinstance(part, ToolCallContent):
        return part.id
    return (part.call_id, part.output) if isinstance(part, ToolResultContent) else part.text


@st.composite
def histories(draw: st.DrawFn) -> list[Message]:
    parts = {
        "assistant": st.builds(call, IDS, NAMES) | st.builds(TextContent, text=st.just("t")),
        "tool": st.builds(result, IDS, st.none() | NAMES),
        "user": st.builds(result, IDS, st.none() | NAMES) | st.builds(TextContent, text=st.just("t")),
    }
    roles = draw(st.lists(st.sampled_from(sorted(parts)), max_size=6))
    return [Message(role=role, contents=draw(st.lists(parts[role], max_size=3))) for role in roles]


@given(histories())
def test_every_call_gets_an_id_of_its_own_and_one_result_right_after_it(messages: list[Message]) -> None:
    fixed = repaired(*messages, user())
    ids = [part.id for message in fixed for part in message.contents if isinstance(part, ToolCallContent)]
    assert all(ids)
    assert len(set(ids)) == len(ids)
    for at, message in enumerate(fixed):
        calls = [part.id for part in message.contents if isinstance(part, ToolCallContent)]
        results = [part.call_id for part in message.contents if isinstance(part, ToolResultContent)]
        if calls:
            answers = fixed[at + 1].contents
            assert sorted(part.call_id for part in answers if isinstance(part, ToolResultContent)) == sorted(calls)
        if results:
            assert message.role == "tool"
            assert any(isinstance(part, ToolCallContent) for part in fixed[at - 1].contents)


@given(histories())
def test_a_repaired_history_needs_no_repair(messages: list[Message]) -> None:
    fixed = tuple(repaired(*messages, user()))
    assert repair_history(fixed) == (fixed, ())


def test_a_new_id_differs_from_the_ids_that_callers_chose() -> None:
    given, _ = repair_history([assistant(call("a")), assistant(call(""))])
    chosen = next(part.id for part in given[2].contents if isinstance(part, ToolCallContent))
    fixed, _ = repair_history([assistant(call(chosen)), assistant(call(""))])
    ids = [part.id for message in fixed for part in message.contents if isinstance(part, ToolCallContent)]
    assert len(set(ids)) == 2


def test_a_valid_history_stays_as_it_is() -> None:
    messages = (user(), assistant(call("a"), call("b")), tool(result("b"), result("a")), user())
    fixed, warnings = repair_history(messages)
    assert (fixed, warnings) == (messages, ())
    assert fixed[1] is messages[1]
    assert repair_history([user(), assistant(TextContent(text="t"))])[1] == ()


# Ids


def test_calls_without_an_id_are_numbered_by_message_and_place() -> None:
    assert facts(user(), assistant(call(""), call("x"), call("")), tool(result("x")), user())[1] == [
        "assistant",
        "unnamed_call_2_0",
        "x",
        "unnamed_call_2_2",
    ]


def test_an_id_that_was_used_before_is_changed_in_call_and_result() -> None:
    again = (assistant(call("a")), tool(result("a", output=1)), assistant(call("a")), tool(result("a", output=2)))
    assert facts(*again) == [["assistant", "a"], ["tool", ("a", 1)], ["assistant", "a_3_0"], ["tool", ("a_3_0", 2)]]
    assert codes(*again) == []
    assert facts(assistant(call("a"), call("a")), tool(result("a", output=1), result("a", output=2))) == [
        ["assistant", "a", "a_1_1"],
        ["tool", ("a", 1), ("a_1_1", 2)],
    ]


def test_a_result_takes_the_new_id_and_the_name_of_its_call() -> None:
    (_, message) = repaired(assistant(call("", "f")), tool(result("f", output=1)))
    assert message.contents == [result("unnamed_call_1_0", "f", 1)]


def test_a_result_that_names_its_call_by_id_is_not_copied() -> None:
    given_result = result("a", "another name")
    assert repaired(assistant(call("a")), tool(given_result))[1].contents[0] == given_result


# Which call a result belongs to


def test_a_result_belongs_to_the_call_with_its_id() -> None:
    assert facts(assistant(call("a"), call("b", "a")), tool(result("a", output=1), result("b", output=2)))[1] == [
        "tool",
        ("a", 1),
        ("b", 2),
    ]


def test_a_result_may_name_the_function_instead_of_the_call() -> None:
    calls = assistant(call("x", "f"), call("y", "g"))
    assert facts(calls, tool(result("g", output=1), result("f", output=2)))[1] == ["tool", ("y", 1), ("x", 2)]
    assert facts(calls, tool(result("", "g", 1), result("", "f", 2)))[1] == ["tool", ("y", 1), ("x", 2)]


def test_results_without_an_id_belong_to_calls_without_one_first() -> None:
    calls = assistant(call("x"), call(""))
    assert facts(calls, tool(result("", "f", 1), result("", "f", 2)))[1] == ["tool", ("unnamed_call_1_1", 1), ("x", 2)]


def test_a_result_that_names_nothing_belongs_to_the_first_open_call() -> None:
    assert facts(assistant(call("x"), call("y", "g")), tool(result("", None, 1), result("", None, 2)))[1] == [
        "tool",
        ("x", 1),
        ("y", 2),
    ]


def test_a_call_that_another_result_names_is_left_to_it() -> None:
    calls = assistant(call("a"), call("b"))
    assert facts(calls, tool(result("", "f", 1), result("a", output=2)))[1] == ["tool", ("b", 1), ("a", 2)]
    assert facts(calls, tool(result("", "f", 1)), user(), tool(result("a", output=2)))[1] == [
        "tool",
        ("b", 1),
        ("a", 2),
    ]


def test_a_call_that_is_named_in_a_later_round_is_not_left_to_it() -> None:
    later = (assistant(call("a")), tool(result("", "f", 1)), assistant(call("b")), tool(result("a", output=2)))
    assert facts(*later)[1] == ["tool", ("a", 1)]


def test_an_unknown_id_with_a_function_belongs_to_a_call_of_it_without_an_id() -> None:
    calls = assistant(call("x"), call(""))
    assert facts(calls, tool(result("other", "f", 1), result("x", output=2)))[1] == [
        "tool",
        ("unnamed_call_1_1", 1),
        ("x", 2),
    ]
    assert codes(assistant(call("x")), tool(result("other", "f"))) == ["dropped_content"]


def test_a_result_is_not_sent_twice() -> None:
    history = (assistant(call("a")), tool(result("a", output=1), result("a", output=2)))
    assert facts(*history) == [["assistant", "a"], ["tool", ("a", 1)]]
    assert codes(*history) == ["dropped_content"]
    assert codes(assistant(call("a"), call("b")), tool(result("a"), result("a", "f"))) == [
        "dropped_content",
        "translated_content",
    ]


@pytest.mark.parametrize(
    ("dropped", "text"),
    [
        (result("z", "g"), "the result of 'g' was dropped"),
        (result("z"), "the result of 'z' was dropped"),
        (result(""), "a result was dropped"),
    ],
)
def test_a_result_without_a_call_is_dropped_with_a_warning(dropped: ToolResultContent, text: str) -> None:
    fixed, (warning,) = repair_history([user(), tool(dropped)])
    assert fixed == (user(),)
    assert (warning.code, warning.message) == ("dropped_content", f"{text}: the history has no open call for it")


def test_results_of_stored_calls_stay() -> None:
    fixed, warnings = repair_history([user(), tool(result("z"), result("", "g"))], stored=True)
    assert [part.call_id for part in fixed[1].contents] == ["z", ""]  # type: ignore[union-attr]
    assert warnings == ()


def test_a_result_of_a_stored_call_needs_an_id_or_a_name() -> None:
    with pytest.raises(ConfigurationError, match="has no call_id"):
        repair_history([user(), tool(result(""))], stored=True)


# Order


def test_a_call_without_a_result_gets_an_error_result() -> None:
    fixed, (warning,) = repair_history([assistant(call("a", "f")), user()])
    expected = ToolResultContent(call_id="a", name="f", output=NOT_RUN, is_error=True)
    assert list(fixed) == [assistant(call("a", "f")), tool(expected), user()]
    assert warning.code == "translated_content"
    assert warning.message == "the call of 'f' has no result; an error result was added"


def test_messages_between_a_call_and_its_result_go_after_the_result() -> None:
    assert facts(assistant(call("a")), user("1"), tool(result("a")), user("2"), assistant(TextContent(text="t"))) == [
        ["assistant", "a"],
        ["tool", ("a", "ok")],
        ["user", "1"],
        ["user", "2"],
        ["assistant", "t"],
    ]


def test_results_of_several_messages_are_one_message() -> None:
    assert facts(assistant(call("a"), call("b")), tool(result("a")), tool(result("b")), user()) == [
        ["assistant", "a", "b"],
        ["tool", ("a", "ok"), ("b", "ok")],
        ["user", "hi"],
    ]


def test_other_parts_of_a_message_with_results_are_a_message_after_them() -> None:
    mixed = Message(role="user", contents=[TextContent(text="1"), result("a"), TextContent(text="2")])
    assert facts(assistant(call("a")), mixed) == [["assistant", "a"], ["tool", ("a", "ok")], ["user", "1", "2"]]
    mixed = tool(result("a"), TextContent(text="1"))
    assert facts(assistant(call("a")), mixed)[2] == ["user", "1"]
    mixed = Message(role="system", contents=[result("a"), TextContent(text="1")])
    assert facts(assistant(call("a")), mixed)[2] == ["system", "1"]


def test_messages_keep_their_order_where_nothing_waits() -> None:
    assert facts(user("1"), assistant(call("a")), tool(result("a")), user("2"), user("3")) == [
        ["user", "1"],
        ["assistant", "a"],
        ["tool", ("a", "ok")],
        ["user", "2"],
        ["user", "3"],
    ]


# The end of a history


def test_calls_at_the_end_may_wait_for_their_results() -> None:
    assert facts(user(), assistant(call("a"), call(""))) == [["user", "hi"], ["assistant", "a", "unnamed_call_2_1"]]
    assert codes(user(), assistant(call("a"))) == []


def test_a_round_that_was_begun_is_completed_unless_the_end_is_open() -> None:
    half = (assistant(call("a"), call("b")), tool(result("a")))
    assert facts(*half)[1] == ["tool", ("a", "ok"), ("b", NOT_RUN)]
    assert facts(*half, open_end=True)[1] == ["tool", ("a", "ok")]
    assert codes(*half) == ["translated_content"]
    assert codes(*half, open_end=True) == []


def test_calls_before_another_message_do_not_wait() -> None:
    for options in ({}, {"open_end": True}):
        assert facts(assistant(call("a")), user(), **options)[1] == ["tool", ("a", NOT_RUN)]
        assert facts(assistant(call("a")), assistant(call("b")), **options)[1] == ["tool", ("a", NOT_RUN)]


# Histories that the provider stores


@pytest.mark.parametrize(
    "name",
    [
        *("previous_response_id", "previous_interaction_id", "conversation", "conversation_id"),
        *("cachedContent", "cached_content", "thread_id", "session_id"),
    ],
)
def test_fields_that_name_a_stored_history(name: str) -> None:
    assert name in STORED_HISTORY
    model = AIModel(model_name="m")
    assert continues_stored_history(AIModelCallConfig(options={name: "x"}), model)
    assert continues_stored_history(AIModelCallConfig(), AIModel(model_name="m", parameters={name: "x"}))
    assert not continues_stored_history(AIModelCallConfig(options={name: None}), model)
    assert not continues_stored_history(AIModelCallConfig(options={"user": "x"}), model)


def test_cached_content_of_the_provider_is_a_stored_history() -> None:
    model = AIModel(model_name="m")
    assert not continues_stored_history(AIModelCallConfig(), model)
    assert not continues_stored_history(AIModelCallConfig(prompt_cache=PromptCache(automatic=True)), model)
    assert continues_stored_history(AIModelCallConfig(prompt_cache=PromptCache(stored="c")), model)


def test_a_result_of_a_stored_call_needs_the_id_of_its_call() -> None:
    endpoint = AIModelEndpoint(api=AIModelAPI(provider="openai", api_key="sk"), ai_model=AIModel(model_name="m"))

    def requested(*messages: Message) -> Call:
        return Call(endpoint=endpoint, messages=messages, config=AIModelCallConfig())

    check_result_ids(requested(user(), assistant(call("")), tool(result("a", "f"))))
    with pytest.raises(ConfigurationError, match="the result of 'f' has no call_id"):
        check_result_ids(requested(user(), tool(result("a"), result("", "f"))))
