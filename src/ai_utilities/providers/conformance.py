"""Conformance tests for custom providers."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from ..concurrency import ask_all
from ..results import AskResult
from .base_provider import BaseProvider


class ProviderConformance:
    """For pytest: subclass it as `TestMyProvider` and let `make_provider` return a new provider that can answer.

    Unsupported operations must raise `NotImplementedError`, as those of `BaseProvider` do.
    """

    prompt = "Say hello."

    def make_provider(self) -> BaseProvider:
        raise NotImplementedError("return the provider that is to be tested")

    def test_it_has_a_name(self) -> None:
        provider = self.make_provider()
        assert provider.provider_name, "provider_name is empty"
        assert provider.settings is not None, "settings are missing: call super().__init__(settings)"

    def test_ask_returns_a_result_with_its_text(self) -> None:
        check_result(self.make_provider().ask(self.prompt))

    def test_usage_adds_up(self) -> None:
        usage = self.make_provider().ask(self.prompt).usage
        assert usage.total_tokens >= usage.prompt_tokens + usage.completion_tokens, "total_tokens is too small"

    def test_a_batch_has_one_result_for_each_prompt(self) -> None:
        results = self.make_provider().ask_batch([self.prompt, self.prompt, self.prompt])
        assert isinstance(results, list), "ask_batch must return a list"
        assert len(results) == 3, f"three prompts were asked, {len(results)} results came back"
        for result in results:
            check_result(result)

    def test_an_empty_batch_is_empty(self) -> None:
        assert self.make_provider().ask_batch([]) == []

    def test_a_stream_yields_text(self) -> None:
        with suppress(NotImplementedError):
            pieces = list(self.make_provider().ask_stream(self.prompt))
            assert all(isinstance(piece, str) for piece in pieces), "a stream yields strings"
            assert "".join(pieces), "the stream said nothing"

    def test_models_are_listed_by_name(self) -> None:
        with suppress(NotImplementedError):
            models = self.make_provider().list_models()
            assert isinstance(models, list), "list_models must return a list"
            assert all(isinstance(model, str) for model in models), "models are named by strings"

    def test_it_works_on_an_event_loop(self) -> None:
        import asyncio

        check_result(asyncio.run(self.make_provider().ask_async(self.prompt)))

    def test_it_is_shared_by_threads(self) -> None:
        results = ask_all(self.make_provider().ask, [self.prompt] * 8, 4, {})
        for result in results:
            assert result.error is None, f"in a thread: {result.error!r}"
            check_result(result)

    def test_the_key_is_not_shown(self) -> None:
        provider = self.make_provider()
        key = provider.settings.api_key
        assert not key or key not in repr(provider), "repr shows the API key"

    def test_closing_twice_is_fine(self) -> None:
        provider = self.make_provider()
        provider.close()
        provider.close()


def check_result(result: Any) -> None:
    assert isinstance(result, AskResult), f"ask must return an AskResult, not a {type(result).__name__}"
    assert result.text, "the answer is empty"


def check_provider(make_provider: Callable[[], BaseProvider]) -> None:
    """Runs all tests without pytest; raises the first AssertionError."""
    tests = ProviderConformance()
    tests.make_provider = make_provider  # type: ignore[method-assign]  # what a subclass does, for one object
    for name in dir(tests):
        if name.startswith("test_"):
            getattr(tests, name)()
