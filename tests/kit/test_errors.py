"""One tree of errors: the engine's classes are the kit's."""

from __future__ import annotations

import pickle
import re
import subprocess
import sys
from importlib import import_module

import pytest

import dhenara.ai.errors as engine
from ai_utilities import exceptions as kit, results
from dhenara.ai.testing import FakeServer, Refusal
from support.kit import Uniform, run, settings
from support.worlds import World


def test_the_hierarchy_is_the_documented_one() -> None:
    assert issubclass(kit.AIUtilitiesError, Exception)
    assert issubclass(kit.ProviderError, kit.AIUtilitiesError)
    assert issubclass(kit.ProviderConfigurationError, kit.ProviderError)
    assert issubclass(kit.ProviderAPIError, kit.ProviderError)
    assert issubclass(kit.ProviderRateLimitError, kit.ProviderAPIError)
    assert not issubclass(kit.ProviderConfigurationError, kit.ProviderAPIError)


def test_both_packages_name_the_same_classes() -> None:
    assert kit.AIUtilitiesError is engine.DhenaraError
    assert kit.ProviderError is engine.ProviderError
    assert kit.ProviderConfigurationError is engine.ConfigurationError
    assert kit.ProviderAPIError is engine.CallError
    assert kit.ProviderRateLimitError is engine.RateLimitError


def test_every_error_of_either_package_is_in_the_tree() -> None:
    for module in (engine, kit):
        actual = [value for value in vars(module).values() if isinstance(value, type) and issubclass(value, Exception)]
        assert len(actual) > 10
        assert all(issubclass(error, kit.AIUtilitiesError) for error in actual)


def test_every_failed_call_says_what_to_do_next() -> None:
    exceptions = {kit.ProviderAPIError, engine.CallTimeoutError}  # the general case; and advice for each limit
    for error in vars(engine).values():
        if isinstance(error, type) and issubclass(error, engine.CallError) and error not in exceptions:
            assert error.advice, error


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (429, kit.ProviderRateLimitError),
        (401, kit.AuthenticationError),
        (400, kit.BadRequestError),
        (404, kit.NotFoundError),
        (503, kit.ServerError),
    ],
)
def test_what_a_provider_answers_is_raised_unwrapped(
    server: FakeServer, world: World, status: int, expected: type[Exception]
) -> None:
    server.add_replies(Refusal(status, "because"))

    async def script(client: Uniform) -> None:
        await client.ask("hello", retries=0)

    with pytest.raises(kit.ProviderAPIError, match="because") as caught:
        run(world, script, settings(server.url))
    assert type(caught.value) is expected
    assert caught.value.status == status
    assert caught.value.__cause__ is None or not isinstance(caught.value.__cause__, kit.AIUtilitiesError)


def test_a_refusal_that_repeats_the_key_does_not_show_it(server: FakeServer, world: World) -> None:
    server.add_replies(Refusal(401, "Incorrect API key provided: sk-test-secret. Find yours online."))

    async def script(client: Uniform) -> None:
        await client.ask("hello")

    with pytest.raises(kit.AuthenticationError, match=r"provided: \*{10}\. Find") as caught:
        run(world, script, settings(server.url))
    assert server.exchanges[0].headers["authorization"] == "Bearer sk-test-secret"
    assert "sk-test-secret" not in f"{caught.value} {caught.value.__dict__}"


def test_errors_travel_between_processes() -> None:
    limited = kit.ProviderRateLimitError("slow down", provider="groq", retry_after=2.0)
    unread = kit.JsonParseError("no JSON", "words")
    for error in (limited, unread, kit.CancelledItemError("stopped"), results.AskResult("x", error=limited)):
        back = pickle.loads(pickle.dumps(error))  # noqa: S301  # our own bytes
        assert type(back) is type(error)
        assert str(back) == str(error)
    assert pickle.loads(pickle.dumps(unread)).text == "words"  # noqa: S301  # as above


def test_one_of_the_kits_own_classes_can_be_raised_by_a_users_provider() -> None:
    with pytest.raises(engine.RateLimitError):
        raise kit.ProviderRateLimitError("too much at once")
    assert "OpenAI API error: down" in str(kit.ProviderAPIError("OpenAI API error: down"))
    assert str(kit.ProviderConfigurationError("no key")) == "no key"


def test_importing_the_kit_costs_nothing() -> None:
    heavy = "pydantic pydantic_settings dotenv asyncio anyio ssl dhenara.ai.client.client redis sqlite3"
    code = f"import sys, ai_utilities; print([m for m in {heavy.split()!r} if m in sys.modules])"
    actual = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert actual.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("package", "name", "home"),
    [
        ("ai_utilities", "SQLiteLedger", "ai_utilities.usage"),
        ("ai_utilities", "run_bulk", "ai_utilities.batch"),
        ("ai_utilities", "FakeServer", "dhenara.ai.testing"),
        ("ai_utilities", "AIModelClient", "dhenara.ai"),
        ("dhenara.ai", "FakeServer", "dhenara.ai.testing"),
        ("dhenara.ai.types", "Conversation", "dhenara.ai.conversation"),
    ],
)
def test_an_import_from_the_wrong_module_says_the_right_one(package: str, name: str, home: str) -> None:
    with pytest.raises(ImportError, match=f"from {re.escape(home)} import {name}$"):
        getattr(import_module(package), name)
    assert hasattr(import_module(home), name)


def test_a_name_that_no_module_has_is_an_attribute_error() -> None:
    assert not hasattr(import_module("ai_utilities"), "no_such_name")
    assert not hasattr(import_module("dhenara.ai"), "no_such_name")
