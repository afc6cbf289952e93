"""Errands of the interview: looking for servers, asking for models, trying one request."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from ..client import AiClient, create_client
from ..doctor.calls import call_limit
from ..exceptions import AIUtilitiesError
from ..providers.auto import is_reachable, server_address
from ..providers.facts import EMBEDDED, LOOPBACK, facts_of, known_providers
from .steps import Detect, Errand, ListModels, ProviderEntry, Server, Try

QUESTION = "Reply with the single word: ready"


class ActionRunner:
    """Does errands for real. `variables` is the environment over `.env`."""

    def __init__(self, variables: Mapping[str, str], connect: Callable[..., AiClient] = create_client) -> None:
        self._variables = variables
        self._connect = connect

    def run(self, action: Errand) -> Any:
        match action:
            case Detect():
                return list(self._detect())
            case ListModels(entry):
                return self._models(entry)
            case Try(entry):
                return self._try(entry)

    def _detect(self) -> Iterator[Server]:
        for name in known_providers():
            facts = facts_of(name)
            address = server_address(facts, self._variables) if name != EMBEDDED else None
            if address is not None and is_reachable(address):
                yield Server(name, address)

    def _models(self, entry: ProviderEntry) -> list[str] | str:
        try:
            with self._client(entry) as client:
                return sorted(client.list_models())
        except AIUtilitiesError as error:
            return str(error)

    def _try(self, entry: ProviderEntry) -> str | None:
        is_local = facts_of(entry.provider).is_local or urlsplit(entry.base_url or "").hostname in LOOPBACK
        try:
            with self._client(entry) as client:
                client.ask(QUESTION, max_tokens=16, timeout=call_limit(is_local), retries=0, cache=False)
        except AIUtilitiesError as error:
            return str(error)
        return None

    def _client(self, entry: ProviderEntry) -> AiClient:
        key = entry.key or (self._variables.get(entry.key_from) if entry.key_from else None)
        return self._connect(
            api_key=key,
            model=entry.model or facts_of(entry.provider).first_model or "any",
            provider=entry.provider,
            base_url=entry.base_url,
            usage_tracking=False,
            fallbacks="",  # it is this provider that is tried
        )


class OfflineRunner:
    """Does no errand: for whoever wants nothing to be asked over the network."""

    def run(self, action: Errand) -> Any:
        match action:
            case Detect():
                return []
            case ListModels():
                return "nothing was asked over the network"
        return None
