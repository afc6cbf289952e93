"""The embedded model: a real one, without a server or a key."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading

import pytest
import trio
from pydantic import BaseModel

from dhenara.ai import AIModelClient
from dhenara.ai.embedded import engine
from dhenara.ai.embedded.weights import SMALL, check_weights
from dhenara.ai.errors import BadRequestError, CallTimeoutError, ConfigurationError, ContextLengthError
from dhenara.ai.types import AIModel, AIModelAPI, AIModelCallConfig, AIModelEndpoint
from support.runs import go_streaming
from support.waiting import wait_until
from support.worlds import WORLDS, World

pytestmark = pytest.mark.skipif(check_weights() is not None, reason=str(check_weights()))
STEADY = AIModelCallConfig(temperature=0, max_output_tokens=24)
QUESTION = "What is the capital of France?"
BLOCKING, TRIO = (next(world for world in WORLDS if world.name == name) for name in ("blocking", "trio"))
GENERATING = pytest.mark.parametrize("world", [BLOCKING, TRIO], ids=lambda world: world.name)
"""Generation takes seconds and runs in a thread that anyio starts, on every event loop with the same code."""
MOSTLY_BLOCKING = pytest.mark.parametrize(
    "world", [BLOCKING, pytest.param(TRIO, marks=pytest.mark.slow)], ids=lambda world: world.name
)


def local(model: str = SMALL, **config: object) -> AIModelEndpoint:
    return AIModelEndpoint(api=AIModelAPI(provider="local", config=config), ai_model=AIModel(model_name=model))


@GENERATING
def test_streamed_and_complete_answers_are_equal(world: World) -> None:
    client = AIModelClient(local(), STEADY)
    plain = world.run(client, QUESTION).chat_response
    chunks = world.stream(client, QUESTION)
    final = chunks[-1][1].chat_response
    assert len(chunks) > 10
    assert final.text() == plain.text() != ""
    assert plain.usage.output_tokens == final.usage.output_tokens == 24
    assert plain.finish_reason == "length"
    world.close(client)


class Person(BaseModel):
    name: str
    age: int


@MOSTLY_BLOCKING
def test_an_answer_follows_a_schema(world: World) -> None:
    client = AIModelClient(local(), STEADY)
    answer = world.run(client, "Invent a person.", structured_output=Person, max_output_tokens=80).chat_response
    assert Person.model_validate_json(answer.text())
    world.close(client)


def weather(city: str) -> str:
    """The weather in a city.

    Args:
        city: Name of the city.
    """
    return f"It is 21 degrees and sunny in {city}."


@MOSTLY_BLOCKING
def test_a_forced_tool_is_called_and_its_result_used(world: World) -> None:
    client = AIModelClient(local(), STEADY)
    _, run = go_streaming(world, client, "What is the weather in Paris?", tools=[weather], tool_choice="weather")
    assert [(tool.call.arguments, tool.outcome) for tool in run.tools] == [({"city": "Paris"}, "ran")]
    assert run.steps[0].response.chat_response.finish_reason == "tool_calls"
    assert "21" in run.text()
    world.close(client)


def test_tools_need_a_forced_choice_without_a_tool_template(world: World) -> None:
    client = AIModelClient(local(), STEADY)
    with pytest.raises(BadRequestError, match="tool_choice to 'required'"):
        world.run(client, "What is the weather in Paris?", tools=[weather])
    assert world.run(client, "Hello", tools=[weather], tool_choice="none").chat_response.text()
    world.close(client)


def test_a_prompt_that_is_too_long_is_a_context_length_error(world: World) -> None:
    client = AIModelClient(local(context=512), STEADY)
    with pytest.raises(ContextLengthError, match="512"):
        world.run(client, "word " * 2000)
    world.close(client)


@MOSTLY_BLOCKING
def test_a_timeout_stops_generation_and_returns_the_partial_text(world: World) -> None:
    client = AIModelClient(local(), STEADY)
    world.run(client, "Hello", max_output_tokens=1)
    with pytest.raises(CallTimeoutError) as raised:
        world.run(client, "Tell me a very long story.", max_output_tokens=3000, timeout=1)
    assert raised.value.limit == "total"
    # On a machine that is busy with other things, a second may pass before the first word.
    assert raised.value.partial is None or raised.value.partial.interrupted
    assert no_work_left()
    world.close(client)


def test_closing_a_stream_stops_generation() -> None:
    with AIModelClient(local(), STEADY) as client:
        stream = client.generate("Tell me a long story.", streaming=True, max_output_tokens=3000).stream_generator
        next(stream)
        stream.close()
        assert no_work_left()


def test_cancelling_a_task_stops_generation() -> None:
    story = {"prompt": "Tell me a long story.", "max_output_tokens": 3000}

    async def on_asyncio() -> None:
        async with AIModelClient(local(), STEADY) as client:
            await client.generate_async("Hello", max_output_tokens=1)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(client.generate_async(**story), 0.5)
            assert await asyncio.to_thread(no_work_left)

    async def on_trio() -> None:
        async with AIModelClient(local(), STEADY) as client:
            await client.generate_async("Hello", max_output_tokens=1)
            with trio.move_on_after(0.5) as scope:
                await client.generate_async(**story)
            assert scope.cancelled_caught
            assert await trio.to_thread.run_sync(no_work_left)

    asyncio.run(on_asyncio())
    trio.run(on_trio)
    assert not engine._loaded


def no_work_left() -> bool:
    wait_until(lambda: all(thread.name != "dhenara-embedded" for thread in threading.enumerate()))
    return True


def test_a_model_is_loaded_once_and_freed_with_the_last_client() -> None:
    first, second = AIModelClient(local(), STEADY), AIModelClient(local(), STEADY)
    first.generate("Hello", max_output_tokens=1)
    loaded = list(engine._loaded.values())
    second.generate("Hello", max_output_tokens=1)
    assert list(engine._loaded.values()) == loaded
    first.close()
    assert second.generate("Hello", max_output_tokens=1).chat_response.usage.output_tokens == 1
    second.close()
    assert not engine._loaded


def test_threads_share_one_model() -> None:
    with AIModelClient(local(), AIModelCallConfig(temperature=0, max_output_tokens=4)) as client:
        provided: list[str] = []
        threads = [
            threading.Thread(target=lambda: provided.append(client.generate(QUESTION).chat_response.text()))
            for _ in range(5)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(provided) == 5
        assert all(provided)


def test_a_model_file_is_chosen_by_its_path() -> None:
    from dhenara.ai.embedded.weights import find_weights

    with AIModelClient(local(str(find_weights())), STEADY) as client:
        assert client.generate("Hello").chat_response.text()


def test_a_missing_model_file_is_named_in_the_error(world: World) -> None:
    client = AIModelClient(local("/nowhere/model.gguf"))
    with pytest.raises(ConfigurationError, match="nowhere"):
        world.run(client, "Hello")


def test_the_server_of_llama_cpp_is_not_reachable_by_others() -> None:
    """The library listens by itself; on a socket in a private directory, and with a key nobody knows."""
    program = """
import json, sys
from dhenara.ai import AIModelClient
from dhenara.ai.types import AIModel, AIModelAPI, AIModelEndpoint
from dhenara.ai.embedded import engine
endpoint = AIModelEndpoint(api=AIModelAPI(provider="local"), ai_model=AIModel(model_name="smollm2-135m"))
client = AIModelClient(endpoint)
client.generate("Hello", max_output_tokens=1)
(loaded,) = engine._loaded.values()
print(json.dumps(loaded._server.listening_address))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=250, check=True)
    assert json.loads(done.stdout).startswith("unix://")
    assert done.stderr == ""


def test_a_missing_llama_cpp_names_the_install_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'dhenara\[local\]'"):
        AIModelClient(local()).generate("Hello")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks here")
def test_a_forked_child_loads_its_own_model() -> None:
    program = """
import os
from dhenara.ai import AIModelClient
from dhenara.ai.types import AIModel, AIModelAPI, AIModelEndpoint
endpoint = AIModelEndpoint(api=AIModelAPI(provider="local"), ai_model=AIModel(model_name="smollm2-135m"))
client = AIModelClient(endpoint)
client.generate("Hello", max_output_tokens=1)
child = os.fork()
client.generate("Hello", max_output_tokens=1)
if not child:
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
client.close()
print("both")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=250, check=False)
    assert done.stdout == "both\n", done.stderr


def test_a_program_may_exit_while_an_answer_is_generated() -> None:
    program = """
from dhenara.ai import AIModelClient
from dhenara.ai.types import AIModel, AIModelAPI, AIModelEndpoint
endpoint = AIModelEndpoint(api=AIModelAPI(provider="local"), ai_model=AIModel(model_name="smollm2-135m"))
client = AIModelClient(endpoint)
stream = client.generate("Tell me a long story.", streaming=True, max_output_tokens=3000).stream_generator
next(stream)
print("bye")
import builtins
builtins.kept = stream
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=250, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "bye\n", "")
