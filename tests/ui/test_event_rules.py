"""Rules of the events of user interfaces, on whole answers and runs that the test gives."""

from __future__ import annotations

from typing import Any

import pytest

from dhenara.ai.types import (
    AIModelCallResponse,
    ChatResponse,
    ChatResponseChoice,
    Citation,
    Run,
    Step,
    TextContent,
    ToolCallContent,
    ToolEnded,
    ToolResultContent,
    ToolRun,
)
from dhenara.ai.ui import UIRequestError, read_ui_messages, to_ui_message_stream
from dhenara.ai.ui.events import CallResolved, EventReader

CALL = ToolCallContent(id="call_1", name="find", arguments={"q": "x"})
OTHER = ToolCallContent(id="call_2", name="find", arguments={"q": "y"})


def response(*contents: Any, **more: Any) -> AIModelCallResponse:
    choice = ChatResponseChoice(contents=[TextContent(text=one) if isinstance(one, str) else one for one in contents])
    return AIModelCallResponse(chat_response=ChatResponse(model="m", provider="p", choices=[choice], **more))


def tool(call: ToolCallContent, outcome: Any = "ran", *, is_error: bool = False, **more: Any) -> ToolRun:
    result = ToolResultContent(call_id=call.id, name=call.name, output="a secret text", is_error=is_error)
    return ToolRun(call=call, outcome=outcome, result=None if outcome == "pending" else result, **more)


def run_of(stopped: Any, *steps: tuple[AIModelCallResponse, list[ToolRun]]) -> Run[Any]:
    made = tuple(Step(number=at, response=one, tools=tools) for at, (one, tools) in enumerate(steps, 1))
    return Run(steps=made, messages=(), stopped=stopped, output=None)


def chunks(source: Any, **options: Any) -> list[dict[str, Any]]:
    return list(to_ui_message_stream(source, message_id="m", **options))


def kinds(source: Any) -> list[str]:
    return [chunk["type"] for chunk in chunks(source)]


def test_a_source_is_shown_once_however_often_it_is_cited() -> None:
    here, there = Citation(url="https://a", title="A"), Citation(url="https://b", title="A")
    named, unnamed = Citation(title="A book"), Citation(cited_text="so it is")
    cited = ([here, there, here, unnamed], [named, named, here])
    answer = response(*(TextContent(text="x", citations=citations) for citations in cited))
    shown = [chunk for chunk in chunks(answer) if chunk["type"].startswith("source-")]
    assert [(one["sourceId"], one.get("url"), one.get("title")) for one in shown] == [
        ("source-1", "https://a", "A"),
        ("source-2", "https://b", "A"),
        ("source-3", None, "A book"),
    ]


def test_a_call_that_waits_for_the_user_is_one_question_after_all_results() -> None:
    run = run_of("pending", (response(CALL, OTHER), [tool(CALL, "pending", needs_approval=True), tool(OTHER)]))
    assert [kind for kind in kinds(run) if kind.startswith("tool-") and "input" not in kind] == [
        "tool-output-available",
        "tool-approval-request",
    ]


@pytest.mark.parametrize("is_run", [False, True])
def test_an_answer_that_was_interrupted_is_an_error_after_its_text(is_run: bool) -> None:
    answer = response("Half a sen", interrupted=True)
    source = run_of("interrupted", (answer, [])) if is_run else answer
    assert kinds(source)[-3:] == ["error", "finish-step", "finish"]
    assert chunks(source)[-1]["finishReason"] == "error"
    assert "error" not in kinds(response("Whole."))


def test_a_declined_call_is_an_error_of_its_message_and_denied_where_an_earlier_one_has_it() -> None:
    run = run_of("answered", (response(CALL), [tool(CALL, "declined", is_error=True)]), (response("Then not."), []))
    failed = next(chunk for chunk in chunks(run) if chunk["type"] == "tool-output-error")
    assert failed["errorText"] == "The call was declined."
    (event,) = EventReader().read(ToolEnded(tool(CALL, "declined")))
    assert isinstance(event, CallResolved)
    assert event.is_earlier


def test_a_failed_tool_says_what_it_raised_only_if_that_is_wanted() -> None:
    run = run_of("answered", (response(CALL), [tool(CALL, "failed", is_error=True)]))
    texts = {
        wanted: next(one["errorText"] for one in chunks(run, send_tool_errors=wanted) if "errorText" in one)
        for wanted in (False, True)
    }
    assert texts == {False: "The tool failed.", True: "a secret text"}


def test_a_call_whose_arguments_are_no_json_has_one_error() -> None:
    broken = CALL.model_copy(update={"error": "not JSON", "arguments": {}, "arguments_text": "{"})
    run = run_of("answered", (response(broken), [tool(broken, "invalid", is_error=True)]), (response("Sorry."), []))
    assert [kind for kind in kinds(run) if kind.endswith("-error")] == ["tool-input-error"]


USER = {"id": "u", "role": "user", "parts": [{"type": "text", "text": "?"}]}


def answered(**part: Any) -> dict[str, Any]:
    given = {"type": "tool-find", "toolCallId": "call_1", "input": {}, **part}
    return {"id": "a", "role": "assistant", "parts": [{"type": "text", "text": "Let me see."}, given]}


def test_only_an_answer_that_goes_on_keeps_the_id_of_its_message() -> None:
    first, second = answered(state="output-available", output=1), {**USER, "id": "u2"}
    assert read_ui_messages({"id": "chat", "messages": [USER, first]}).message_id == "a"
    assert read_ui_messages({"id": "chat", "messages": [USER, first, second]}).message_id is None


def test_a_preliminary_output_is_no_result() -> None:
    for preliminary, results in ((True, 0), (False, 1), (None, 1)):
        part = answered(state="output-available", output=1, preliminary=preliminary)
        messages = read_ui_messages([USER, part]).messages
        assert [message.role for message in messages].count("tool") == results


@pytest.mark.parametrize("encoded", ["aGk=!", "aG*k=", "aGk", "a Gk="])
def test_a_file_that_is_damaged_is_refused_and_not_repaired(encoded: str) -> None:
    part = {"type": "file", "mediaType": "image/png", "url": f"data:image/png;base64,{encoded}"}
    with pytest.raises(UIRequestError, match="not base64"):
        read_ui_messages([{**USER, "parts": [part]}])
