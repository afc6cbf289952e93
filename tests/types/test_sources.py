"""Invalid paths, files, URLs and bytes of media raise ConfigurationError."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dhenara.ai.errors import ConfigurationError
from dhenara.ai.types import FileContent, ImageContent, content_of


def closed_file() -> io.BytesIO:
    file = io.BytesIO(b"x")
    file.close()
    return file


@pytest.mark.parametrize("path", ["a\0b", "/tmp/a\ud800", 3, None, b"/nowhere", "/nowhere/at/all", "x" * 5000])
def test_a_path_that_cannot_be_read_is_named(path: Any) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        ImageContent.from_path(path)


def test_a_path_object_with_a_null_byte_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        content_of(Path("a\0b"))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: FileContent.from_file(closed_file()), "cannot be read: "),
        (lambda: FileContent.from_file(None), "open file"),  # type: ignore[arg-type]
        (lambda: FileContent.from_bytes("text"), "bytes"),  # type: ignore[arg-type]
        (lambda: FileContent.from_bytes(None), "bytes"),  # type: ignore[arg-type]
        (lambda: FileContent.from_url(3), "URL"),  # type: ignore[arg-type]
        (lambda: FileContent.from_url(None), "URL"),  # type: ignore[arg-type]
    ],
)
def test_values_of_other_types_are_refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        make()
