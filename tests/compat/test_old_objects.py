"""Objects of version 1: built with their old fields, read by their old attributes."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from dhenara.ai.compat import (
    AIModelCallResponseMetaData,
    ChatMessageContentPart,
    ChatResponseGenericContentItem,
    ChatResponseReasoningContentItem,
    ChatResponseStructuredOutputContentItem,
    ChatResponseTextContentItem,
    ChatResponseToolCall,
    ChatResponseToolCallContentItem,
    ChatResponseUsage,
    ImageResponseContentItem,
    ImageResponseUsage,
    PromptConfig,
    PromptText,
    SystemInstruction,
    TextTemplate,
    ToolCallResult,
    ToolCallResultsMessage,
    read_response,
)
from dhenara.ai.compat.tools import StructuredOutputConfig, function_parameter_from_json_schema
from dhenara.ai.errors import ConfigurationError
from dhenara.ai.history.parsing import read_history
from dhenara.ai.types import (
    AIModelAPI,
    AIModelAPIProviderEnum,
    AIModelCallConfig,
    AIModelCallResponse,
    AIModelEndpoint,
    ChatModelSettings,
    ChatResponse,
    ChatResponseChoice,
    GenericContent,
    ImageContent,
    Prompt,
    ReasoningContent,
    SSEResponse,
    StructuredContent,
    TextContent,
    ToolCallContent,
    ToolChoice,
    ToolDefinition,
    Usage,
)
from dhenara.ai.types.conversation import ConversationNode
from dhenara.ai.types.genai.ai_model import AIModelProviderEnum
from dhenara.ai.types.shared.api import SSEErrorCode

TEXT = ChatResponseTextContentItem(
    index=0, role="assistant", message_contents=[ChatMessageContentPart(type="output_text", text="hi")]
)


def test_the_parts_of_an_answer_are_built_from_old_fields() -> None:
    call = ChatResponseToolCall(call_id="c", name="add", arguments={"a": 1})
    made = [
        TEXT,
        ChatResponseTextContentItem(index=1, text="hello", metadata={"a": 1}),
        ChatResponseReasoningContentItem(thinking_text="hm", thinking_signature="s", thinking_id="r1"),
        ChatResponseReasoningContentItem(thinking_summary=[{"type": "summary_text", "text": "short"}]),
        ChatResponseToolCallContentItem(tool_call=call),
        ChatResponseStructuredOutputContentItem(structured_output={"structured_data": {"a": 1}}),
        ChatResponseGenericContentItem(metadata={"type": "web_search_call"}),
    ]
    assert made == [
        TextContent(text="hi"),
        TextContent(text="hello", extras={"a": 1}),
        ReasoningContent(text="hm", signature="s", extras={"id": "r1"}),
        ReasoningContent(text="short"),
        ToolCallContent(id="c", name="add", arguments={"a": 1}),
        StructuredContent(text='{"a":1}', data={"a": 1}),
        GenericContent(kind="web_search_call", data={"type": "web_search_call"}),
    ]
    assert made[4].tool_call == call.model_copy(update={"id": "c"})
    assert made[2].thinking_text == "hm"
    assert made[2].thinking_id == "r1"
    assert made[3].thinking_summary is None


def test_reasoning_with_a_summary_shows_both() -> None:
    part = ChatResponseReasoningContentItem(thinking_text="all of it", thinking_summary="short")
    assert (part.thinking_text, part.thinking_summary, part.get_text()) == ("all of it", "short", "short")


def test_answers_are_instances_of_the_old_classes() -> None:
    assert isinstance(TextContent(text="x"), ChatResponseTextContentItem)
    assert not isinstance(TextContent(text="x"), ChatResponseReasoningContentItem)
    assert isinstance(Usage(), ChatResponseUsage)
    assert TypeAdapter(ChatResponseTextContentItem).validate_python({"text": "x"}) == TextContent(text="x")


def test_usage_is_built_from_old_names() -> None:
    usage = ChatResponseUsage(total_tokens=110, prompt_tokens=50, completion_tokens=60, reasoning_tokens=20)
    assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (50, 60, 110)
    assert usage.reasoning_tokens == 20
    assert usage.hosted_tool_usage is None
    searched: Any = Usage(server_tool_requests={"web_search": 2})
    assert searched.hosted_tool_usage.request_counts == {"web_search": 2, "total": 2}
    assert ImageResponseUsage(number_of_images=2, model="dall-e-3", options={"n": 2}).number_of_images == 2


def test_an_image_is_built_from_base64() -> None:
    image = ImageResponseContentItem(content_format="base64", content_b64_json="YWJj")
    assert image.get_content_as_bytes() == b"abc"
    linked = ImageResponseContentItem(content_format="url", content_url="https://example.com/a.png")
    assert (linked.content_format, linked.content_url, linked.content_b64_json) == (
        "url",
        "https://example.com/a.png",
        None,
    )
    with pytest.raises(ConfigurationError, match="only a URL"):
        linked.get_content_as_bytes()


@pytest.fixture
def response() -> Any:
    return ChatResponse(
        model="stub",
        provider=AIModelProviderEnum.OPEN_AI,
        api_provider=AIModelAPIProviderEnum.OPEN_AI,
        usage=ChatResponseUsage(total_tokens=100, prompt_tokens=50, completion_tokens=50),
        choices=[ChatResponseChoice(index=0, contents=[TEXT, ChatResponseReasoningContentItem(thinking_text="hm")])],
        metadata=AIModelCallResponseMetaData(streaming=False, duration_seconds=0, provider_metadata={}),
        provider_response={"id": "r"},
    )


def test_a_response_has_its_old_methods(response: Any) -> None:
    assert response.api_provider == "openai"
    assert response.provider_response == {"id": "r"}
    assert response.usage_charge is None
    assert response.as_text() == "hi\n\nhm"
    assert response.as_text(["text"]) == "hi"
    assert response.first("reasoning").thinking_text == "hm"
    assert response.first("tool_call") is None
    assert response.tools() == []
    assert response.to_message_item() is response
    assert response.to_message_item(1) is None
    assert response.to_prompt().role == "assistant"
    assert response.to_prompt(max_words_text=1).get_formatted_text() == "hi"
    assert response.structured_unprocessed() is None
    assert "choices" not in response.preview_dict()
    assert response.metadata.provider_metadata == {"provider_response": {"id": "r"}}
    assert response.model_dump_safe()["model"] == "stub"


def test_the_whole_response_previews_its_answer(response: Any) -> None:
    assert AIModelCallResponse().preview_dict() is None
    assert AIModelCallResponse().status is None
    whole = AIModelCallResponse(chat_response=response)
    assert whole.preview_dict()["model"] == "stub"
    assert whole.status.successful
    assert whole.choices == response.choices


def test_old_attributes_survive_copies_and_pickles(response: Any) -> None:
    for copy in (pickle.loads(pickle.dumps(response)), response.model_copy(deep=True)):  # noqa: S301  # our own
        assert copy == response
        assert copy.api_provider == "openai"


def test_an_attribute_that_no_version_had_is_an_ordinary_error(response: Any) -> None:
    with pytest.raises(AttributeError, match="'ChatResponse' object has no attribute 'nonsense'"):
        _ = response.nonsense
    with pytest.raises(AttributeError, match="'TextContent' object has no attribute 'tool_call'"):
        _ = TextContent().tool_call
    assert not hasattr(ImageContent(url="https://example.com/a.png"), "message_contents")


def test_a_removed_method_names_what_to_use() -> None:
    api: Any = AIModelAPI(provider="openai", api_key="a_test_key")
    with pytest.raises(AttributeError, match=r"'AIModelAPI' object lost .* Use api_key.get_secret_value\(\)"):
        api.get_provider_credentials()
    event: Any = SSEResponse(data="x")
    assert not hasattr(event, "set_random_id")


STORED = {
    "type": "chat_response",
    "model": "m",
    "provider": "open_ai",
    "api_provider": "openai",
    "usage": {"total_tokens": 10, "prompt_tokens": 4, "completion_tokens": 6, "reasoning_tokens": 2},
    "usage_charge": {"cost": 0.1, "charge": None},
    "choices": [
        {
            "index": 0,
            "finish_reason": "stop",
            "stop_sequence": None,
            "contents": [
                {"index": 0, "metadata": {}, "storage_metadata": {}, "custom_metadata": {}, "type": "reasoning"}
                | {"role": "assistant", "thinking_text": "hm", "thinking_id": "r1", "thinking_signature": "sig"}
                | {"thinking_summary": None, "thinking_status": None},
                {"index": 1, "type": "text", "role": "assistant", "text": None, "message_id": "m1"}
                | {"message_contents": [{"type": "output_text", "text": "Hi", "annotations": [], "metadata": None}]},
                {"index": 2, "type": "tool_call", "role": "assistant"}
                | {"tool_call": {"call_id": "c", "id": "i", "name": "add", "arguments": {"a": 1}, "metadata": {}}},
                {"index": 3, "type": "structured_output", "text": None, "message_id": None, "message_contents": None}
                | {"structured_output": {"config": {"output_schema": {}}, "structured_data": {"a": 1}}},
                {"index": 4, "metadata": {"type": "web_search_call"}, "type": "generic", "role": "assistant"},
            ],
            "metadata": {},
        }
    ],
    "metadata": {},
    "provider_response": {"id": "x"},
}
"""What 1.1.0 dumps."""


def test_a_stored_answer_of_version_1_is_read() -> None:
    answer: Any = read_response(STORED)
    assert answer.choices[0].contents == [
        ReasoningContent(text="hm", signature="sig", extras={"id": "r1"}),
        TextContent(text="Hi", extras={"id": "m1"}),
        ToolCallContent(id="c", name="add", arguments={"a": 1}),
        StructuredContent(text='{"a":1}', data={"a": 1}),
        GenericContent(kind="web_search_call", data={"type": "web_search_call"}),
    ]
    assert (answer.finish_reason, answer.usage.total_tokens, answer.usage.reasoning_tokens) == ("stop", 10, 2)
    assert answer.provider_response == {"id": "x"}
    assert ChatResponse.model_validate_json(answer.model_dump_json()) == answer
    odd = read_response({"model": "m", "choices": [{"finish_reason": "STOP", "contents": None}]})
    assert (odd.finish_reason, odd.choices[0].raw_finish_reason, odd.contents) == (None, "STOP", [])


def test_a_node_makes_prompts_that_show_their_text(response: Any) -> None:
    node: Any = ConversationNode(user_query="hello", response=response)
    query, answer = node.get_context()
    assert (query.role, query.get_formatted_text()) == ("user", "hello")
    assert (answer.role, answer.get_formatted_text(max_words=1)) == ("assistant", "hi")


def test_a_prompt_takes_the_fields_of_version_1() -> None:
    template = TextTemplate(text="Hello $var{name}", variables={"name": None})
    prompt: Any = Prompt(
        role="user",
        text=PromptText(template=template),
        variables={"name": "Ann"},
        files=[ImageContent(url="https://example.com/a.png")],
        config=PromptConfig(max_words_text=1),
    )
    assert prompt.text == "Hello"
    assert prompt.files == [ImageContent(url="https://example.com/a.png")]
    assert Prompt.model_validate({"text": {"content": {"type": "text", "text": "Hi"}}}).text == "Hi"
    with pytest.raises(ValidationError, match="defined but not used"):
        TextTemplate(text="Hello", variables={"name": None})
    assert SystemInstruction(text=PromptText(template=template)) == "Hello $var{name}"
    assert SystemInstruction(text="one two three").get_formatted_text(max_words=2) == "one two"


@pytest.mark.parametrize(
    ("stored", "role", "text"),
    [
        ({"type": "prompt", "text": "Hi", "role": "user"}, "user", "Hi"),
        ({"text": {"template": {"text": "Hi", "variables": {}}}, "variables": {}, "role": "user"}, "user", "Hi"),
        ({"text": {"content": {"type": "text", "text": "Hi", "json_c": {}}}, "role": "assistant"}, "assistant", "Hi"),
        ({"type": "tool_result", "call_id": "c", "output": "3", "name": "add"}, "tool", "3"),
        ({"type": "tool_results", "results": [{"type": "tool_result", "call_id": "c", "output": "3"}]}, "tool", "3"),
    ],
)
def test_a_stored_message_of_version_1_is_read(stored: dict[str, Any], role: str, text: str) -> None:
    (message,) = read_history(None, None, [stored])
    assert (message.role, message.contents[0].get_text()) == (role, text)


def test_results_of_tools_keep_their_helpers() -> None:
    text, data = ToolCallResult(call_id="c1", output="hello"), ToolCallResult(call_id="c2", output={"a": 1})
    assert (text.as_text(), text.as_json()) == ("hello", {"result": "hello"})
    assert (data.as_text(), data.as_json()) == ('{"a":1}', {"a": 1})
    message = ToolCallResultsMessage(results=[text, data])
    assert [one.call_id for one in message.as_list()] == ["c1", "c2"]
    assert message.results == message.contents
    with pytest.raises(ValidationError, match="must contain at least one"):
        ToolCallResultsMessage(results=[])


@pytest.mark.parametrize(
    ("fields", "choice"),
    [
        ({"type": "zero_or_more"}, ToolChoice(mode="auto")),
        ({"type": "one_or_more"}, ToolChoice(mode="required")),
        ({"type": "specific", "specific_tool_name": "add"}, ToolChoice(mode="required", names=("add",))),
        ({"type": None}, ToolChoice(mode="none")),
    ],
)
def test_a_tool_choice_takes_the_words_of_version_1(fields: dict[str, Any], choice: ToolChoice) -> None:
    assert ToolChoice.model_validate(fields) == choice
    assert AIModelCallConfig.model_validate({"tool_choice": fields}).tool_choice == choice


def test_an_unknown_word_for_a_tool_choice_names_the_known_ones() -> None:
    with pytest.raises(ValidationError, match="Use ToolChoice"):
        ToolChoice.model_validate({"type": "always"})


def test_a_function_becomes_a_definition_with_its_types() -> None:
    def search(path: str, tags: list[str] | None = None, strict: bool | None = None, limit: int = 10) -> str:
        """Search files.

        :param path: Where to search
        """
        return f"{path}{tags}{strict}{limit}"

    tool: Any = ToolDefinition.from_callable(search)
    assert (tool.type, tool.function.name, tool.function.description) == ("function", "search", "Search files.")
    properties = tool.function.parameters.properties
    assert tool.function.parameters.required == ["path"]
    assert (properties["path"].description, properties["path"].required) == ("Where to search", True)
    assert (properties["tags"].type, properties["tags"].items) == ("array", {"type": "string"})
    assert properties["strict"].type == "boolean"
    assert properties["limit"].default == 10
    assert tool.function_reference is search


def test_a_parameter_is_read_from_its_schema() -> None:
    made = function_parameter_from_json_schema({"type": ["string", "null"], "enum": ["a"]}, required=True, default="a")
    assert (made.type, made.allowed_values, made.default, made.required) == ("string", ["a"], "a", True)
    assert made.json_schema() == {"type": "string", "enum": ["a"], "default": "a"}


def test_the_config_takes_camel_case_and_the_fields_of_version_1() -> None:
    config: Any = AIModelCallConfig.model_validate(
        {
            "maxOutputTokens": 100,
            "reasoningEffort": "low",
            "retryDelay": 1.0,
            "tools": None,
            "metadata": {"user_id": "u"},
        }
    )
    assert (config.max_output_tokens, config.reasoning_effort, config.retry_delay) == (100, "low", 1.0)
    assert config.get_user() == "u"
    with pytest.raises(ValidationError, match="api_version_override does not exist in this version"):
        AIModelCallConfig.model_validate({"api_version_override": "v1"})


def test_a_config_is_limited_by_the_settings_of_the_model() -> None:
    from dhenara.ai.types import AIModel

    known = ChatModelSettings.model_validate(
        {
            "max_input_tokens": 100_000,
            "max_output_tokens": 4096,
            "max_output_tokens_reasoning_mode": 12_000,
            "max_reasoning_tokens": 10_000,
            "supports_reasoning": True,
        }
    )
    model, config = AIModel(model_name="m", settings=known), AIModelCallConfig(reasoning=True, max_output_tokens=15_000)
    limits: Any = config
    assert limits.get_max_output_tokens(model) == (12_000, 10_000)
    assert limits.get_max_output_token_limit(model) == 12_000
    by_effort = ChatModelSettings.model_validate(
        {"max_output_tokens": 4096, "max_reasoning_tokens": 10, "reasoning_control": "effort"}
    )
    assert limits.get_reasoning_token_budget(AIModel(model_name="m", settings=by_effort)) is None


def test_apis_and_endpoints_take_the_fields_for_applications() -> None:
    api = AIModelAPI.model_validate(
        {"provider": "openai", "api_key": "a_test_key", "order": 1, "enabled": True, "reference_number": "7"}
    )
    endpoint: Any = AIModelEndpoint.model_validate(
        {"api": api, "ai_model": {"model_name": "m"}, "order": 1, "reference_number": "main"}
    )
    assert endpoint.reference == endpoint.reference_number == "main"
    in_camel_case = AIModelEndpoint.model_validate(
        {"api": {"provider": "openai", "apiKey": "a_test_key"}, "aiModel": {"modelName": "m", "displayName": "M"}}
    )
    assert (in_camel_case.ai_model.model_name, in_camel_case.ai_model.display_name) == ("m", "M")


def test_a_schema_has_its_old_names() -> None:
    class Answer(BaseModel):
        name: str

    config = StructuredOutputConfig.from_model(Answer)
    config.allow_post_process_on_error = True
    assert config.get_model_class() is config.model_class_reference is Answer
    assert config.get_schema()["properties"].keys() == {"name"}
    assert {"model_class_reference", "allow_post_process_on_error"}.isdisjoint(config.model_dump())


def test_error_codes_have_their_old_names_too() -> None:
    assert SSEErrorCode.client_decode_error is SSEErrorCode.CLIENT_DECODE_ERROR
    assert len(SSEErrorCode) == 3
