"""The pytest plugin: `fake_provider` answers every client that has no address of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from ai_utilities import AiClient, AiSettings
from ai_utilities.providers.facts import facts_of, known_providers
from dhenara.ai import AIModelClient
from dhenara.ai.pytest_plugin import fake_provider as the_fixture
from dhenara.ai.testing import Answer, FakeServer
from dhenara.ai.types import AIModel, AIModelAPI, AIModelEndpoint

pytest_plugins = ["pytester"]
ROOT = Path(__file__).resolve().parents[2]
INSTALLED = any(point.value == "dhenara.ai.pytest_plugin" for point in entry_points(group="pytest11"))
PLUGIN = (*(() if INSTALLED else ("-p", "dhenara.ai.pytest_plugin")), "-p", "no:cacheprovider")
"""Arguments that load the plugin, unless the installed distribution already does."""

CHAT = [name for name in known_providers() if facts_of(name).chats and name not in ("auto", "local")]

A_TEST = """
    from ai_utilities import AiClient
    from dhenara.ai.testing import Answer

    def summarise(text):
        with AiClient(_settings()) as client:
            return str(client.ask(text))

    def _settings():
        from ai_utilities import AiSettings
        return AiSettings(model="any", max_retries=2)
"""


def test_the_plugin_is_an_entry_point_of_the_distribution() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["entry-points"]["pytest11"] == {"dhenara": "dhenara.ai.pytest_plugin"}


def test_the_installed_plugin_loads_without_a_warning(pytester: pytest.Pytester) -> None:
    folder = pytester.mkdir("installed")
    (folder / "any-1.0.dist-info").mkdir()
    (folder / "any-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: any\nVersion: 1.0\n")
    points = "" if INSTALLED else "[pytest11]\ndhenara_of_the_test = dhenara.ai.pytest_plugin\n"
    (folder / "any-1.0.dist-info" / "entry_points.txt").write_text(points)
    (folder / "any-1.0.dist-info" / "RECORD").write_text("dhenara/ai/pytest_plugin.py,,\ndhenara/ai/__init__.py,,\n")
    paths = [str(folder), str(ROOT / "src"), os.environ.get("PYTHONPATH", "")]
    pytester._monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))
    pytester.makepyfile(
        A_TEST
        + """
    def test_a_summary(fake_provider):
        fake_provider.add_replies(Answer(text="Short."))
        assert summarise("A long text") == "Short."
    """
    )
    pytester.runpytest_subprocess("-W", "error").assert_outcomes(passed=1)


def test_the_plugin_imports_nothing_but_pytest() -> None:
    code = "import sys, dhenara.ai.pytest_plugin; print(sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "'pydantic'" not in loaded
    assert "'dhenara.ai.testing'" not in loaded


def test_a_test_that_uses_the_fixture_passes(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        A_TEST
        + """
    def test_a_summary_takes_one_request(fake_provider):
        fake_provider.add_replies(Answer(text="Short."))
        assert summarise("A long text") == "Short."
        assert len(fake_provider.exchanges) == 1
    """
    )
    pytester.runpytest_inprocess(*PLUGIN).assert_outcomes(passed=1)


def test_a_missing_reply_fails_the_test_with_a_line_that_says_so(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        A_TEST
        + """
    def test_a_summary(fake_provider):
        summarise("A long text")
    """
    )
    result = pytester.runpytest_inprocess(*PLUGIN)
    result.assert_outcomes(failed=1, errors=1)
    result.stdout.fnmatch_lines(["E*FakeServer has no reply for request 1, POST /v1/chat/completions. Add one with*"])
    assert "request 2" not in result.stdout.str()


def test_a_missing_reply_fails_the_test_although_the_program_hides_errors(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        A_TEST
        + """
    def test_a_summary(fake_provider):
        try:
            summarise("A long text")
        except Exception:
            pass
    """
    )
    result = pytester.runpytest_inprocess(*PLUGIN)
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["E*MissingReplyError: FakeServer has no reply for request 1*"])


def test_each_worker_has_a_server_of_its_own(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        A_TEST
        + """
    import pytest

    @pytest.mark.parametrize("number", range(6))
    def test_a_summary(fake_provider, number):
        fake_provider.add_replies(Answer(text=f"Short {number}."))
        assert summarise("A long text") == f"Short {number}."
        assert len(fake_provider.exchanges) == 1
    """
    )
    pytester.runpytest_subprocess(*PLUGIN, "-n", "2").assert_outcomes(passed=6)


def test_async_programs_need_no_plugin_for_asyncio(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
    import asyncio
    from ai_utilities import AiSettings, AsyncAiClient
    from dhenara.ai.testing import Answer

    async def summarise(text):
        async with AsyncAiClient(AiSettings(model="any")) as client:
            return str(await client.ask(text))

    def test_a_summary(fake_provider):
        fake_provider.add_replies(Answer(text="Short."))
        assert asyncio.run(summarise("A long text")) == "Short."
    """
    )
    pytester.runpytest_inprocess(*PLUGIN, "-p", "no:asyncio").assert_outcomes(passed=1)


__all__ = ["the_fixture"]


@pytest.mark.parametrize("provider", CHAT)
def test_the_environment_leads_every_provider_to_it(
    provider: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    if provider == "openai_compatible":
        monkeypatch.setenv("AI_BASE_URL", "http://127.0.0.1:9/v1")
    server = request.getfixturevalue("the_fixture")
    server.add_replies(Answer(text="hi"))
    with AiClient(AiSettings(_env_file=None, provider=provider, model="any")) as client:
        assert client.ask("hello") == "hi"


def test_clients_of_the_engine_are_led_to_it_too(the_fixture: FakeServer) -> None:
    the_fixture.add_replies(Answer(text="hi"))
    endpoint = AIModelEndpoint(api=AIModelAPI(provider="anthropic"), ai_model=AIModel(model_name="any"))
    with AIModelClient(endpoint) as client:
        assert client.generate("hello").chat_response.choices[0].contents[0].get_text() == "hi"


def test_a_proxy_of_the_environment_is_not_used(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    server = request.getfixturevalue("the_fixture")
    server.add_replies(Answer(text="hi"))
    with AiClient(AiSettings(_env_file=None, model="any")) as client:
        assert client.ask("hello") == "hi"
