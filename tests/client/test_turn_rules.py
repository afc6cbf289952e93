"""What a turn of a conversation has: of one answer, of a run, of a run that goes on, and of a stream."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.conversation import Conversation, Turn
from dhenara.ai.conversation.turn import (
    TurnWriter,
    continue_turn,
    pending_run,
    resumed_turn,
    run_turn,
    turns_cost,
)
from dhenara.ai.errors import OutputExistsError
from dhenara.ai.testing import Answer, FakeServer
from dhenara.ai.types import (
    AIModelCallResponse,
    ChatResponse,
    ChatResponseChoice,
    Cost,
    Message,
    Run,
    Step,
    TextContent,
    ToolCallContent,
    ToolResultContent,
    ToolRun,
    Usage,
)
from support.worlds import endpoint


def message(text: str, role: str = "assistant") -> Message:
    return Message.model_validate({"role": role, "contents": [{"type": "text", "text": text}]})


def answer(*texts: str, **more: Any) -> ChatResponse:
    choices = [
        ChatResponseChoice(index=index, contents=[TextContent(text=text)] if text else [])
        for index, text in enumerate(texts)
    ]
    return ChatResponse(model="m", provider="p", choices=choices, **more)


def run_of(text: str, tokens: int, dollars: int | None) -> Run[Any]:
    step = Step(number=1, response=AIModelCallResponse(chat_response=answer(text)))
    cost = Cost(reason="no price is known") if dollars is None else Cost(amount=Decimal(dollars))
    usage = Usage(input_tokens=tokens)
    return Run(
        steps=(step,), messages=(), stopped="answered", output=None, added=(message(text),), usage=usage, cost=cost
    )


QUESTION = message("?", "user")


def test_the_chosen_answer_is_the_text_and_the_message_of_a_turn() -> None:
    turn = Turn(prompt=[QUESTION], answer=answer("first", "second"), choice=1)
    assert (turn.text, [one.text for one in turn.messages]) == ("second", ["?", "second"])
    none = Turn(prompt=[QUESTION], answer=answer("first"), choice=1)
    assert (none.text, none.messages) == ("", [QUESTION])
    empty = Turn(prompt=[QUESTION], answer=answer(""))
    assert empty.messages == [QUESTION]


def test_a_run_that_goes_on_adds_its_messages_tokens_and_cost_to_the_turn() -> None:
    begun = run_turn([QUESTION], ["Be brief."], run_of("one", 3, 1))
    whole = continue_turn(begun, (), run_of("two", 4, 2))
    assert [one.text for one in whole.messages] == ["?", "one", "two"]
    assert (whole.usage.total_tokens, whole.cost.amount) == (7, 3)
    assert (whole.prompt, whole.instructions, whole.text) == ([QUESTION], ["Be brief."], "two")
    assert continue_turn(begun, ["In French."], run_of("two", 4, 2)).instructions == ["In French."]
    assert continue_turn(begun, (), run_of("two", 4, None)).cost.amount is None


def test_a_turn_whose_run_is_resumed_adds_only_what_is_new() -> None:
    first, saved = run_of("one", 3, 1), run_of("two", 4, 2)
    begun = continue_turn(run_turn([QUESTION], (), first), (), saved)
    new = answer("three", usage=Usage(input_tokens=5), cost=Cost(amount=Decimal(4)))
    resumed = replace(
        saved,
        steps=(*saved.steps, Step(number=2, response=AIModelCallResponse(chat_response=new))),
        added=(*saved.added, message("three")),
        usage=Usage(input_tokens=9),
    )
    turn = resumed_turn(begun, saved, resumed)
    assert [one.text for one in turn.messages] == ["?", "one", "two", "three"]
    assert (turn.usage.total_tokens, turn.cost.amount) == (12, 7)


@pytest.mark.parametrize(
    ("stopped", "has_agent", "has_result", "has_run"),
    [
        ("pending", False, False, True),
        ("interrupted", True, False, True),
        ("interrupted", True, True, False),
        ("answered", False, False, False),
    ],
)
def test_a_turn_has_its_run_while_calls_are_pending_or_an_agent_has_not_ended(
    stopped: Any, has_agent: bool, has_result: bool, has_run: bool
) -> None:
    run = run_of("one", 3, 1)
    call = ToolCallContent(id="c1", name="research")
    result = ToolResultContent(call_id="c1", output="x") if has_result else None
    tool = ToolRun(call=call, outcome="ran" if has_result else "unrun", result=result, run=run if has_agent else None)
    waiting = replace(run, stopped=stopped, steps=(run.steps[0].model_copy(update={"tools": [tool]}),))
    stored = pending_run(waiting)
    assert (stored is not None) is has_run
    assert stored is None or (stored.messages, stored.added) == ((), ())


def test_the_cost_of_turns_is_known_if_that_of_each_is() -> None:
    known, unknown = Cost(amount=Decimal(2)), Cost(reason="no price is known")
    assert (turns_cost([]).amount, turns_cost([known, known]).amount) == (0, 4)
    partly = turns_cost([known, unknown, known])
    assert (partly.amount, partly.components) == (None, {"known": 4})
    assert (partly.reason or "").startswith("1 of 3 turns")


@pytest.mark.parametrize(
    ("text", "interrupted", "is_written"), [("x", False, True), ("x", True, True), ("", False, True), ("", True, False)]
)
def test_a_stream_leaves_a_turn_unless_it_broke_before_the_first_word(
    text: str, interrupted: bool, is_written: bool
) -> None:
    written: list[ChatResponse] = []
    writer = TurnWriter(lambda response, fingerprint: written.append(response))
    received = answer(text, interrupted=interrupted)
    writer.write(received)
    writer.write(received)
    assert written == [received] * is_written


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("is_left", [False, True])
def test_a_streamed_turn_has_its_instructions_and_its_fingerprint(
    is_async: bool, is_left: bool, server: FakeServer
) -> None:
    server.add_replies(Answer(text="Hello there, and more."))
    settings: dict[str, Any] = {"instructions": "Be brief.", "fingerprint": True}

    async def read(talk: Conversation) -> None:
        async with await talk.stream_async("?", **settings) as stream:
            async for _ in stream:
                if is_left:
                    break

    if is_async:
        client = AIModelClient(endpoint(server.url))
        talk = client.conversation()
        asyncio.run(read(talk))
    else:
        with AIModelClient(endpoint(server.url)) as client:
            talk = client.conversation()
            with talk.stream("?", **settings) as stream:
                for _ in stream:
                    if is_left:
                        break
    (turn,) = talk.turns
    assert turn.instructions == ["Be brief."]
    assert (turn.fingerprint is None) is is_left
    assert turn.text.startswith("Hello")


def test_a_loaded_conversation_is_saved_to_its_file_again_and_no_other(tmp_path: Path, server: FakeServer) -> None:
    path, other = tmp_path / "talk.json", tmp_path / "other.json"
    turns = [Turn(prompt=[QUESTION], answer=answer(text)) for text in ("one", "two")]
    with AIModelClient(endpoint(server.url)) as client:
        for one in (path, other):
            Conversation(client, turns=turns).save(one)
        loaded = Conversation.load(path, client)
        loaded.undo()
        loaded.save(path)
        with pytest.raises(OutputExistsError, match=r"other\.json"):
            loaded.save(other)
        assert [turn.text for turn in Conversation.load(path, client).turns] == ["one"]
