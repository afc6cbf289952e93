"""Calls of every kind, made by hypothesis: all roles and parts, tools, settings, histories of any origin."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from dhenara.ai.types import (
    AIModel,
    AIModelAPI,
    AIModelCallConfig,
    AIModelEndpoint,
    AudioContent,
    Call,
    CodeExecution,
    FileContent,
    FileSearch,
    GenericContent,
    ImageContent,
    Message,
    Origin,
    ReasoningContent,
    RefusalContent,
    RemoteMCP,
    ServerToolContent,
    StructuredOutput,
    TextContent,
    ToolCallContent,
    ToolChoice,
    ToolDefinition,
    ToolResultContent,
    UserLocation,
    WebSearch,
)
from support.schemas import schemas

WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=30)
SOME_WORDS = WORDS.filter(lambda words: bool(words.strip()))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**31), 2**31) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)
OBJECTS = st.dictionaries(st.text("abc", min_size=1, max_size=4), JSON, max_size=3)
IDS = st.text("abcXYZ019_-:.", min_size=1, max_size=12)
NAMES = st.sampled_from(["look_up", "add", "weather"])
DATA = st.binary(min_size=1, max_size=20)


def origins(protocols: tuple[str, ...] = ("openai_chat", "anthropic", "gemini")) -> st.SearchStrategy[Origin]:
    return st.builds(
        Origin,
        provider=st.sampled_from(["openai", "anthropic", "google_ai"]),
        model=st.just("m"),
        protocol=st.sampled_from(protocols),
    )


IMAGES = st.builds(ImageContent, data=DATA, mime_type=st.sampled_from(["image/png", "image/jpeg"])) | st.builds(
    ImageContent, url=st.just("https://example.org/a.png"), detail=st.none() | st.sampled_from(["low", "high"])
)
FILES = st.builds(FileContent, data=DATA, mime_type=st.just("application/pdf"), name=st.just("a.pdf")) | st.builds(
    FileContent, data=st.just(b"some,text"), mime_type=st.just("text/csv"), name=st.none() | st.just("a.csv")
)
SOUNDS = st.builds(AudioContent, data=DATA, mime_type=st.sampled_from(["audio/wav", "audio/mpeg"]))
# What a host runs and finds by itself, in its own words.
SEARCH = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search"}
MATCHES = {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []}
CODE = {"executableCode": {"code": "1 + 1", "language": "PYTHON"}}
RAN = {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "2"}}
SPOKEN = st.builds(TextContent, text=WORDS)


@st.composite
def rounds(draw: st.DrawFn) -> list[Message]:
    """A question, an answer with everything in it, and the results it asked for."""
    origin = draw(st.none() | origins())
    run, actual = (CODE, RAN) if origin and origin.protocol == "gemini" else (SEARCH, MATCHES)
    requested = draw(st.lists(st.one_of(SPOKEN, IMAGES, FILES, SOUNDS), max_size=3))
    question = Message(role="user", contents=[TextContent(text=draw(SOME_WORDS)), *requested])
    ids = draw(st.lists(IDS, max_size=3, unique=True))
    calls = [ToolCallContent(id=i, name=draw(NAMES), arguments=draw(OBJECTS), origin=origin) for i in ids]
    provided = draw(
        st.lists(
            st.one_of(
                st.builds(TextContent, text=WORDS, origin=st.just(origin)),
                st.builds(ReasoningContent, text=WORDS, signature=st.none() | st.just("sig"), origin=st.just(origin)),
                st.builds(RefusalContent, text=WORDS, origin=st.just(origin)),
                st.builds(ServerToolContent, data=st.just(run), origin=st.just(origin)),
                st.builds(GenericContent, kind=st.just("found"), data=st.just(actual), origin=st.just(origin)),
            ),
            max_size=3,
        )
    )
    answer = Message(role="assistant", contents=[*provided, *calls])
    results = [
        ToolResultContent(
            call_id=call.id,
            name=call.name,
            output=draw(JSON),
            contents=draw(st.lists(IMAGES, max_size=1)),
            is_error=draw(st.booleans()),
        )
        for call in calls
    ]
    return [question, answer, *([Message(role="tool", contents=results)] if results else [])]


@st.composite
def histories(draw: st.DrawFn) -> tuple[Message, ...]:
    turns = [turn for one in draw(st.lists(rounds(), max_size=2)) for turn in one]
    if draw(st.booleans()):
        turns.insert(draw(st.integers(0, len(turns))), Message(role="system", contents=[TextContent(text="Be brief.")]))
    last = Message(role="user", contents=[TextContent(text=draw(SOME_WORDS)), *draw(st.lists(IMAGES, max_size=1))])
    return (*turns, last)


TOOLS = st.builds(
    ToolDefinition,
    name=NAMES,
    description=st.none() | SOME_WORDS,
    parameters=st.just({"type": "object", "properties": {"q": {"type": "string"}}, "required": ["q"]}),
    strict=st.none() | st.booleans(),
)
PLACES = st.builds(UserLocation, country=st.none() | st.just("DE"), city=st.none() | st.just("Ulm"))
DOMAINS = st.lists(st.just("example.org"), max_size=1).map(tuple)
PROVIDER_TOOLS: st.SearchStrategy[Any] = st.one_of(
    st.builds(
        WebSearch,
        allowed_domains=DOMAINS,
        blocked_domains=DOMAINS,
        max_uses=st.none() | st.just(3),
        context_size=st.none() | st.sampled_from(["low", "high"]),
        place=st.none() | PLACES,
    ),
    st.builds(CodeExecution, container=st.none() | st.just("cntr_1"), file_ids=st.just(()) | st.just(("file_1",))),
    st.builds(FileSearch, store_ids=st.just(("vs_1",)), max_results=st.none() | st.just(4)),
    st.builds(
        RemoteMCP,
        name=st.just("wiki"),
        url=st.just("https://mcp.example.org/mcp"),
        authorization=st.none() | st.just("secret-token"),
        headers=st.just({}) | st.just({"x-team": "blue"}),
        allowed_tools=st.just(()) | st.just(("search",)),
        description=st.none() | SOME_WORDS,
    ),
)
SETTINGS: dict[str, st.SearchStrategy[Any]] = {
    "streaming": st.booleans(),
    "max_output_tokens": st.integers(1, 100_000),
    "reasoning": st.booleans(),
    "max_reasoning_tokens": st.integers(1, 60_000),
    "reasoning_effort": st.sampled_from(["minimal", "low", "medium", "high"]),
    "temperature": st.floats(0, 1),
    "top_p": st.floats(0, 1),
    "top_k": st.integers(0, 40),
    "frequency_penalty": st.floats(-2, 2),
    "presence_penalty": st.floats(-2, 2),
    "logit_bias": st.just({"50256": -100}),
    "seed": st.integers(0, 2**31),
    "stop": st.lists(SOME_WORDS, max_size=3).map(tuple),
    "n": st.integers(1, 3),
    "logprobs": st.booleans(),
    "top_logprobs": st.integers(0, 5),
    "parallel_tool_calls": st.booleans(),
    "user": st.just("user-1"),
    "metadata": st.just({"user_id": "u", "job": "j"}),
    "structured_output": st.builds(
        StructuredOutput,
        output_schema=schemas(),
        mode=st.sampled_from(["auto", "native", "tool", "prompt"]),
        strict=st.none() | st.booleans(),
        description=st.none() | SOME_WORDS,
    ),
}


@st.composite
def calls(draw: st.DrawFn, provider: str) -> Call:
    chosen = draw(st.sets(st.sampled_from(sorted(SETTINGS))))
    config: dict[str, Any] = {name: draw(SETTINGS[name]) for name in chosen}
    tools = draw(st.lists(TOOLS, max_size=3, unique_by=lambda tool: tool.name))
    provider_tools = draw(st.lists(PROVIDER_TOOLS, max_size=2, unique_by=lambda tool: tool.kind))
    if tools or provider_tools:
        config["tools"] = (*tools, *provider_tools)
    if tools:
        config["tool_choice"] = draw(
            st.none()
            | st.builds(ToolChoice, mode=st.sampled_from(["auto", "none", "required"]))
            | st.just(ToolChoice(mode="required", names=(tools[0].name,)))
        )
    return Call(
        endpoint=AIModelEndpoint(api=AIModelAPI(provider=provider), ai_model=AIModel(model_name="m")),
        messages=draw(histories()),
        config=AIModelCallConfig(**config),
        instructions=tuple(draw(st.lists(SOME_WORDS, max_size=2))),
    )
