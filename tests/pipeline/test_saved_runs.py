"""Runs as JSON: saved at every step, read in another process, and resumed to the end that they would have had."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from pydantic import BaseModel

from dhenara.ai import AIModelClient
from dhenara.ai.errors import ConfigurationError, OutputExistsError, RunLimitError, SavedRunError, ServerError
from dhenara.ai.testing import Answer, CutReply, DialectReply, FakeServer, FakeToolCall, Refusal
from dhenara.ai.types import (
    Run,
    RunLimits,
    StepAnswered,
    StepStarted,
    StreamingChatResponse,
    Tool,
    ToolEnded,
    ToolResultContent,
    ToolStarted,
)
from support.runs import go, go_streaming
from support.worlds import World, endpoint


class City(BaseModel):
    name: str
    degrees: int


def weather(city: str) -> str:
    """The weather now."""
    return f"31 in {city}"


def calls(*cities: str, name: str = "weather", start: int = 0) -> Answer:
    return Answer(
        tool_calls=tuple(FakeToolCall(name, {"city": city}, f"call_{start + n}") for n, city in enumerate(cities))
    )


def again(run: Run[Any]) -> Run[Any]:
    """The run as another process reads it."""
    return Run.from_json(run.to_json())


def roles(request: Any) -> list[str]:
    return [message["role"] for message in request.json["messages"]]


APPROVED = Tool.from_function(weather, needs_approval=True)


def test_a_pending_run_goes_on_from_its_json(server: FakeServer, world: World) -> None:
    server.add_replies(calls("Rome", "Oslo"), Answer(text="Warm and cold."))
    client = AIModelClient(endpoint(server.url))
    pending = again(go(world, client, "?", tools=[APPROVED]))
    assert [call.id for call in pending.pending] == ["call_0", "call_1"]
    decided = again(pending.decide({"call_0": True, "call_1": "too far"}))
    run = go(world, client, resume=decided.to_json(), tools=[APPROVED])
    world.close(client)
    assert (run.stopped, run.text()) == ("answered", "Warm and cold.")
    assert [(tool.call.id, tool.outcome) for tool in run.tools] == [("call_0", "ran"), ("call_1", "declined")]
    assert [step.number for step in run.steps] == [1, 2]
    assert [message.role for message in run.messages] == ["user", "assistant", "tool", "assistant"]
    assert run.usage.total_tokens == sum(step.response.usage.total_tokens for step in run.steps)
    sent = server.exchanges[1].json["messages"]
    assert [message["content"] for message in sent[2:]] == [
        "31 in Rome",
        "the user declined this call: too far",
    ]


def test_a_decision_may_change_the_arguments_or_give_the_result(server: FakeServer, world: World) -> None:
    server.add_replies(calls("Rome", "Oslo"), Answer(text="done"))
    client = AIModelClient(endpoint(server.url))
    pending = again(go(world, client, "?", tools=[APPROVED]))
    result = ToolResultContent(call_id="call_1", output="snow")
    run = go(world, client, resume=pending.decide({"call_0": {"city": "Bern"}, "call_1": result}), tools=[APPROVED])
    world.close(client)
    assert [tool.result and tool.result.output for tool in run.tools] == ["31 in Bern", "snow"]
    assert (run.tools[0].arguments, run.tools[0].call.arguments) == ({"city": "Bern"}, {"city": "Rome"})
    assert run.record.decisions == {}, "a model may use the ids again"


def test_approve_may_change_the_arguments_or_give_the_result(server: FakeServer, world: World) -> None:
    def approve(call: Any) -> Any:
        return {"city": "Bern"} if call.id == "call_0" else ToolResultContent(call_id=call.id, output="snow")

    server.add_replies(calls("Rome", "Oslo"), Answer(text="done"))
    client = AIModelClient(endpoint(server.url))
    run = go(world, client, "?", tools=[APPROVED], approve=approve)
    world.close(client)
    assert [tool.result and tool.result.output for tool in run.tools] == ["31 in Bern", "snow"]


def test_arguments_of_a_decision_that_do_not_fit_are_an_error(server: FakeServer) -> None:
    server.add_replies(calls("Rome"))
    with AIModelClient(endpoint(server.url)) as client:
        pending = client.run("?", tools=[APPROVED])
        with pytest.raises(ConfigurationError, match="the decision on weather has invalid arguments"):
            client.run(resume=pending.decide({"call_0": {"town": "Bern"}}), tools=[APPROVED])
    assert len(server.exchanges) == 1


def test_decisions_that_can_only_be_a_mistake_are_refused(server: FakeServer) -> None:
    own = {"name": "ask", "parameters": {"type": "object", "properties": {}}}
    server.add_replies(Answer(tool_calls=(FakeToolCall("ask", {}, "a"), FakeToolCall("weather", {"city": "X"}, "b"))))
    server.add_replies(Answer(tool_calls=(FakeToolCall("ask", {}, "a"), FakeToolCall("ask", {}, "a"))))
    with AIModelClient(endpoint(server.url)) as client:
        pending, repeated = (client.run("?", tools=[own, APPROVED]) for _ in range(2))
    with pytest.raises(ConfigurationError, match=r"no pending call 'c'. Pending: a, b"):
        pending.decide({"c": True})
    with pytest.raises(ConfigurationError, match=r"ask has no function that could run\. Decide with its result"):
        pending.decide({"a": True})
    with pytest.raises(ConfigurationError, match="a decision is True, False"):
        pending.decide({"b": 3})  # type: ignore[dict-item]
    with pytest.raises(ConfigurationError, match="2 pending calls have the id 'a'"):
        repeated.decide({"a": "no"})


def test_a_call_stays_pending_until_it_is_decided(server: FakeServer, world: World) -> None:
    server.add_replies(calls("Rome", "Oslo"), Answer(text="done"))
    client = AIModelClient(endpoint(server.url))
    run = go(world, client, "?", tools=[APPROVED])
    run = go(world, client, resume=again(run.decide({"call_1": True})), tools=[APPROVED])
    assert (run.stopped, [call.id for call in run.pending]) == ("pending", ["call_0"])
    assert [tool.outcome for tool in run.tools] == ["pending", "ran"]
    run = go(world, client, resume=again(run.decide({"call_0": False})), tools=[APPROVED])
    world.close(client)
    assert [tool.outcome for tool in run.tools] == ["declined", "ran"]
    assert run.text() == "done"


def test_limits_are_counted_on_and_can_be_raised(server: FakeServer, world: World) -> None:
    server.add_replies(calls("Rome"), calls("Oslo"), Answer(text="done"))
    client = AIModelClient(endpoint(server.url))
    with pytest.raises(RunLimitError) as raised:
        go(world, client, "?", tools=[weather], limits=RunLimits(rounds=2))
    assert raised.value.run is not None
    saved = again(raised.value.run)
    with pytest.raises(RunLimitError, match="its limit of 2 rounds"):
        go(world, client, resume=saved, tools=[weather])
    assert len(server.exchanges) == 2
    run = go(world, client, resume=saved, tools=[weather], limits=RunLimits(rounds=3))
    world.close(client)
    assert (run.text(), len(run.steps)) == ("done", 3)


@pytest.mark.parametrize(("limit", "most"), [("calls", 1), ("tokens", 20)])
def test_other_limits_are_counted_on_too(limit: str, most: int, server: FakeServer) -> None:
    server.add_replies(calls("Rome"), calls("Oslo"), Answer(text="done"))
    limits = RunLimits(otherwise="return", **{limit: most})
    states: list[Run[Any]] = []
    with AIModelClient(endpoint(server.url)) as client:
        whole = client.run("?", tools=[weather], limits=limits)
        server.exchanges.clear()
        server._script.clear()
        server.add_replies(calls("Rome"), calls("Oslo"), Answer(text="done"))
        stream = client.run_streaming("?", tools=[weather], limits=limits)
        for event, _ in stream:
            states.append(stream.partial())
            if isinstance(event, ToolEnded):
                break
        run = client.run(resume=again(states[-1]), tools=[weather])
    assert (run.stopped, len(run.steps)) == (whole.stopped, len(whole.steps)) == (limit, 2)


def test_the_time_of_earlier_processes_counts(server: FakeServer) -> None:
    server.add_replies(calls("Rome"), Answer(text="done"))
    with AIModelClient(endpoint(server.url)) as client:
        pending = client.run("?", tools=[APPROVED], limits=RunLimits(seconds=1000)).decide({"call_0": True})
        saved = json.loads(pending.to_json())
        assert 0 < saved["record"]["seconds"] < 1000
        saved["record"]["seconds"] = 1000
        with pytest.raises(RunLimitError, match="its limit of 1000"):
            client.run(resume=json.dumps(saved), tools=[APPROVED])
    assert len(server.exchanges) == 1


def test_a_run_that_an_error_ended_sends_its_request_again(server: FakeServer, world: World) -> None:
    server.add_replies(calls("Rome"), Refusal(500), Answer(text="done"))
    client = AIModelClient(endpoint(server.url))
    with pytest.raises(ServerError) as raised:
        go(world, client, "?", tools=[weather], retries=0)
    assert raised.value.run is not None
    run = go(world, client, resume=again(raised.value.run), tools=[weather], retries=0)
    world.close(client)
    assert run.text() == "done"
    assert roles(server.exchanges[1]) == roles(server.exchanges[2]) == ["user", "assistant", "tool"]


def test_a_finished_run_is_returned_as_it_was(server: FakeServer, world: World) -> None:
    server.add_replies(Answer(text='{"name": "Rome", "degrees": 31}'))
    client = AIModelClient(endpoint(server.url))
    run = go(world, client, "?", output=City)
    saved = again(run)
    assert saved.output == {"name": "Rome", "degrees": 31}
    same = go(world, client, resume=saved, output=City)
    world.close(client)
    assert (same.stopped, same.text(), len(server.exchanges)) == ("answered", run.text(), 1)
    assert same.output == City(name="Rome", degrees=31)


def test_settings_of_the_run_are_used_again(server: FakeServer) -> None:
    server.add_replies(calls("Rome"), Answer(text="done"))
    with AIModelClient(endpoint(server.url)) as client:
        pending = client.run(
            "?", tools=[APPROVED], instructions="Be brief.", temperature=0.25, tags={"team": "a"}, run_id="order-17"
        )
        run = client.run(resume=again(pending.decide({"call_0": True})), tools=[APPROVED])
    first, second = (exchange.json for exchange in server.exchanges)
    assert second["temperature"] == first["temperature"] == 0.25
    assert second["messages"][0] == first["messages"][0]
    assert (run.record.tags, run.record.id, run.record.endpoint) == ({"team": "a"}, "order-17", "openai/fake-1")


def test_what_is_missing_is_named(server: FakeServer) -> None:
    server.add_replies(calls("Rome"))
    with AIModelClient(endpoint(server.url)) as client:
        pending = client.run(
            "?", tools=[APPROVED], output=City, instructions=[lambda run: "Brief."], validators=[lambda city: None]
        )
        with pytest.raises(SavedRunError, match="the tool 'weather', which is missing here"):
            client.run(resume=pending, output=City)
        with pytest.raises(SavedRunError, match="has instructions that are functions"):
            client.run(resume=pending, output=City, tools=[APPROVED])
        again_given: Any = {"instructions": [lambda run: "Brief."], "validators": [lambda city: None]}
        with pytest.raises(SavedRunError, match=r"output of the type 'City'.*Pass output=City"):
            client.run(resume=pending, tools=[APPROVED], **again_given)
        with pytest.raises(ConfigurationError, match="Leave out prompt"):
            client.run("?", resume=pending, output=City)
    assert len(server.exchanges) == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda saved: saved[: len(saved) // 2], "not a valid saved run"),
        (lambda saved: b"", "not a valid saved run"),
        (lambda saved: b"[]", "not a valid saved run"),
        (lambda saved: saved.replace(b'"stopped":"answered"', b'"stopped":"asleep"'), "not a valid saved run"),
        (lambda saved: saved.replace(b'"version":1', b'"version":2'), "version 2 of the format; this release reads"),
        (lambda saved: saved.replace(b'"version":1', b'"version":2,"soul":1'), "version 2 of the format"),
    ],
)
def test_damaged_and_newer_files_are_refused(change: Any, message: str, server: FakeServer, tmp_path: Path) -> None:
    server.add_replies(Answer(text="done"))
    with AIModelClient(endpoint(server.url)) as client:
        saved = client.run("?").to_json()
        (tmp_path / "run.json").write_bytes(change(saved))
        with pytest.raises(SavedRunError, match=message):
            Run.load(tmp_path / "run.json")
        with pytest.raises(SavedRunError, match=message):
            client.run(resume=change(saved))


def test_a_file_is_replaced_only_by_its_own_run(server: FakeServer, tmp_path: Path) -> None:
    server.add_replies(calls("Rome"), Answer(text="done"), Answer(text="other"))
    path = tmp_path / "run.json"
    with AIModelClient(endpoint(server.url)) as client:
        pending = client.run("?", tools=[APPROVED])
        pending.save(path)
        run = client.run(resume=Run.load(path).decide({"call_0": True}), tools=[APPROVED])
        run.save(path)
        with pytest.raises(OutputExistsError):
            client.run("?").save(path)
    assert Run.load(path).text() == "done"
    with pytest.raises(SavedRunError, match="cannot be read"):
        Run.load(tmp_path / "nothing.json")


def test_no_secret_is_in_a_saved_run(server: FakeServer) -> None:
    server.add_replies(calls("Rome"))
    with AIModelClient(endpoint(server.url)) as client:
        run = client.run("?", tools=[APPROVED], headers={"X-Token": "hidden-1"}, options={"api_key": "hidden-2"})
    text = run.to_json().decode()
    assert "sk-test-secret" not in text
    assert "hidden-" not in text
    assert "response_headers" not in text


def test_an_interrupted_answer_is_left_out_and_its_step_is_counted(server: FakeServer, world: World) -> None:
    server.add_replies(CutReply(DialectReply(Answer(text="It is hot today.")), after=5), Answer(text="whole"))
    client = AIModelClient(endpoint(server.url))
    _, broken = go_streaming(world, client, "?")
    assert broken.stopped == "interrupted"
    assert broken.messages[-1].text
    run = go(world, client, resume=again(broken), limits=RunLimits(rounds=2))
    world.close(client)
    assert (run.text(), len(run.steps)) == ("whole", 2)
    assert [message.role for message in run.messages] == ["user", "assistant"]
    assert roles(server.exchanges[1]) == ["user"]


def test_an_answer_that_was_complete_when_the_stream_was_closed_is_not_paid_for_twice(server: FakeServer) -> None:
    server.add_replies(Answer(text="whole"))
    with AIModelClient(endpoint(server.url)) as client:
        stream = client.run_streaming("?")
        next(event for event, _ in stream if isinstance(event, StepAnswered))
        stream.close()
        run = client.run(resume=again(stream.run))
    assert (run.stopped, run.text(), len(server.exchanges)) == ("answered", "whole", 1)


Reply = list[tuple[str, bool]]
"""Tool calls of an answer: a city, and whether the call needs approval."""

SCRIPTS = st.lists(
    st.lists(st.tuples(st.sampled_from(["Rome", "Oslo", "Bern"]), st.booleans()), min_size=1, max_size=3), max_size=3
)


def script(replies: list[Reply]) -> list[Answer]:
    """What the server answers; ids repeat from one answer to the next."""
    answers = [
        Answer(
            tool_calls=tuple(
                FakeToolCall("guarded" if guarded else "weather", {"city": city}, f"call_{n}")
                for n, (city, guarded) in enumerate(reply)
            )
        )
        for reply in replies
    ]
    return [*answers, Answer(text="done")]


def expected_events(replies: list[Reply]) -> list[str]:
    """The events of the whole run, as the script of the server says."""
    events = []
    for number, reply in enumerate(replies, 1):
        started, ended = ([f"{word} {city}" for city, _ in reply] for word in ("started", "ended"))
        events += [f"step {number}", f"answered {number}", *started, *ended]
    last = len(replies) + 1
    return [*events, f"step {last}", f"answered {last}"]


def name_of(event: Any) -> str | None:
    match event:
        case ToolStarted(call=call):
            return f"started {call.arguments['city']}"
        case ToolEnded(tool=tool):
            return f"ended {tool.call.arguments['city']}"
        case StreamingChatResponse():
            return None
    return f"{'step' if isinstance(event, StepStarted) else 'answered'} {event.number}"


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(replies=SCRIPTS, streaming=st.booleans(), data=st.data())
def test_a_run_that_is_saved_and_resumed_at_every_step_ends_as_one_that_is_not(
    replies: list[Reply], streaming: bool, data: st.DataObject
) -> None:
    """After each event but a chunk, the run is saved, left, and resumed by another client."""
    guarded = Tool.from_function(weather, name="guarded", needs_approval=True)
    tools: Any = {"tools": [weather, guarded], "approve": lambda call: True, "limits": RunLimits(repeats=99)}
    with FakeServer() as server:
        server.add_replies(*script(replies))
        events: list[str] = []
        given: dict[str, Any] = {"prompt": "?"}
        leave = True
        while True:
            with AIModelClient(endpoint(server.url)) as client:
                stream = client.run_streaming(**given, **tools)
                for event, final in stream:
                    if final is not None:
                        break
                    name = name_of(event)
                    if name is None:
                        continue
                    if not (events and name.startswith("step ") and events[-1] == name):
                        events.append(name)
                    leave = not leave if name.startswith(("step ", "started ")) else data.draw(st.booleans())
                    if leave and not name.startswith(("step ", "started ", "ended ")):
                        break
                if final is not None:
                    break
                given = {"resume": stream.partial().to_json()}
                stream.close()
        assert events == expected_events(replies)
        assert len(server.exchanges) == len(replies) + 1
        assert [roles(exchange) for exchange in server.exchanges] == expected_requests(replies)
        assert [tool.outcome for tool in final.tools] == ["ran" for reply in replies for _ in reply]
        assert (final.stopped, final.text()) == ("answered", "done")
        assert final.usage.total_tokens == 18 * (len(replies) + 1)
        assert final.record.calls == sum(map(len, replies))


def expected_requests(replies: list[Reply]) -> list[list[str]]:
    """The roles of the messages of each request, as the script of the server says."""
    request = ["user"]
    requests = [request]
    for reply in replies:
        request = [*request, "assistant", *["tool"] * len(reply)]
        requests.append(request)
    return requests


def test_a_streamed_run_goes_on_where_a_plain_one_stopped(server: FakeServer, world: World) -> None:
    server.add_replies(calls("Rome"), Answer(text="done"))
    client = AIModelClient(endpoint(server.url))
    pending = again(go(world, client, "?", tools=[APPROVED])).decide({"call_0": True})
    events, run = go_streaming(world, client, resume=pending, tools=[APPROVED])
    world.close(client)
    names = [name for name in map(name_of, events) if name is not None]
    assert names == ["started Rome", "ended Rome", "step 2", "answered 2"]
    assert run.text() == "done"


def test_calls_that_ended_before_others_were_pending_are_reported_once(server: FakeServer, world: World) -> None:
    mixed = Answer(
        tool_calls=(FakeToolCall("plain", {"city": "Oslo"}, "a"), FakeToolCall("weather", {"city": "Rome"}, "b"))
    )
    server.add_replies(mixed, Answer(text="done"))
    client = AIModelClient(endpoint(server.url))
    tools = [APPROVED, Tool.from_function(weather, name="plain")]
    first, pending = go_streaming(world, client, "?", tools=tools)
    second, _ = go_streaming(world, client, resume=again(pending.decide({"b": True})), tools=tools)
    world.close(client)
    names = [[name for name in map(name_of, events) if name is not None] for events in (first, second)]
    assert names == [
        ["step 1", "answered 1", "started Oslo", "ended Oslo"],
        ["started Rome", "ended Rome", "step 2", "answered 2"],
    ]


def damage(saved: dict[str, Any], name: str) -> None:
    if name == "type":
        saved["messages"][0]["contents"][0]["type"] = []
    elif name == "response":
        saved["steps"][0]["response"] = {}
    elif name == "old":
        saved["version"] = 0
    else:
        saved["version"] = "99"


@pytest.mark.parametrize("name", ["type", "response", "old", "text"])
def test_a_changed_saved_run_is_refused(name: str, server: FakeServer) -> None:
    server.add_replies(Answer(text="done"))
    with AIModelClient(endpoint(server.url)) as client:
        saved = json.loads(client.run("?").to_json())
        damage(saved, name)
        with pytest.raises(SavedRunError, match="not a valid saved run"):
            Run.from_json(json.dumps(saved))
        with pytest.raises(SavedRunError, match="not a valid saved run"):
            client.run(resume=json.dumps(saved))


@pytest.mark.parametrize("given", [None, 5, {"version": 1}])
def test_what_is_no_text_is_no_saved_run(given: Any) -> None:
    with pytest.raises(ConfigurationError, match="must be the JSON of a run, str or bytes, not "):
        Run.from_json(given)


@pytest.mark.parametrize("given", [True, "call_1", ["call_1"], None])
def test_decisions_have_the_ids_of_calls(given: Any, server: FakeServer) -> None:
    server.add_replies(Answer(tool_calls=(FakeToolCall("weather", {"city": "Rome"}, "call_1"),)))
    with AIModelClient(endpoint(server.url)) as client:
        run = client.run("?", tools=[Tool.from_function(weather, needs_approval=True)])
    with pytest.raises(ConfigurationError, match="decisions must be a dict by the ids of the calls"):
        run.decide(given)
