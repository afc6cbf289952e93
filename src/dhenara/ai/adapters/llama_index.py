"""LlamaIndex: `DhenaraLLM`, an LLM with function calling of any provider, and `DhenaraEmbedding`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ConfigDict, Field, PrivateAttr, SecretStr, model_validator

from ..catalog.model_info import find_facts
from ..client.client import AIModelClient
from ..errors import ConfigurationError
from ..types.config.call import AIModelCallConfig
from ..types.config.other_names import use_own_names
from ..types.tools.tool_definition import ToolDefinition
from . import ClientPool, with_model

try:
    from llama_index.core.base.embeddings.base import BaseEmbedding
    from llama_index.core.base.llms import types as t
    from llama_index.core.llms.callbacks import llm_chat_callback, llm_completion_callback
    from llama_index.core.llms.function_calling import FunctionCallingLLM
    from llama_index.core.llms.llm import ToolSelection
except ImportError as missing:
    raise ConfigurationError("this needs LlamaIndex: pip install 'dhenara[llama-index]'") from missing

from .llama_index_messages import read_message, stream_responses, stream_responses_async, to_completion, to_response

OPTIONS = ("temperature", "max_tokens", "timeout", "max_retries")


def without_secrets(component: Any) -> dict[str, Any]:
    """Return what a pickle of a component contains: its fields without key and client, which are made anew."""
    fields = {name: getattr(component, name) for name in type(component).model_fields}
    return {"__dict__": {name: value for name, value in fields.items() if name not in ("api_key", "client")}}


class DhenaraLLM(FunctionCallingLLM):
    """LLM of LlamaIndex for any provider: `DhenaraLLM("anthropic/claude-sonnet-5")`.

    Args:
        model: Name of the model with its provider.
        **fields: The fields below, those of LlamaIndex's LLMs, and call options.

    Attributes:
        model: Name of the model with its provider. Default: that of `client`.
        api_key: API key. Default None: read from the provider's environment variable. It is not serialized.
        base_url: Address of the provider. Default None: the usual one.
        temperature: Sampling temperature. Default None: the provider's.
        max_tokens: Maximum number of tokens of an answer. Default None: the provider's.
        timeout: Seconds for a call, with its retries. Default None.
        max_retries: Retries after the first attempt. Default None: 2.
        call_options: Further call options (`CallOptions`), such as `{"reasoning_effort": "high"}`.
        client: The client to use. Default None: one is made of the fields above. It is not serialized.
    """

    model: str = ""
    api_key: SecretStr | None = Field(default=None, exclude=True, repr=False)
    base_url: str | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    timeout: float | None = None
    max_retries: int | None = None
    call_options: dict[str, Any] = Field(default_factory=dict)
    client: Any = Field(default=None, exclude=True, repr=False)

    model_config = ConfigDict(hide_input_in_errors=True, protected_namespaces=())
    _pool: ClientPool = PrivateAttr()

    def __init__(self, model: str = "", **fields: Any) -> None:
        super().__init__(**with_model({"model": model, **fields}))

    @model_validator(mode="before")
    @classmethod
    def _check_options(cls, given: Any) -> Any:
        """Raise for fields and options that do not exist."""
        if isinstance(given, Mapping):
            further = {name: value for name, value in given.items() if name not in cls.model_fields}
            further.pop("class_name", None)
            AIModelCallConfig(**{**further, **(given.get("call_options") or {})})
            given = {name: value for name, value in given.items() if name in cls.model_fields}
            given["call_options"] = {**further, **(given.get("call_options") or {})}
        return given

    def model_post_init(self, context: Any) -> None:
        """Make the client."""
        super().model_post_init(context)
        self._pool = ClientPool(self.client, self.model, self.api_key, self.base_url)

    def __getstate__(self) -> dict[str, Any]:
        return without_secrets(self)

    @classmethod
    def class_name(cls) -> str:
        """Return the name for serialized components."""
        return "DhenaraLLM"

    @property
    def metadata(self) -> t.LLMMetadata:
        """What the catalogue knows of the model."""
        provider, _, name = self.model.partition("/")
        facts = find_facts(name, provider)
        window = facts and (facts.context_window or facts.max_input_tokens)
        known: dict[str, Any] = {"context_window": window} if window else {}
        known |= {"num_output": self.max_tokens} if self.max_tokens else {}
        tools = facts is None or facts.tools is not False
        return t.LLMMetadata(is_chat_model=True, is_function_calling_model=tools, model_name=self.model, **known)

    def _call(self, messages: Sequence[t.ChatMessage], given: Mapping[str, Any], streaming: bool) -> dict[str, Any]:
        own = {name: value for name in OPTIONS if (value := getattr(self, name)) is not None}
        options = {**use_own_names(own), **use_own_names(self.call_options), **use_own_names(given)}
        return {"messages": [read_message(message) for message in messages], **options, "streaming": streaming}

    def _client(self, given: dict[str, Any]) -> AIModelClient:
        return self._pool.find(given.pop("model", None) or self.model)

    @llm_chat_callback()
    def chat(self, messages: Sequence[t.ChatMessage], **kwargs: Any) -> t.ChatResponse:
        """Answer messages; keyword arguments are call options."""
        return to_response(self._client(kwargs).generate(**self._call(messages, kwargs, False)))

    @llm_chat_callback()
    async def achat(self, messages: Sequence[t.ChatMessage], **kwargs: Any) -> t.ChatResponse:
        """Async version of `chat`."""
        return to_response(await self._client(kwargs).generate_async(**self._call(messages, kwargs, False)))

    @llm_chat_callback()
    def stream_chat(self, messages: Sequence[t.ChatMessage], **kwargs: Any) -> t.ChatResponseGen:
        """Stream an answer to messages."""
        return stream_responses(self._client(kwargs).generate(**self._call(messages, kwargs, True)))

    @llm_chat_callback()
    async def astream_chat(self, messages: Sequence[t.ChatMessage], **kwargs: Any) -> t.ChatResponseAsyncGen:
        """Async version of `stream_chat`."""
        return stream_responses_async(await self._client(kwargs).generate_async(**self._call(messages, kwargs, True)))

    @llm_completion_callback()
    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> t.CompletionResponse:
        """Answer a prompt."""
        return to_completion(self.chat([t.ChatMessage(prompt)], **kwargs))

    @llm_completion_callback()
    async def acomplete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> t.CompletionResponse:
        """Async version of `complete`."""
        return to_completion(await self.achat([t.ChatMessage(prompt)], **kwargs))

    @llm_completion_callback()
    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> t.CompletionResponseGen:
        """Stream an answer to a prompt."""
        return (to_completion(response) for response in self.stream_chat([t.ChatMessage(prompt)], **kwargs))

    @llm_completion_callback()
    async def astream_complete(
        self, prompt: str, formatted: bool = False, **kwargs: Any
    ) -> t.CompletionResponseAsyncGen:
        """Async version of `stream_complete`."""
        responses = await self.astream_chat([t.ChatMessage(prompt)], **kwargs)
        return (to_completion(response) async for response in responses)

    def _prepare_chat_with_tools(
        self,
        tools: Sequence[Any],
        user_msg: str | t.ChatMessage | None = None,
        chat_history: list[t.ChatMessage] | None = None,
        verbose: bool = False,
        allow_parallel_tool_calls: bool = False,
        tool_required: bool = False,
        **kwargs: Any,
    ) -> dict[str, Any]:
        prompt = [t.ChatMessage(user_msg)] if isinstance(user_msg, str) else [user_msg] if user_msg else []
        if not tools:
            return {"messages": [*(chat_history or ()), *prompt], **kwargs}
        known = [one.metadata for one in tools]
        given = [
            ToolDefinition(name=one.get_name(), description=one.description, parameters=one.get_parameters_dict())
            for one in known
        ]
        if tool_required or kwargs.get("tool_choice") is None:
            kwargs["tool_choice"] = "required" if tool_required else "auto"
        call = {"tools": given, "parallel_tool_calls": allow_parallel_tool_calls, **kwargs}
        return {"messages": [*(chat_history or ()), *prompt], **call}

    def get_tool_calls_from_response(
        self, response: t.ChatResponse, error_on_no_tool_call: bool = True, **kwargs: Any
    ) -> list[ToolSelection]:
        """Return the tool calls of an answer.

        Args:
            response: The answer.
            error_on_no_tool_call: Whether it is an error if there are none.
            **kwargs: Not used.

        Raises:
            ValueError: If there are none.
        """
        calls = [block for block in response.message.blocks if isinstance(block, t.ToolCallBlock)]
        if not calls and error_on_no_tool_call:
            raise ValueError(f"the model called no tool; it answered {response.message.content!r}")
        return [
            ToolSelection.model_validate(
                {"tool_id": call.tool_call_id or "", "tool_name": call.tool_name, "tool_kwargs": call.tool_kwargs}
            )
            for call in calls
        ]


class DhenaraEmbedding(BaseEmbedding):
    """Embeddings of LlamaIndex for any provider: `DhenaraEmbedding("openai/text-embedding-3-small")`.

    Texts and queries are embedded for their purpose (`input_type`), where the model distinguishes it.

    Args:
        model_name: Name of the model with its provider.
        **fields: The fields below, and those of LlamaIndex's embeddings.

    Attributes:
        model_name: Name of the model with its provider. Default: that of `client`.
        api_key: API key. Default None: read from the provider's environment variable. It is not serialized.
        base_url: Address of the provider. Default None: the usual one.
        settings: Options of `embed`, such as `{"dimensions": 256}` (`EmbedSettings`).
        client: The client to use. Default None: one is made of the fields above. It is not serialized.
    """

    model_name: str = ""
    embed_batch_size: int = Field(default=100, gt=0, le=2048)
    api_key: SecretStr | None = Field(default=None, exclude=True, repr=False)
    base_url: str | None = None
    settings: dict[str, Any] = Field(default_factory=dict)
    client: Any = Field(default=None, exclude=True, repr=False)

    model_config = ConfigDict(hide_input_in_errors=True, protected_namespaces=())
    _engine: AIModelClient = PrivateAttr()

    def __init__(self, model_name: str = "", **fields: Any) -> None:
        name = with_model({"model": model_name, "client": fields.get("client")})["model"]
        super().__init__(model_name=name, **fields)

    def model_post_init(self, context: Any) -> None:
        """Make the client."""
        super().model_post_init(context)
        self._engine = ClientPool(self.client, self.model_name, self.api_key, self.base_url).find(self.model_name)

    def __getstate__(self) -> dict[str, Any]:
        return without_secrets(self)

    @classmethod
    def class_name(cls) -> str:
        """Return the name for serialized components."""
        return "DhenaraEmbedding"

    def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        options: Any = {"input_type": "document", **self.settings}
        return self._engine.embed(texts, **options).vectors

    async def _aget_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        options: Any = {"input_type": "document", **self.settings}
        return (await self._engine.embed_async(texts, **options)).vectors

    def _get_text_embedding(self, text: str) -> list[float]:
        return self._get_text_embeddings([text])[0]

    async def _aget_text_embedding(self, text: str) -> list[float]:
        return (await self._aget_text_embeddings([text]))[0]

    def _get_query_embedding(self, query: str) -> list[float]:
        options: Any = {"input_type": "query", **self.settings}
        return self._engine.embed([query], **options).vectors[0]

    async def _aget_query_embedding(self, query: str) -> list[float]:
        options: Any = {"input_type": "query", **self.settings}
        return (await self._engine.embed_async([query], **options)).vectors[0]
