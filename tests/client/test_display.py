"""How clients, answers, conversations, runs, plans, usage and cost show themselves: short, without secrets, as text."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ai_utilities import AiClient, AsyncAiClient, UsageData
from ai_utilities.results import Embeddings
from ai_utilities.usage.totals import Totals
from dhenara.ai import AIModelClient
from dhenara.ai.testing import Answer, FakeServer, FakeToolCall, FakeUsage
from dhenara.ai.types import (
    AIModelCallConfig,
    AIModelCallResponse,
    Attempt,
    ChatModelCostData,
    ChatResponse,
    Cost,
    EmbeddingResponse,
    Message,
    OcrPage,
    OcrResponse,
    Run,
    Text,
    TextContent,
    TranscriptionResponse,
    Usage,
    VectorStore,
)
from support.kit import settings
from support.worlds import endpoint

SECRET = "sk-test-secret"
BOOK = "It is [bold]warm[/x] :smile: in Paris. " * 100
PRICES = ChatModelCostData(input_token_cost_per_million=Decimal(1), output_token_cost_per_million=Decimal(2))


def clock() -> str:
    """The time."""
    return "noon"


@pytest.fixture
def client(server: FakeServer) -> Iterator[AIModelClient]:
    where = endpoint(server.url).model_copy(update={"cost_data": PRICES})
    with AIModelClient(where, fallbacks=[endpoint(server.url, "anthropic", "claude")]) as client:
        yield client


@pytest.fixture
def shown(server: FakeServer, client: AIModelClient) -> dict[str, Any]:
    """One object of each kind, all of them with long texts."""
    long = Answer(text=BOOK, usage=FakeUsage(12, 5))
    call = Answer(text=BOOK, tool_calls=(FakeToolCall("clock", {}),))
    server.add_replies(long, long, call, long, long, long)
    response = client.generate(BOOK)
    talk = client.conversation(BOOK)
    talk.ask(BOOK)
    run = client.run(BOOK, tools=[clock])
    kit = AiClient(
        settings(server.url, cache_enabled=True, requests_per_minute=9, budget_usd=1, budget_unknown="allow")
    )
    chat = kit.chat(system=BOOK)
    return {
        "client": client,
        "kit": kit,
        "async kit": AsyncAiClient(settings(server.url)),
        "response": response,
        "answer": response.chat_response,
        "choice": response.chat_response.choices[0],
        "stream": client.generate(BOOK, streaming=True),
        "conversation": talk,
        "turn": talk.turns[0],
        "run": run,
        "step": run.steps[0],
        "plan": client.plan(BOOK),
        "usage": response.usage,
        "cost": response.cost,
        "result": kit.ask(BOOK),
        "chat": chat,
        "row": kit.usage_tracker.total,
        "usage row": UsageData.of(response.usage, response.cost, model="m", tags={"a": BOOK}),
        "config": AIModelCallConfig(stop=[BOOK], metadata={"a": BOOK}),
        "endpoint": client.model_endpoint,
        "message": Message(role="user", content=BOOK),
        "vectors": Embeddings(EmbeddingResponse(vectors=[[0.1] * 1000] * 9)),
    }


def test_a_repr_is_short_names_the_class_and_has_no_secret(shown: dict[str, Any]) -> None:
    for name, value in shown.items():
        if name != "result":  # a str, whose repr is that of its text
            assert len(repr(value)) <= 200, name
            assert repr(value).startswith(f"{type(value).__name__}("), name
        markdown = getattr(value, "_repr_markdown_", str)()
        assert SECRET not in repr(value) + str(value) + markdown, name


def test_reprs_say_what_matters(shown: dict[str, Any], server: FakeServer) -> None:
    assert repr(shown["client"]) == "AIModelClient('openai/fake-1', fallbacks=['anthropic/claude'])"
    assert repr(shown["kit"]) == "AiClient('openai/fake-1', cache='MemoryCache', requests_per_minute=9, budget_usd=1.0)"
    assert repr(shown["async kit"]) == "AsyncAiClient('openai/fake-1')"
    assert repr(shown["usage"]) == "Usage(input_tokens=12, output_tokens=5)"
    assert repr(shown["cost"]).startswith("Cost(0.000022, ")
    assert re.fullmatch(r"Plan\('openai/fake-1', protocol='openai_chat', verbatim=1\)", repr(shown["plan"]))
    assert repr(shown["conversation"]).startswith("Conversation(turns=1, model='fake-1', last='It is ")
    assert repr(shown["run"]).startswith("Run('It is ")
    assert "tools=['clock'], stopped='answered'" in repr(shown["run"])
    assert repr(shown["chat"]) == "Chat(turns=0)"
    assert repr(shown["vectors"]) == "Embeddings(9 vectors of 1000 numbers)"
    assert repr(shown["stream"]) == "AIModelCallResponse(stream=True)"


def test_a_short_answer_is_shown_whole(server: FakeServer, client: AIModelClient) -> None:
    server.add_replies(Answer(text="Hello!", usage=FakeUsage(12, 5)), Answer(tool_calls=(FakeToolCall("clock", {}),)))
    usage = "usage=Usage(input_tokens=12, output_tokens=5)"
    provided = f"('Hello!', model='fake-1', finish_reason='stop', {usage})"
    response = client.generate("Hi")
    assert repr(response) == f"AIModelCallResponse{provided}"
    assert repr(response.chat_response) == f"ChatResponse{provided}"
    called = repr(client.generate("Hi"))
    assert called.startswith("AIModelCallResponse(tool_calls=['clock'], model='fake-1', finish_reason='tool_calls', ")


def test_a_repr_does_not_calculate_the_cost(server: FakeServer, client: AIModelClient) -> None:
    server.add_replies(Answer(text="Hello!"))
    answer = client.generate("Hi").chat_response
    repr(answer)
    str(answer)
    assert "cost" not in vars(answer)


def test_a_repr_of_other_results_does_not_calculate_the_cost_either() -> None:
    vectors = EmbeddingResponse(vectors=[[0.1]]).with_pricing(lambda _: pytest.fail("the cost was calculated"))
    assert repr(vectors).startswith("EmbeddingResponse(")


def test_a_value_is_cut_only_if_the_repr_would_be_too_long() -> None:
    assert repr(TextContent(text="x" * 150)) == f"TextContent(text='{'x' * 150}')"
    assert repr(TextContent(text="x" * 250)) == f"TextContent(text='{'x' * 59}…')"


ANSWERS = ["response", "answer", "choice", "turn", "run", "result", "message"]


@pytest.mark.parametrize("name", ANSWERS)
def test_print_and_notebooks_show_the_text_of_an_answer(shown: dict[str, Any], name: str) -> None:
    assert str(shown[name]) == f"{shown[name]}" == shown[name]._repr_markdown_() == BOOK


@pytest.mark.parametrize("name", ANSWERS)
def test_rich_prints_the_text_of_an_answer_without_reading_it_as_markup(shown: dict[str, Any], name: str) -> None:
    console = pytest.importorskip("rich.console", reason="rich is an optional package")
    printed = console.Console(file=io.StringIO(), width=10_000, soft_wrap=True)
    printed.print(shown[name])
    assert printed.file.getvalue() == BOOK + "\n"


def test_rich_prints_other_objects_by_their_parts(shown: dict[str, Any]) -> None:
    console = pytest.importorskip("rich.console", reason="rich is an optional package")
    printed = console.Console(file=io.StringIO(), width=200)
    for name in ("client", "kit", "conversation", "plan", "usage", "cost", "row"):
        printed.print(shown[name])
    text = printed.file.getvalue()
    for part in ("AIModelClient('openai/fake-1'", "AiClient('openai/fake-1'", "turns=1", "Plan('openai/fake-1'"):
        assert part in text
    assert SECRET not in text


def test_an_answer_without_text_is_shown_by_its_repr() -> None:
    for value in (ChatResponse(), AIModelCallResponse(), Run(steps=(), messages=(), stopped="rounds", output=None)):
        assert str(value) == repr(value)
        assert value._repr_markdown_() == f"`{value!r}`"


def test_notebooks_show_conversations_plans_usage_and_cost(shown: dict[str, Any]) -> None:
    assert shown["conversation"]._repr_markdown_() == f"**user:** {BOOK}\n\n**fake-1:** {BOOK}"
    assert shown["chat"]._repr_markdown_() == "`Chat(turns=0)`"
    assert shown["client"]._repr_markdown_() == f"`{shown['client']!r}`"
    assert "| message | part | kind | what happens | why |" in shown["plan"]._repr_markdown_()
    assert "| input_tokens | 12 |" in shown["usage"]._repr_markdown_()
    assert "| total | 0.000022 |" in shown["cost"]._repr_markdown_()
    assert Usage.unknown()._repr_markdown_() == "the provider reported no usage"
    assert Cost(reason="no price")._repr_markdown_() == "unknown: no price"


def test_texts_of_recordings_and_pages_are_printed() -> None:
    assert str(TranscriptionResponse(text=Text("Hello!"))) == "Hello!"
    assert str(OcrResponse(pages=[OcrPage(index=0, markdown="# Hello!")])) == "# Hello!"


def test_fields_that_have_their_default_are_left_out_of_reprs() -> None:
    assert repr(Usage(output_tokens=3)) == "Usage(output_tokens=3)"
    assert repr(Usage.unknown()) == "Usage(known=False)"
    assert repr(TextContent(text="x")) == "TextContent(text='x')"
    assert repr(UsageData(model="m")) == "UsageData(model='m')"
    assert repr(Totals(requests=2)) == "Totals(requests=2)"


def test_other_results_show_their_own_fields_first() -> None:
    attempt = Attempt(number=1, provider="openai", model="m", outcome="answered", seconds=0.5)
    call = {"attempts": [attempt], "response_headers": {"content-type": "x" * 300}, "duration_seconds": 0.5}
    store = VectorStore(store_id="vs_1", name="handbook", provider="openai", **call)
    assert repr(store).startswith("VectorStore(store_id='vs_1', name='handbook'")
    assert repr(store).endswith("provider='openai')")
    assert "content-type" not in repr(store) + str(store)


def test_only_rich_itself_imports_rich(tmp_path: Path) -> None:
    sources = Path(__file__).parents[2] / "src"
    importing = [path for path in sources.rglob("*.py") if re.search(r"^\s*(from|import) rich", path.read_text())]
    assert importing == []
