"""A session in which lines are typed one after the other, and what each of them shows."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import inspect
import io
import os
import re
import shlex
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType
from typing import Any
from unittest import mock

from pydantic import BaseModel

from ai_utilities import AiClient, AiSettings, AsyncAiClient, create_client
from ai_utilities.cli import main
from conftest import VARIABLES
from dhenara.ai import AIModelClient
from dhenara.ai.errors import DhenaraError
from dhenara.ai.testing import Answer, DialectReply, FakeServer
from dhenara.ai.testing.sample_operations import SampleOperations, is_operation
from dhenara.ai.types import AIModelAPI, AIModelCallConfig, AIModelEndpoint

PYTHON, SHELL = ">>> ", "$ "
ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")


class City(BaseModel):
    name: str


def weather(city: str) -> str:
    """The weather in a city."""
    return f"Warm in {city}."


class EveryOperation:
    """An answer with this text to chats, a sample of whatever else is asked for."""

    def __init__(self, text: str) -> None:
        self.chat = DialectReply(Answer(text=text))

    def steps(self, request: Any) -> Any:
        return (SampleOperations() if is_operation(request.path) else self.chat).steps(request)


@contextlib.contextmanager
def environment(**variables: str) -> Iterator[None]:
    """Further environment variables."""
    with mock.patch.dict(os.environ, variables):
        yield


@contextlib.contextmanager
def without_keys() -> Iterator[None]:
    """An environment without a key or address of any provider."""
    with mock.patch.dict(os.environ):
        for name in VARIABLES & set(os.environ):
            del os.environ[name]
        yield


class Session:
    """Names that lines see. `json_client` and `json_engine` get answers in JSON, the others get `Hello!`."""

    def __init__(self, json_url: str) -> None:
        json_address = {"api_key": "sk-of-the-test", "base_url": f"{json_url}/v1"}
        model = "openai/gpt-5.4-mini"
        quiet: Any = {"show_progress": False}
        self.names: dict[str, Any] = {
            **{made.__name__: made for made in (AiClient, AiSettings, AsyncAiClient, create_client, AIModelClient)},
            **{made.__name__: made for made in (AIModelAPI, AIModelCallConfig, AIModelEndpoint, City, weather, Path)},
            **{made.__name__: made for made in (environment, without_keys)},
            "client": AiClient(model, **quiet),
            "async_client": AsyncAiClient(model, **quiet),
            "engine": AIModelClient(model),
            "json_client": AiClient(model, **quiet, **json_address),
            "json_engine": AIModelClient(model, **json_address),
            "PNG": bytes.fromhex("89504e470d0a1a0a") + b"pixels",
        }

    def show(self, line: str) -> str:
        """Return what a line prints, then its value or its error, as a terminal shows them."""
        out = io.StringIO()
        with (
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(out),
            mock.patch.object(sys, "stdin", io.StringIO()),
            mock.patch.object(sys, "displayhook", lambda value: None if value is None else out.write(f"{value!r}\n")),
            warnings.catch_warnings(record=True) as warned,
        ):
            warnings.simplefilter("always")
            if line.startswith(SHELL):
                if code := main(tuple(shlex.split(line)[2:])):
                    out.write(f"[exit {code}]\n")
            else:
                out.write(self.run_python(line.removeprefix(PYTHON)))
            for warning in warned:
                out.write(f"{warning.category.__name__}: {warning.message}\n")
        return ADDRESS.sub("http://server", out.getvalue().replace(str(Path.cwd()), "."))

    def run_python(self, line: str) -> str:
        """Run a line; return its error as text. An error of another kind than these fails the test."""
        try:
            code = compile(f"{line}\n", "<typed>", "single", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
            value = FunctionType(code, self.names)()
            if inspect.iscoroutine(value):
                asyncio.run(value)
        except (DhenaraError, TypeError, AttributeError, ImportError) as error:
            return f"{type(error).__name__}: {error}\n"
        return ""

    def close(self) -> None:
        """Close the clients that were made for the session."""
        for made in self.names.values():
            if isinstance(made, AiClient | AIModelClient):
                made.close()


def transcript(table: str) -> str:
    """Return a table with what its lines really show; what it says about them is ignored."""
    with FakeServer(EveryOperation('{"name": "Paris"}'), forever=True) as json_server:
        session = Session(json_server.url)
        try:
            lines = [line for line in table.splitlines() if line.startswith((PYTHON, SHELL))]
            return "".join(f"{line}\n{session.show(line)}" for line in lines)
        finally:
            session.close()
