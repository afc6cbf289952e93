"""How the embedded model is set up and its file is stored, without a model."""

from __future__ import annotations

import hashlib
import queue
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dhenara.ai.embedded import transport, weights
from dhenara.ai.embedded.transport import EmbeddedTransport, GeneratedResponse, run_blocking
from dhenara.ai.errors import ConfigurationError
from dhenara.ai.http.protocol.message import ReadTimeout
from dhenara.ai.io.sync_io import run


class Stopped(Exception):
    """Ends a request where the model would be loaded."""


@pytest.mark.parametrize(
    ("config", "path", "expected"),
    [
        ({}, "/chat/completions", (4096, 2, False, None)),
        ({"context": "8192", "slots": 3, "threads": 5}, "/chat/completions", (8192, 3, False, 5)),
        ({"slots": 1}, "/embeddings", (4096, 1, True, None)),
    ],
)
def test_a_model_is_loaded_as_it_is_configured(
    config: dict[str, Any], path: str, expected: tuple[Any, ...], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    loaded: list[Any] = []

    def load(setup: Any, holder: object) -> None:
        loaded.append(setup)
        raise Stopped

    monkeypatch.setattr(transport, "acquire_engine", load)
    model = tmp_path / "model.gguf"
    model.touch()
    request: Any = SimpleNamespace(url=f"http://local{path}", content=b'{"model": "%s"}' % str(model).encode())
    with pytest.raises(Stopped):
        run(EmbeddedTransport(run_blocking, config).open(request, None))  # type: ignore[arg-type]
    (setup,) = loaded
    assert (setup.context, setup.slots, setup.embedding, setup.threads) == expected


@pytest.mark.parametrize("value", [0, -1, "many", 0.5])
def test_a_setting_that_is_no_number_from_1_is_refused(value: Any, tmp_path: Path) -> None:
    model = tmp_path / "model.gguf"
    model.touch()
    request: Any = SimpleNamespace(
        url="http://local/chat/completions", content=b'{"model": "%s"}' % str(model).encode()
    )
    with pytest.raises(ConfigurationError, match="slots must be an integer of at least 1"):
        run(EmbeddedTransport(run_blocking, {"slots": value}).open(request, None))  # type: ignore[arg-type]


def test_an_answer_that_does_not_begin_in_time_is_cancelled() -> None:
    allowed: list[float | None] = []
    cancelled: list[bool] = []

    def next_chunk(seconds: float | None) -> None:
        allowed.append(seconds)
        raise queue.Empty

    work: Any = SimpleNamespace(next_chunk=next_chunk, cancel=lambda: cancelled.append(True))
    timeouts: Any = SimpleNamespace(read=lambda: 3.0)
    with pytest.raises(ReadTimeout):
        run(GeneratedResponse(work, "chat", run_blocking).begin(timeouts))
    assert (allowed, cancelled) == ([3.0], [True])


def test_a_file_gets_its_name_only_if_it_is_the_right_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "models" / weights.FILE
    with pytest.raises(ConfigurationError, match="is damaged"):
        weights.store(BytesIO(b"wrong"), path)
    assert list(path.parent.iterdir()) == []
    monkeypatch.setattr(weights, "SHA256", hashlib.sha256(b"right").hexdigest())
    assert weights.store(BytesIO(b"right"), path).read_bytes() == b"right"
    assert [one.name for one in path.parent.iterdir()] == [weights.FILE]


def test_a_damaged_file_is_fetched_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    package, path = tmp_path / "package", tmp_path / "data"
    package.write_bytes(b"right")
    path.write_bytes(b"wrong")
    monkeypatch.setattr(weights, "SHA256", hashlib.sha256(b"right").hexdigest())
    monkeypatch.setattr(weights, "data_file", lambda variables: path)
    monkeypatch.setattr(weights, "package_file", lambda: package)
    assert weights.fetch_weights().read_bytes() == b"right"


def test_the_file_of_the_small_model_may_be_named_by_a_variable(tmp_path: Path) -> None:
    mine = tmp_path / "mine.gguf"
    mine.touch()
    assert weights.load_weights(weights.SMALL, {weights.VARIABLE: str(mine)}) == mine
    with pytest.raises(ConfigurationError, match="no file with this name"):
        weights.load_weights(str(tmp_path / "none.gguf"), {weights.VARIABLE: str(mine)})


def test_closing_releases_the_models_that_were_loaded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    released: list[Path] = []

    def fail(*_: object) -> None:
        raise Stopped

    monkeypatch.setattr(transport, "acquire_engine", lambda setup, holder: "engine")
    monkeypatch.setattr(transport, "GenerationThread", fail)
    monkeypatch.setattr(transport, "release", lambda setup, holder: released.append(setup.path))
    model = tmp_path / "model.gguf"
    model.touch()
    request: Any = SimpleNamespace(
        url="http://local/chat/completions", content=b'{"model": "%s"}' % str(model).encode()
    )
    opened = EmbeddedTransport(run_blocking, {})
    with pytest.raises(Stopped):
        run(opened.open(request, None))  # type: ignore[arg-type]
    run(opened.close())
    assert released == [model]
