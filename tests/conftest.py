"""Fixtures that every test may use."""

from __future__ import annotations

import gc
import os
import re
import sys
from collections.abc import Generator, Iterator
from contextlib import suppress
from importlib import import_module
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from dhenara.ai.pipeline.learned_store import SHARED_CONSTRAINTS
from dhenara.ai.pipeline.operations.files import SHARED_UPLOADS
from dhenara.ai.providers.provider import KNOWN, load_provider
from dhenara.ai.testing import FakeServer
from support.thorough import examples
from support.worlds import ASYNC_WORLDS, WORLDS, Async, World, mark_repeated_loops

# Tests and the processes that they start read the compiled modules of the first one, as with `make test`.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# The build tries the same examples each time; a developer's run looks for new ones, and `make everything` for more.
settings.register_profile(
    "default",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    max_examples=examples(90),
    derandomize="CI" in os.environ,
)
settings.load_profile("default")

PROVIDERS = [load_provider(name) for name in KNOWN]
VARIABLES = {
    name
    for provider in PROVIDERS
    for name in (*provider.key_env, *provider.base_url_env, *provider.credentials_env.values())
}
VARIABLES |= {f"{scheme}_proxy" for scheme in ("http", "https", "all", "no")}
VARIABLES |= {name.upper() for name in VARIABLES}
"""Everything that the engine's providers read, besides what says where a cloud is, and proxies."""


def import_in_turns(config: pytest.Config, worker: dict[str, Any]) -> None:
    """Let each worker begin with other modules: it then reads the ones that the other workers have compiled.

    Every worker imports every module, and pytest takes as long to rewrite the assertions of new ones as to import them.
    """
    tests = [path for name in config.args for path in sorted((config.rootpath / name).rglob("test_*.py"))]
    first = len(tests) * int(worker["workerid"].removeprefix("gw")) // worker["workercount"]
    for path in tests[first:] + tests[:first]:
        # The name that pytest gives the module. Whatever is raised is raised again, and reported, when it is collected.
        with suppress(Exception, pytest.skip.Exception):
            import_module(".".join(path.relative_to(config.rootpath).with_suffix("").parts))


@pytest.hookimpl(optionalhook=True, wrapper=True)
def pytest_xdist_auto_num_workers() -> Generator[None, int, int]:
    """Three for two processors: a third of the time, a test waits for a limit, a server or another process."""
    processors = yield
    return processors if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ else processors * 3 // 2


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Generator[None, object, object]:
    """Collect the tests without visiting them as garbage, then and in every later garbage collection."""
    gc.disable()
    try:
        if (worker := getattr(session.config, "workerinput", None)) is not None:
            import_in_turns(session.config, worker)
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Before the slow tests are left out."""
    mark_repeated_loops(items)


def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """Report what passes in a worker once, not its setup and teardown too: a report takes longer than many a test."""
    options = item.config.option
    if not hasattr(item.config, "workerinput") or options.durations or options.xmlpath:
        return None
    runner: Any = item.config.pluginmanager.getplugin("runner")
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    for report in runner.runtestprotocol(item, log=False, nextitem=nextitem):
        if report.when == "call" or not report.passed:
            item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


@pytest.hookimpl(wrapper=True, specname="pytest_runtest_protocol")
def pytest_runtest_protocol_of_file(item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None, object, object]:
    """Between two files, do the same with what the last one loaded; a test that collects visits its own objects."""
    try:
        return (yield)
    finally:
        if nextitem is not None and nextitem.path != item.path:
            gc.collect()
            gc.freeze()
            gc.collect()  # counts how few objects are left, so that the next ones are collected as in a new process


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Begin each test without keys and proxies of whoever runs the tests, and without what earlier tests learned.

    A later server may get the port of an earlier one. This is a hook because a fixture of every test takes longer than
    many a test.
    """
    for name in [name for name in os.environ if name in VARIABLES or name.startswith("AI_")]:
        del os.environ[name]
    for shared in (SHARED_CONSTRAINTS, SHARED_UPLOADS):
        shared._known.clear()


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


NUMBERS = count()


@pytest.fixture
def tmp_path(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of this test; pytest's own fixture reads the names of those of all earlier tests to make one."""
    name = re.sub(r"\W", "_", request.node.name)[:30]
    return tmp_path_factory.mktemp(f"{name}{next(NUMBERS)}", numbered=False)


@pytest.fixture
def server() -> Iterator[FakeServer]:
    """A fake provider without replies."""
    with FakeServer() as running:
        yield running
