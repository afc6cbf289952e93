"""Programs written for dhenara-ai 1.x run unchanged: each does what one of its public examples does."""

from __future__ import annotations

import asyncio
import base64
import datetime
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, Field

from dhenara.ai import AIModelClient
from dhenara.ai.providers.common.prompt_formatter import PromptFormatter
from dhenara.ai.testing import Answer, FakeServer, FakeToolCall
from dhenara.ai.types import (
    AIModelAPI,
    AIModelAPIProviderEnum,
    AIModelCallConfig,
    AIModelEndpoint,
    ChatModelCostData,
    ChatResponseContentItemType,
    FunctionDefinition,
    FunctionParameter,
    FunctionParameters,
    ImageContentFormat,
    ResourceConfig,
    StructuredOutputConfig,
    ToolChoice,
    ToolDefinition,
)
from dhenara.ai.types.conversation import ConversationNode
from dhenara.ai.types.genai.dhenara import PromptMessageRoleEnum
from dhenara.ai.types.genai.dhenara.request import (
    ArtifactConfig,
    MessageItem,
    ToolCallResult,
    ToolCallResultsMessage,
    WebSearchHostedTool,
)
from dhenara.ai.types.genai.dhenara.request.data import Content, Prompt, PromptText, SystemInstruction
from dhenara.ai.types.genai.foundation_models.anthropic.chat import Claude37Sonnet, ClaudeHaiku45
from dhenara.ai.types.genai.foundation_models.google.chat import Gemini35Flash
from dhenara.ai.types.genai.foundation_models.openai.chat import GPT4oMini, GPT54Nano
from dhenara.ai.types.genai.foundation_models.openai.image import DallE3
from dhenara.ai.types.shared import SSEErrorResponse, SSEEventType, SSEResponse

PROVIDERS = ("openai", "anthropic", "google_gemini_api")


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer(Answer("A robot painted.", reasoning="Think of robots."), forever=True) as fake:
        yield fake


@pytest.fixture
def credentials(server: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of version 1, in the folder where it looks for it."""
    file = tmp_path / "dai_credentials.yaml"
    blocks = [f"{name}:\n  api_key: a_key_of_{name}\n  config:\n    base_url: {server.url}\n" for name in PROVIDERS]
    file.write_text("# keys\n" + "\n".join(blocks))
    monkeypatch.setenv("DAI_SECRET_CONFIG_DIR", str(tmp_path))
    return file


@pytest.fixture
def resources(credentials: Path) -> Any:
    resources = ResourceConfig()
    resources.load_from_file()
    models = {
        AIModelAPIProviderEnum.OPEN_AI: GPT54Nano,
        AIModelAPIProviderEnum.ANTHROPIC: ClaudeHaiku45,
        AIModelAPIProviderEnum.GOOGLE_AI: Gemini35Flash,
    }
    resources.model_endpoints = [
        AIModelEndpoint(api=resources.get_api(provider), ai_model=model) for provider, model in models.items()
    ]
    return resources


def anthropic_endpoint(server: FakeServer) -> AIModelEndpoint:
    api = AIModelAPI(provider=AIModelAPIProviderEnum.ANTHROPIC, api_key="your_api_key", config={"base_url": server.url})
    return AIModelEndpoint(api=api, ai_model=Claude37Sonnet)


def test_a_plain_answer_with_its_parts_usage_and_charge(server: FakeServer) -> None:
    config = AIModelCallConfig(max_output_tokens=16000, reasoning=True, max_reasoning_tokens=8000, streaming=False)
    client = AIModelClient(model_endpoint=anthropic_endpoint(server), config=config, is_async=False)
    response = client.generate(
        prompt={"role": "user", "content": "What are three ways to improve productivity?"},
        context=[],
        instructions=["Be specific and actionable."],
    )
    shown = [
        (content.type, content.get_text()) for choice in response.chat_response.choices for content in choice.contents
    ]
    assert shown == [("reasoning", "Think of robots."), ("text", "A robot painted.")]
    assert response.chat_response.usage_charge.cost > 0
    assert response.chat_response.usage_charge.charge is None
    assert response.status.successful


def test_a_stream_is_printed_by_the_types_of_its_chunks(server: FakeServer) -> None:
    client = AIModelClient(
        model_endpoint=anthropic_endpoint(server),
        config=AIModelCallConfig(max_output_tokens=16000, reasoning=True, max_reasoning_tokens=8000, streaming=True),
        is_async=False,
    )
    response = client.generate(prompt={"role": "user", "content": "Explain."}, context=[], instructions=[])
    thought, text, final = "", "", None
    for chunk, final_response in response.stream_generator:
        if chunk:
            assert not isinstance(chunk, SSEErrorResponse)
            assert isinstance(chunk, SSEResponse)
            assert chunk.event == SSEEventType.TOKEN_STREAM
            for choice_delta in chunk.data.choice_deltas:
                for delta in choice_delta.content_deltas or []:
                    if delta.type == ChatResponseContentItemType.TEXT:
                        text += delta.get_text_delta()
                    if delta.type == ChatResponseContentItemType.REASONING:
                        thought += delta.thinking_text_delta
                        assert delta.thinking_summary_delta is None
        if final_response:
            final = final_response
    assert (thought, text) == ("Think of robots.", "A robot painted.")
    assert final is not None
    assert final.chat_response.usage_charge.cost > 0


def test_a_prompt_may_have_every_form_of_version_1(resources: Any) -> None:
    client = AIModelClient(
        model_endpoint=resources.get_model_endpoint("gpt-5.4-nano"),
        config=AIModelCallConfig(max_output_tokens=2000, streaming=False),
        is_async=False,
    )
    query = "What are three ways?"
    text = PromptText(content=Content(type="text", text=query))
    before = [
        {"role": "user", "text": "What are good habits?"},
        Prompt(role=PromptMessageRoleEnum.ASSISTANT, text="Time blocking."),
        "Explain it.",
    ]
    first = client.generate(prompt=query, instructions=["Be specific."])
    responses = [
        first,
        client.generate(prompt={"role": "user", "text": query}, context=[], instructions=["Be specific."]),
        client.generate(prompt=Prompt(role=PromptMessageRoleEnum.USER, text=text), instructions=["Be specific."]),
        client.generate(prompt=query, instructions=[SystemInstruction(text="Be specific.")]),
        client.generate(prompt="More.", context=[first.chat_response.to_prompt()], instructions=["Be detailed."]),
        client.generate(prompt="How?", context=before, instructions=""),
        client.generate(messages=[Prompt.with_text(query)]),
    ]
    for response in responses:
        assert response.chat_response.choices[0].contents[-1].get_text()[:100] == "A robot painted."


def test_the_requests_of_these_forms_are_the_same(server: FakeServer, resources: Any) -> None:
    client = AIModelClient(model_endpoint=resources.get_model_endpoint("gpt-5.4-nano"), is_async=False)
    text = PromptText(content=Content(type="text", text="Hi"))
    client.generate(prompt="Hi", instructions=["Be kind."])
    client.generate(prompt=Prompt(role="user", text=text), instructions=[SystemInstruction(text="Be kind.")])
    client.generate(messages=[Prompt.with_text("Hi")], instructions=["Be kind."])
    bodies = [exchange.json for exchange in server.exchanges]
    assert bodies[0] == bodies[1] == bodies[2]


@pytest.mark.parametrize("streaming", [False, True])
def test_turns_with_random_endpoints_continue_a_conversation(resources: Any, streaming: bool) -> None:
    nodes: list[ConversationNode] = []
    for query in ("Tell me a story.", "Continue it.", "Conclude it."):
        endpoint = random.choice(resources.model_endpoints)
        client = AIModelClient(
            model_endpoint=endpoint,
            config=AIModelCallConfig(
                max_output_tokens=2000,
                max_reasoning_tokens=1024,
                reasoning_effort="low",
                reasoning=True,
                streaming=streaming,
            ),
            is_async=False,
        )
        context: list[Any] = []
        for node in nodes:
            context += node.get_context()
        response = client.generate(prompt=query, context=context, instructions=["Be creative."])
        if streaming:
            *_, (_, response) = response.stream_generator
        node = ConversationNode(
            user_query=query,
            input_files=[],
            response=response.chat_response,
            timestamp=datetime.datetime.now().isoformat(),
        )
        nodes.append(node)
    assert [len(node.get_context()) for node in nodes] == [2, 2, 2]


def test_a_conversation_continues_by_messages_too(server: FakeServer, resources: Any) -> None:
    messages: list[MessageItem] = []
    for query in ("Tell me a story.", "Continue it."):
        client = AIModelClient(
            model_endpoint=resources.model_endpoints[1], config=AIModelCallConfig(max_output_tokens=500), is_async=False
        )
        response = client.generate(messages=[*messages, Prompt(role="user", text=query)], instructions=["Be brief."])
        messages += [Prompt(role="user", text=query), response.chat_response.to_message_item()]
    assert [message["role"] for message in server.exchanges[-1].json["messages"]] == ["user", "assistant", "user"]


def test_the_prompt_formatter_makes_prompts_for_any_model(resources: Any) -> None:
    client = AIModelClient(model_endpoint=resources.model_endpoints[2], is_async=False)
    prompt = PromptFormatter.format_conversion_node_as_prompts(
        model=client.model_endpoint.ai_model, user_query="Hello", attached_files=[], previous_response=[]
    )[0]
    answer = client.generate(prompt=prompt, context=[], instructions=["Be kind."])
    assert answer.chat_response.choices[0].contents[-1].text == "A robot painted."


def test_an_async_stream_ends_with_the_whole_answer(resources: Any) -> None:
    async def stream() -> Any:
        client = AIModelClient(
            model_endpoint=resources.model_endpoints[0], config=AIModelCallConfig(streaming=True), is_async=True
        )
        response = await client.generate_async(prompt="Tell me a story.", context=[], instructions=["Be brief."])
        text, final = "", None
        async for chunk, final_response in response.stream_generator:
            if chunk:
                text += chunk.data.choice_deltas[0].content_deltas[0].get_text_delta()
            final = final_response or final
        return text, final

    text, final = asyncio.run(stream())
    assert text == final.chat_response.text() == "A robot painted."


WEATHER = ToolDefinition(
    function=FunctionDefinition(
        name="get_weather",
        description="Get the current weather for a location",
        parameters=FunctionParameters(
            type="object",
            required=["location"],
            properties={
                "location": FunctionParameter(type="string", description="The city"),
                "unit": FunctionParameter(
                    type="string", description="The unit", allowed_values=["celsius", "fahrenheit"], default="celsius"
                ),
            },
        ),
    )
)


def schedule_meeting(title: str, minutes: int = 30, attendees: list[str] | None = None) -> dict[str, Any]:
    """Schedule a meeting.

    :param title: The title of the meeting
    :param minutes: How long it lasts
    :param attendees: Who takes part
    """
    return {"title": title, "minutes": minutes, "attendees": attendees or []}


def test_tools_are_declared_called_and_answered(server: FakeServer, credentials: Path) -> None:
    call = FakeToolCall("get_weather", {"location": "Paris"}, id="call_1")
    with FakeServer(Answer(tool_calls=[call]), Answer("Sunny."), strict=True) as fake:
        api = AIModelAPI(provider=AIModelAPIProviderEnum.OPEN_AI, api_key="your_api_key", config={"base_url": fake.url})
        client = AIModelClient(
            model_endpoint=AIModelEndpoint(api=api, ai_model=GPT4oMini),
            config=AIModelCallConfig(
                max_output_tokens=1000,
                tools=[WEATHER, ToolDefinition.from_callable(schedule_meeting)],
                tool_choice=ToolChoice(type="one_or_more"),
            ),
            is_async=False,
        )
        messages: list[MessageItem] = [Prompt(role="user", text="What's the weather?")]
        response = client.generate(messages=messages, instructions=["Use tools when appropriate."])
        messages.append(response.chat_response.to_message_item())
        for content in response.chat_response.choices[0].contents:
            if content.type == "tool_call" and content.tool_call:
                used = content.tool_call
                result = {"location": used.arguments["location"], "condition": "sunny"}
                messages.append(ToolCallResult(call_id=used.call_id, name=used.name, output=result))
        answer = client.generate(messages=messages)
        requested, answered = (exchange.json for exchange in fake.exchanges)
    assert answer.chat_response.text() == "Sunny."
    tools = {tool["function"]["name"]: tool["function"]["parameters"] for tool in requested["tools"]}
    assert tools["get_weather"]["properties"]["unit"]["enum"] == ["celsius", "fahrenheit"]
    assert tools["schedule_meeting"]["properties"]["title"]["description"] == "The title of the meeting"
    assert requested["tool_choice"] == "required"
    (output,) = [message["content"] for message in answered["messages"] if message["role"] == "tool"]
    assert json.loads(output) == {"location": "Paris", "condition": "sunny"}


def test_the_definition_of_a_tool_shows_its_function() -> None:
    assert WEATHER.function.name == "get_weather"
    assert WEATHER.function.parameters.properties["unit"].allowed_values == ["celsius", "fahrenheit"]
    assert WEATHER.function.parameters.required == ["location"]
    assert json.loads(WEATHER.model_dump_json())["name"] == "get_weather"


def test_results_may_be_grouped_and_need_no_id(server: FakeServer) -> None:
    client = AIModelClient(model_endpoint=anthropic_endpoint(server), is_async=False)
    call = {"role": "assistant", "tool_calls": [{"id": "a", "function": {"name": "add", "arguments": "{}"}}]}
    for result in (
        ToolCallResult(name="add", output=3),
        ToolCallResultsMessage(results=[ToolCallResult(call_id="a", name="add", output=3)]),
    ):
        client.generate(messages=["Add.", call, result])
        *_, last = server.exchanges[-1].json["messages"]
        assert last["content"][0]["tool_use_id"] == "a"


class ProductRatings(BaseModel):
    rating: int = Field(..., ge=1, le=5)


class ProductReview(BaseModel):
    product_name: str
    rating: ProductRatings
    pros: list[str] = Field(..., description="List of pros")


REVIEW = {"product_name": "Phone", "rating": {"rating": 4}, "pros": ["light"]}


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize(
    "schema",
    [
        ProductReview,
        StructuredOutputConfig.from_model(ProductReview),
        StructuredOutputConfig(output_schema=ProductReview.model_json_schema(), model_class_reference=ProductReview),
    ],
    ids=["class", "from_model", "config"],
)
def test_structured_output_is_a_dict_and_an_object(schema: Any, streaming: bool) -> None:
    with FakeServer(Answer(json.dumps(REVIEW))) as fake:
        client = AIModelClient(
            model_endpoint=anthropic_endpoint(fake),
            config=AIModelCallConfig(structured_output=schema, max_output_tokens=800, streaming=streaming),
        )
        response = client.generate(prompt="Write a review.")
        if streaming:
            *_, (_, response) = response.stream_generator
    chat = response.chat_response
    assert chat.structured() == REVIEW
    assert ProductReview(**chat.structured()) == chat.structured_pyd() == chat.parsed
    (item,) = [one for one in chat.choices[0].contents if hasattr(one, "structured_output")]
    assert item.type == ChatResponseContentItemType.STRUCTURED_OUTPUT
    assert item.structured_output.structured_data == REVIEW
    assert item.structured_output.parse_error is None
    assert not hasattr(item, "tool_call")


def test_an_invalid_structured_answer_says_why() -> None:
    with FakeServer(Answer('{"product_name": 3}')) as fake:
        client = AIModelClient(anthropic_endpoint(fake), AIModelCallConfig(structured_output=ProductReview))
        chat = client.generate(prompt="Write a review.").chat_response
    output = chat.structured_unprocessed()
    assert output.structured_data is None
    assert "rating" in output.parse_error
    assert chat.structured_pyd() is None


def test_web_search_runs_at_the_provider(resources: Any, server: FakeServer) -> None:
    client = AIModelClient(
        model_endpoint=resources.model_endpoints[1],
        config=AIModelCallConfig(max_output_tokens=800, hosted_tools=[WebSearchHostedTool(max_uses=2)]),
        is_async=False,
    )
    response = client.generate(messages=[Prompt.with_text("Search the web.")])
    assert response.chat_response.text() == "A robot painted."
    assert response.chat_response.usage.hosted_tool_usage is None
    for choice in response.chat_response.choices:
        for item in choice.contents:
            for part in getattr(item, "message_contents", []) or []:
                assert part.annotations is None
    assert [tool["name"] for tool in server.exchanges[0].json["tools"]] == ["web_search"]


def test_an_image_is_read_by_its_format(server: FakeServer) -> None:
    api = AIModelAPI(provider=AIModelAPIProviderEnum.OPEN_AI, api_key="your_api_key", config={"base_url": server.url})
    client = AIModelClient(
        model_endpoint=AIModelEndpoint(api=api, ai_model=DallE3),
        config=AIModelCallConfig(
            options={
                "quality": "standard",
                "size": "1024x1024",
                "style": "natural",
                "n": 1,
                "response_format": "b64_json",
            },
            test_mode=False,
        ),
        is_async=False,
    )
    response = client.generate(prompt="An elephant", context=[], instructions=[])
    (choice,) = response.image_response.choices
    (image,) = choice.contents
    assert image.content_format == ImageContentFormat.BASE64
    assert base64.b64decode(image.content_b64_json) == image.get_content_as_bytes() == image.content_bytes
    assert image.validate_content()
    assert response.image_response.usage.number_of_images == 1
    assert response.image_response.usage_charge.cost == pytest.approx(0.04)


def test_an_endpoint_charges_its_margin(server: FakeServer) -> None:
    endpoint = AIModelEndpoint(
        api=anthropic_endpoint(server).api,
        ai_model=Claude37Sonnet,
        cost_data=ChatModelCostData(
            input_token_cost_per_million=0.5, output_token_cost_per_million=1.5, cost_multiplier_percentage=20
        ),
    )
    charge = AIModelClient(endpoint, is_async=False).generate("Hi").chat_response.usage_charge
    assert charge.cost > 0
    assert charge.charge == pytest.approx(charge.cost * 1.2)
    assert endpoint.get_cost_data().get_charge(10).charge == pytest.approx(12)


def test_the_methods_for_stored_connections_are_there(server: FakeServer) -> None:
    client = AIModelClient(model_endpoint=anthropic_endpoint(server), is_async=False)
    try:
        for generate in (client.generate_with_existing_connection, client.generate_with_existing_connection_sync):
            assert generate(prompt="Hi").chat_response.text() == "A robot painted."
    finally:
        client.cleanup_sync()
    with pytest.raises(RuntimeError, match="cleanup_async called for a sync client"):
        client.cleanup_async()

    async def awaited() -> str:
        response = await AIModelClient(
            model_endpoint=anthropic_endpoint(server), is_async=False
        ).generate_with_existing_connection(prompt="Hi")
        return response.chat_response.text()

    assert asyncio.run(awaited()) == "A robot painted."

    async def several() -> list[str]:
        other = AIModelClient(model_endpoint=anthropic_endpoint(server), is_async=True)
        try:
            first = await other.generate_with_existing_connection_async(prompt="Hi")
            second = await other.generate_with_existing_connection(prompt="Hi")
        finally:
            await other.cleanup_async()
        with pytest.raises(RuntimeError, match="cleanup_sync called for an async client"):
            other.cleanup_sync()
        return [first.chat_response.text(), second.chat_response.text()]

    assert asyncio.run(several()) == ["A robot painted."] * 2


def test_the_artifacts_of_a_call_are_written(server: FakeServer, tmp_path: Path) -> None:
    config = AIModelCallConfig(
        keep_provider_response=True,
        artifact_config=ArtifactConfig(
            enabled=True,
            artifact_root=str(tmp_path / "runs"),
            prefix="call_001",
            enable_python_logs=True,
            python_logger_levels={"httpx": "WARNING"},
        ),
    )
    response = AIModelClient(anthropic_endpoint(server), config, is_async=False).generate("Hi, Jürgen")
    folder = tmp_path / "runs" / "call_001" / "dai"
    names = ["dai_provider_request.json", "dai_provider_response.json", "dai_request.json", "dai_response.json"]
    assert sorted(file.name for file in folder.iterdir()) == names
    files = {file.name: json.loads(file.read_text()) for file in folder.iterdir()}
    assert files["dai_provider_request.json"] == server.exchanges[0].json
    assert files["dai_provider_response.json"] == response.chat_response.provider_response
    assert files["dai_response.json"]["choices"][0]["contents"][-1]["text"] == "A robot painted."
    assert "Jürgen" in (folder / "dai_request.json").read_text()
    assert "your_api_key" not in "".join(file.read_text() for file in folder.iterdir())
