"""LangChain: `ChatDhenara`, a chat model for every provider, and `DhenaraEmbeddings`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any, Literal

from pydantic import ConfigDict, Field, PrivateAttr, SecretStr, model_validator

from ..client.client import AIModelClient
from ..errors import ConfigurationError, RefusedError
from ..providers.provider import load_provider
from ..types.chat.response import AIModelCallResponse
from ..types.config.call import AIModelCallConfig
from ..types.config.other_names import use_own_names
from ..types.tools.provider_tools import HostedTool, ServerTool
from ..types.tools.tool_definition import ToolDefinition

try:
    from langchain_core.embeddings import Embeddings
    from langchain_core.language_models import BaseChatModel, LanguageModelInput
    from langchain_core.language_models.base import LangSmithParams
    from langchain_core.messages import AIMessage, BaseMessage
    from langchain_core.output_parsers import JsonOutputParser, PydanticOutputParser
    from langchain_core.output_parsers.openai_tools import JsonOutputKeyToolsParser, PydanticToolsParser
    from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
    from langchain_core.runnables import Runnable, RunnableLambda, RunnableMap, RunnablePassthrough
    from langchain_core.tools import BaseTool
    from langchain_core.utils.function_calling import convert_to_json_schema, convert_to_openai_tool
    from langchain_core.utils.pydantic import is_basemodel_subclass
except ImportError as missing:
    raise ConfigurationError("this needs langchain-core: pip install 'dhenara[langchain]'") from missing

from . import ClientPool, read_format, with_chat_response, with_model
from .langchain_messages import to_ai_message, to_messages, to_profile, write_event

LANGCHAIN_ONLY = frozenset({"stream", "ls_structured_output_format"})
"""Arguments of calls that are for LangChain itself."""


def with_settings(given: Any, fields: Mapping[str, Any]) -> Any:
    """Move the call options among the arguments of a model into `model_kwargs`.

    Raises:
        ConfigurationError: If there is no such option.
    """
    if not isinstance(given, Mapping):
        return given
    options = {name: value for name, value in given.items() if name not in fields}
    options = {**(given.get("model_kwargs") or {}), **options}
    headers = [given.get("default_headers"), options.pop("headers", None), options.pop("extra_headers", None)]
    AIModelCallConfig(**options)
    own = {name: value for name, value in given.items() if name in fields}
    joined = {name: value for some in headers if some for name, value in some.items()}
    return {**own, "model_kwargs": options, "default_headers": joined or None}


class ChatDhenara(BaseChatModel):
    """LangChain chat model of any provider: `ChatDhenara(model="anthropic/claude-sonnet-5")`.

    Further keyword arguments are call options (`CallOptions`), such as `reasoning_effort="high"`; an unknown one is an
    error. `client` takes an `AIModelClient` with layers, fallbacks, a route or its own transport.

    Attributes:
        model: Name of the model with its provider. Default: that of `client`.
        api_key: API key. Default None: read from the provider's environment variable. Never serialized as text.
        base_url: Address of the provider. Default None: the usual one.
        temperature: Sampling temperature. Default None: the provider's.
        max_tokens: Maximum number of tokens of an answer. Default None: the provider's.
        stop: Stop sequences. Default None.
        timeout: Seconds for a call, with its retries. Default None.
        max_retries: Retries after the first attempt. Default None: 2.
        streaming: Whether `invoke` streams, for callbacks that take tokens. Default False.
        model_kwargs: Further call options.
        default_headers: HTTP headers of each request; they are not serialized.
        client: The client to use. Default None: one is made of the fields above. It is not serialized.
    """

    model: str = ""
    api_key: SecretStr | None = None
    base_url: str | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    stop: list[str] | None = None
    timeout: float | None = None
    max_retries: int | None = None
    streaming: bool = False
    model_kwargs: dict[str, Any] = Field(default_factory=dict)
    default_headers: dict[str, str] | None = Field(default=None, exclude=True, repr=False)
    client: Any = Field(default=None, exclude=True, repr=False)

    model_config = ConfigDict(hide_input_in_errors=True, protected_namespaces=())
    _pool: ClientPool = PrivateAttr()

    @model_validator(mode="before")
    @classmethod
    def _read_arguments(cls, given: Any) -> Any:
        return with_settings(with_model(given), cls.model_fields)

    def model_post_init(self, context: Any) -> None:
        """Make the client."""
        super().model_post_init(context)
        self._pool = ClientPool(self.client, self.model, self.api_key, self.base_url)

    @classmethod
    def is_lc_serializable(cls) -> bool:
        """Return True: `langchain_core.load.dumpd` writes the model without its key."""
        return True

    @classmethod
    def get_lc_namespace(cls) -> list[str]:
        """Return the module of this class, as LangChain loads it."""
        return __name__.split(".")

    @property
    def lc_secrets(self) -> dict[str, str]:
        """The environment variable that stands for the key in serialized models."""
        return {"api_key": (*load_provider(self._provider()).key_env, "DHENARA_API_KEY")[0]}

    def _resolve_model_profile(self) -> Any:
        return to_profile(self.model)

    @property
    def _llm_type(self) -> str:
        return "dhenara"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        own = ("model", "base_url", "temperature", "max_tokens", "stop", "timeout", "max_retries", "model_kwargs")
        return {name: value for name in own if (value := getattr(self, name)) not in (None, {})}

    def _provider(self) -> str:
        return str(self._pool.find(self.model).model_endpoint.api.provider)

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        known: LangSmithParams = super()._get_ls_params(stop=stop, **kwargs)
        return {**known, "ls_provider": self._provider()}

    def _call(self, messages: list[BaseMessage], stop: list[str] | None, given: dict[str, Any]) -> dict[str, Any]:
        """Return the arguments of `generate`: the fields of this model, and over them those of the call."""
        own = {name: getattr(self, name) for name in ("temperature", "max_tokens", "timeout", "max_retries")}
        own |= {"stop": self.stop if stop is None else stop, "headers": self.default_headers}
        fields = use_own_names({name: value for name, value in own.items() if value is not None})
        call = {name: value for name, value in given.items() if name not in LANGCHAIN_ONLY}
        call |= read_format(call.pop("response_format", None))
        options = {**fields, **use_own_names(self.model_kwargs), **use_own_names(call)}
        return {"messages": to_messages(messages), **options, "streaming": False}

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: Any = None,
        **kwargs: Any,
    ) -> ChatResult:
        client = self._pool.find(kwargs.pop("model", None) or self.model)
        return self._result(client.generate(**self._call(messages, stop, kwargs)))

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: Any = None,
        **kwargs: Any,
    ) -> ChatResult:
        client = self._pool.find(kwargs.pop("model", None) or self.model)
        return self._result(await client.generate_async(**self._call(messages, stop, kwargs)))

    def _result(self, response: AIModelCallResponse) -> ChatResult:
        answer = with_chat_response(response)
        made = [to_ai_message(answer, choice, self.output_version) for choice in answer.chat_response.choices]
        return ChatResult(generations=[ChatGeneration(message=message) for message in made])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: Any = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        client = self._pool.find(kwargs.pop("model", None) or self.model)
        call = {**self._call(messages, stop, kwargs), "streaming": True}
        with client.generate(**call).sync_stream_generator as stream:
            for event, _ in stream:
                if chunk := write_event(event, stream, self.output_version):
                    yield ChatGenerationChunk(message=chunk)

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: Any = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        client = self._pool.find(kwargs.pop("model", None) or self.model)
        call = {**self._call(messages, stop, kwargs), "streaming": True}
        async with (await client.generate_async(**call)).async_stream_generator as stream:
            async for event, _ in stream:
                if chunk := write_event(event, stream, self.output_version):
                    yield ChatGenerationChunk(message=chunk)

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: Any = None,
        strict: bool | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Return a model that may call these tools.

        Args:
            tools: Tools of LangChain, functions, model classes, dicts, or tools that the provider runs (`WebSearch()`).
            tool_choice: `"auto"`, `"none"`, `"any"` (also True), the name of a tool, or a vendor's dict.
            strict: Whether the provider enforces the schemas. Default None: where it can.
            **kwargs: Further call options, such as `parallel_tool_calls`.
        """
        if tool_choice is not None and tool_choice is not False:
            kwargs["tool_choice"] = "required" if tool_choice in (True, "any") else tool_choice
        return super().bind(tools=[to_tool(tool, strict) for tool in tools], **kwargs)

    def with_structured_output(
        self,
        schema: dict[str, Any] | type | None = None,
        *,
        method: Literal["json_schema", "function_calling", "json_mode"] = "json_schema",
        include_raw: bool = False,
        strict: bool | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, Any]:
        """Return a model whose answers match a schema.

        Args:
            schema: Model class, TypedDict, JSON Schema or tool in OpenAI's format.
            method: `"json_schema"` (default; the best way that the provider has), `"function_calling"` (arguments of a
                tool call), or `"json_mode"` (described in the prompt).
            include_raw: Whether to return a dict of `raw`, `parsed` and `parsing_error`.
            strict: Whether the provider enforces the schema. Default None: where it can.
            **kwargs: Further call options, such as `tools`.
        """
        tools = [to_tool(tool, strict) for tool in kwargs.pop("tools", None) or ()]
        plain = {"title": "answer", "type": "object"} if schema is None else convert_to_json_schema(schema)
        shown = {"kwargs": {"method": method, "strict": strict}, "schema": plain}
        kind = schema if isinstance(schema, type) and is_basemodel_subclass(schema) else None
        parser: Any
        if method == "function_calling":
            if schema is None:
                raise ConfigurationError("function_calling needs a schema. Pass a model class or a JSON Schema")
            how: Any = {"tool_choice": plain["title"], "strict": strict, "ls_structured_output_format": shown}
            model = self.bind_tools([*tools, schema], **how, **kwargs)
            named = JsonOutputKeyToolsParser(key_name=plain["title"], first_tool_only=True)
            parser = named if kind is None else PydanticToolsParser(tools=[kind], first_tool_only=True)
        elif method in MODES:
            about = {name: plain[name] for name in ("description",) if plain.get(name)}
            shape = {"output_schema": plain, "name": plain["title"], "strict": strict, "mode": MODES[method], **about}
            kwargs |= {"tools": tools} if tools else {}
            model = super().bind(structured_output=shape, ls_structured_output_format=shown, **kwargs)
            parser = JsonOutputParser() if kind is None else PydanticOutputParser(pydantic_object=kind)
        else:
            raise ConfigurationError(f"there is no method {method!r}. Use json_schema, function_calling or json_mode")
        checked = RunnableLambda(check_refusal) | parser if kind is not None else parser
        return RunnableMap(raw=model) | with_errors(checked) if include_raw else model | checked


MODES = {"json_schema": "auto", "json_mode": "prompt"}


def with_errors(parser: Runnable[Any, Any]) -> Runnable[Any, Any]:
    """A dict with `raw`, `parsed` and `parsing_error`."""
    good = RunnablePassthrough.assign(parsed=itemgetter("raw") | parser, parsing_error=lambda _: None)
    return good.with_fallbacks([RunnablePassthrough.assign(parsed=lambda _: None)], exception_key="parsing_error")


def check_refusal(message: AIMessage) -> AIMessage:
    """Raise if the model refused, because then there is no object."""
    if refusal := message.additional_kwargs.get("refusal"):
        who = message.response_metadata
        raise RefusedError(f"the model refused: {refusal}", provider=who.get("provider"), model=who.get("model_name"))
    return message


def to_tool(tool: Any, strict: bool | None) -> Any:
    """A tool as `generate` takes it: ours and those of vendors as they are, others in OpenAI's format."""
    if isinstance(tool, ToolDefinition | ServerTool | HostedTool):
        return tool
    if isinstance(tool, Mapping) and tool.get("type") not in (None, "function", "object"):
        return dict(tool)
    return convert_to_openai_tool(tool, strict=strict)


class DhenaraEmbeddings(Embeddings):
    """LangChain embeddings of any provider: `DhenaraEmbeddings("openai/text-embedding-3-small")`.

    Documents and queries are embedded for their purpose (`input_type`), where the model distinguishes it.

    Args:
        model: Name of the model with its provider. Default: that of `client`.
        api_key: API key. Default None: read from the provider's environment variable.
        base_url: Address of the provider. Default None: the usual one.
        client: The client to use. Default None: one is made of the arguments above.
        **settings: Options of `embed`, such as `dimensions` (`EmbedSettings`).
    """

    def __init__(
        self,
        model: str = "",
        *,
        api_key: SecretStr | str | None = None,
        base_url: str | None = None,
        client: AIModelClient | None = None,
        **settings: Any,
    ) -> None:
        self.model: str = with_model({"model": model, "client": client})["model"]
        self._client = ClientPool(client, self.model, api_key, base_url).find(self.model)
        self._document: Any = {"input_type": "document", **settings}
        self._query: Any = {"input_type": "query", **settings}

    def __repr__(self) -> str:
        return f"DhenaraEmbeddings({self.model!r})"

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Embed texts to search in.

        Args:
            texts: The texts.
        """
        return self._client.embed(texts, **self._document).vectors if texts else []

    def embed_query(self, text: str) -> list[float]:
        """Embed the text of a search.

        Args:
            text: The text.
        """
        return self._client.embed([text], **self._query).vectors[0]

    async def aembed_documents(self, texts: list[str]) -> list[list[float]]:
        """Async version of `embed_documents`."""
        return (await self._client.embed_async(texts, **self._document)).vectors if texts else []

    async def aembed_query(self, text: str) -> list[float]:
        """Async version of `embed_query`."""
        return (await self._client.embed_async([text], **self._query)).vectors[0]
