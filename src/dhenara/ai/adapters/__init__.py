"""Adapters: the client as a model of other libraries. Each module needs the library that it is named after."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import dhenara.ai as engine

from ..errors import ConfigurationError

if TYPE_CHECKING:
    from pydantic import SecretStr

    from ..client.client import AIModelClient
    from ..types.chat.response import AIModelCallResponse


class ClientPool:
    """The clients of a model object by name of the model, because a call may name another model.

    Args:
        given: A client; None to make one.
        model: Name of the model with its provider. Empty: that of the given client.
        api_key: API key of a client that is made here.
        base_url: Address of the provider for a client that is made here.
    """

    def __init__(
        self,
        given: AIModelClient | None,
        model: str,
        api_key: SecretStr | str | None = None,
        base_url: str | None = None,
    ) -> None:
        address: Any = {} if base_url is None else {"base_url": base_url}
        made = engine.AIModelClient(model, api_key=api_key, **address) if given is None else given
        self._first = made.with_endpoint(model) if given is not None and model != model_of(given) else made
        self._clients = {model: self._first}

    def find(self, model: str) -> AIModelClient:
        """Return the client for a model; it is made when it is first needed.

        Args:
            model: Name of the model; without a provider it is called at that of the first client.
        """
        if model not in self._clients:
            self._clients[model] = self._first.with_endpoint(model)
        return self._clients[model]


def model_of(client: AIModelClient) -> str:
    """Return the name of a client's model, with its provider."""
    endpoint = client.model_endpoint
    return f"{endpoint.api.provider}/{endpoint.ai_model.model_name}"


def with_model(given: Any) -> Any:
    """Add the model of the given client to the arguments of a model object that name none.

    Raises:
        ConfigurationError: If there is neither a client nor a model.
    """
    if not isinstance(given, Mapping):
        return given
    client = given.get("client")
    if client is not None and not isinstance(client, engine.AIModelClient):
        raise ConfigurationError(f"client must be an AIModelClient, not {type(client).__name__}")
    if given.get("model"):
        return given
    if client is None:
        raise ConfigurationError('there is no model. Write model="openai/gpt-5.4-mini", or client=AIModelClient(...)')
    return {**given, "model": model_of(client)}


def with_chat_response(response: AIModelCallResponse) -> AIModelCallResponse:
    """Return the response with the images of an image model as the parts of a chat response."""
    drawn = response.image_response
    if response.chat_response is not None or drawn is None:
        return response
    texts = [engine.TextContent(text=drawn.text)] if drawn.text else []
    choice = engine.ChatResponseChoice(contents=[*drawn.images, *texts], finish_reason="stop")
    known = {name: getattr(drawn, name) for name in ("id", "model", "provider", "usage", "warnings")}
    chat = engine.ChatResponse(choices=[choice], **known).with_cost(drawn.cost)
    return response.model_copy(update={"chat_response": chat})
