"""Fixtures that every test may use."""

from __future__ import annotations

import gc
import os
from collections.abc import Generator, Iterator

import pytest
from hypothesis import HealthCheck, settings

from dhenara.ai.pipeline.learned_store import SHARED_CONSTRAINTS
from dhenara.ai.pipeline.operations.files import SHARED_UPLOADS
from dhenara.ai.providers.provider import KNOWN, load_provider
from dhenara.ai.testing import FakeServer
from support.worlds import ASYNC_WORLDS, WORLDS, Async, World

# The build tries the same examples each time; a developer's run looks for new ones, and `make everything` for more.
settings.register_profile(
    "default",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    max_examples=100 if "THOROUGH" in os.environ else 30,
    derandomize="CI" in os.environ,
)
settings.load_profile("default")

PROVIDERS = [load_provider(name) for name in KNOWN]
VARIABLES = {
    name
    for provider in PROVIDERS
    for name in (*provider.key_env, *provider.base_url_env, *provider.credentials_env.values())
}
"""Everything that the engine's providers read, besides what says where a cloud is."""


@pytest.hookimpl(optionalhook=True, wrapper=True)
def pytest_xdist_auto_num_workers() -> Generator[None, int, int]:
    """Three for two processors: a third of the time, a test waits for a limit, a server or another process."""
    processors = yield
    return processors if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ else processors * 3 // 2


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect the tests without visiting them as garbage, then and in every later garbage collection."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None, object, object]:
    """Between two files, do the same with what the last one loaded; a test that collects visits its own objects."""
    try:
        return (yield)
    finally:
        if nextitem is not None and nextitem.path != item.path:
            gc.collect()
            gc.freeze()
            gc.collect()  # counts how few objects are left, so that the next ones are collected as in a new process


@pytest.fixture(params=WORLDS, ids=lambda world: world.name)
def world(request: pytest.FixtureRequest) -> World:
    """Blocking, asyncio, uvloop and trio, one after the other."""
    actual: World = request.param
    return actual


@pytest.fixture(params=ASYNC_WORLDS, ids=lambda world: world.name)
def async_world(request: pytest.FixtureRequest) -> Async:
    """The worlds that have an event loop."""
    actual: Async = request.param
    return actual


@pytest.fixture
def server() -> Iterator[FakeServer]:
    """A fake provider without replies."""
    with FakeServer() as running:
        yield running


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No key, address or proxy of whoever runs the tests."""
    for name in [name for name in os.environ if name in VARIABLES or name.startswith("AI_")]:
        monkeypatch.delenv(name)
    for scheme in ("http", "https", "all", "no"):
        monkeypatch.delenv(f"{scheme}_proxy", raising=False)
        monkeypatch.delenv(f"{scheme}_proxy".upper(), raising=False)


@pytest.fixture(autouse=True)
def nothing_learned_or_uploaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that earlier tests learned of a server or uploaded to one: a later server may get the same port."""
    monkeypatch.setattr(SHARED_CONSTRAINTS, "_known", {})
    monkeypatch.setattr(SHARED_UPLOADS, "_known", {})
