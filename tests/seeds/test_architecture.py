"""Seed 004: every block as printed; those that are sketches say what our classes must be like."""

from __future__ import annotations

import inspect
import json
import re
import warnings
from pathlib import Path
from typing import Any

import openai
import pytest

import ai_utilities
from ai_utilities import AiClient, AiSettings, AskResult, BaseProvider, UsageData, create_provider, exceptions
from dhenara.ai.testing import Answer, FakeServer, Refusal
from support.documents import blocks, run
from support.kit import settings

FUTURE = "from __future__ import annotations\n"


@pytest.fixture
def printed() -> list[str]:
    actual = blocks("004-ai-utilities-architecture.md")
    assert len(actual) == 10
    return actual


def parameters(function: Any) -> list[str]:
    return [name for name in inspect.signature(function).parameters if name != "self"]


def test_the_provider_interface(printed: list[str]) -> None:
    promised = re.findall(r"def (\w+)\(self(?:, )?(.*?)\) ->", printed[0])
    assert [name for name, _ in promised] == ["ask", "ask_batch", "ask_stream", "list_models"]
    for name, given in promised:
        wanted = [one.split(":")[0].strip("* ") for one in given.split(",") if one]
        assert parameters(getattr(BaseProvider, name)) == wanted, name


@pytest.mark.parametrize("name", ["openai", "groq"])
def test_the_factory(printed: list[str], name: str) -> None:
    names = vars(ai_utilities) | {key: getattr(ai_utilities, key) for key in dir(ai_utilities)}
    theirs = run(FUTURE + printed[1], dict(names))["create_provider"]
    provided = AiSettings(api_key="k", model="m", _env_file=None)
    for args in ((provided, name), (provided.model_copy(update={"provider": name}),)):
        assert type(theirs(*args)) is type(create_provider(*args))
    assert parameters(create_provider)[:2] == parameters(theirs)


class Ledger:
    def __init__(self) -> None:
        self.rows: list[UsageData] = []

    def track_request(self, usage: UsageData) -> None:
        self.rows.append(usage)


def test_the_observer(printed: list[str], server: FakeServer) -> None:
    server.add_replies(Answer(text="one"), Answer(text="two"))
    ledger = Ledger()
    names = run(FUTURE + printed[3], {"UsageData": UsageData, "create_usage_tracker": Ledger})
    theirs = names["AiClient"](usage_tracker=ledger)
    theirs.provider = create_provider(settings(server.url))
    assert theirs.ask("first") == "one"
    with AiClient(settings(server.url), usage_tracker=ledger) as ours:
        assert ours.usage_tracker is ledger
        assert ours.ask("second") == "two"
    theirs.provider.close()
    assert [row.total_tokens for row in ledger.rows] == [18, 18]
    tracked = names["UsageTracker"]().track_request
    assert list(inspect.signature(tracked).parameters) == ["usage"]


def test_the_errors(printed: list[str]) -> None:
    theirs = {name: kind for name, kind in run(printed[4], {}).items() if isinstance(kind, type)}
    assert len(theirs) == 5
    for one, other in ((a, b) for a in theirs for b in theirs):
        ours = issubclass(getattr(exceptions, one), getattr(exceptions, other))
        assert ours == issubclass(theirs[one], theirs[other]), (one, other)


def test_the_settings(printed: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AI_MODEL", "OPENAI_MODEL", "AI_PROVIDER", "AI_TEMPERATURE"):
        monkeypatch.delenv(name, raising=False)
    header = "from typing import Optional\nfrom pydantic import AliasChoices, Field\n"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the document configures by a class, which pydantic would rather not have
        names = run(header + "from pydantic_settings import BaseSettings\n" + printed[5], {"__name__": __name__})
    theirs = names["AiSettings"]
    theirs.model_rebuild(_types_namespace=names)
    defaults = theirs().model_dump()
    ours = AiSettings(_env_file=None)
    assert {name: getattr(ours, name) for name in defaults} == defaults
    for prefixed in ("AI_MODEL", "OPENAI_MODEL"):
        with monkeypatch.context() as patch:
            patch.setenv(prefixed, "from-env")
            assert theirs().model == AiSettings(_env_file=None).model == "from-env"
    for bad in ({"temperature": 2.1}, {"max_tokens": 0}):
        for kind in (theirs, AiSettings):
            with pytest.raises(ValueError):
                kind(**bad)


def test_the_provider_base_class(printed: list[str]) -> None:
    names = run(FUTURE + printed[6], {"AiSettings": AiSettings, "AskResult": AskResult})
    theirs = names["BaseProvider"]
    for base in (theirs, BaseProvider):
        assert base.__abstractmethods__ == {"ask"}
        seen: list[Any] = []

        class Mine(base):  # type: ignore[misc,valid-type]  # both bases in turn
            def _configure_client(self) -> None:
                seen.append(self.settings)  # noqa: B023  # read in the same turn

            def ask(self, prompt: str, **kwargs: Any) -> AskResult:
                return AskResult(text=prompt)

        provided = AiSettings(_env_file=None)
        provider = Mine(provided)
        assert seen == [provided]
        assert provider.ask("hello").text == "hello"
        with pytest.raises(NotImplementedError, match="Streaming not supported"):
            provider.ask_stream("hello")
        with pytest.raises(NotImplementedError, match="Model listing not supported"):
            provider.list_models()


def test_a_provider_that_is_made_from_a_vendors_library(printed: list[str], server: FakeServer) -> None:
    server.add_replies(Answer(text="Paris."), Refusal(400, "not this"))
    names = {key: getattr(ai_utilities, key) for key in dir(ai_utilities)}
    provider = run(FUTURE + printed[7], {**names, "openai": openai})["OpenAIProvider"](settings(server.url))
    client = AiClient(provider=provider)
    result = client.ask("Capital of France?")
    assert (result, result.usage.prompt_tokens, result.usage.total_tokens) == ("Paris.", 11, 18)
    with pytest.raises(exceptions.ProviderAPIError, match="not this"):
        client.ask("again")
    provider.client.close()


def test_the_cache_key_is_the_same_for_the_same_call(printed: list[str]) -> None:
    key = run(FUTURE + printed[8], {"json": json})["_generate_cache_key"]
    assert key("p", "openai", "m", 0.7, seed=1) == key("p", "openai", "m", 0.7, seed=1)
    assert key("p", "openai", "m", 0.7) != key("p", "openai", "m", 0.8)


def test_the_caches(printed: list[str], tmp_path: Path) -> None:
    from ai_utilities import cache as ours

    strategy = run(FUTURE + printed[2], {})
    header = "from abc import ABC\nimport sqlite3\n"
    inheritance = run(FUTURE + header + printed[9], {})
    for theirs in (strategy["CacheBackend"], inheritance["CacheBackend"]):
        for name in (name for name in vars(theirs) if not name.startswith("_")):
            assert parameters(getattr(ours.CacheBackend, name)) == parameters(getattr(theirs, name)), name
    for name in ("MemoryCache", "SQLiteCache", "RedisCache"):
        assert issubclass(getattr(ours, name), ours.CacheBackend)
    theirs = inheritance["SQLiteCache"]
    assert parameters(ours.SQLiteCache)[:2] == parameters(theirs)
    assert ours.SQLiteCache(str(tmp_path / "ours.sqlite")).max_entries == 1000
