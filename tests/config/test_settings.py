"""Settings of the process."""

from __future__ import annotations

from pathlib import Path

import pytest

from dhenara.ai.config import Settings
from dhenara.ai.errors import ConfigurationError


def test_defaults_hold_where_there_is_no_file(tmp_path: Path) -> None:
    assert Settings(tmp_path).ENABLE_STREAMING_CONSOLIDATION is True


def test_the_file_is_read_and_a_later_assignment_wins(tmp_path: Path) -> None:
    (tmp_path / "dhenara_config.py").write_text("# comment\nENABLE_STREAMING_CONSOLIDATION = False\n")
    settings = Settings(tmp_path)
    assert settings.ENABLE_STREAMING_CONSOLIDATION is False
    settings.ENABLE_STREAMING_CONSOLIDATION = True
    assert settings.ENABLE_STREAMING_CONSOLIDATION is True


def test_the_file_is_read_and_not_run(tmp_path: Path) -> None:
    target = tmp_path / "made"
    (tmp_path / "dhenara_config.py").write_text(f"ENABLE_STREAMING_CONSOLIDATION = open({str(target)!r}, 'w')\n")
    with pytest.raises(ConfigurationError, match="could not be read"):
        _ = Settings(tmp_path).ENABLE_STREAMING_CONSOLIDATION
    assert not target.exists()


@pytest.mark.parametrize(
    "text",
    [
        '"""Ours."""\nfrom __future__ import annotations\nimport os\nENABLE_STREAMING_CONSOLIDATION: bool = False',
        "ENABLE_STREAMING_CONSOLIDATION = ENABLE_STREAMING_CONSOLIDATION = False",
    ],
)
def test_an_assignment_counts_however_it_is_written(text: str, tmp_path: Path) -> None:
    (tmp_path / "dhenara_config.py").write_text(text)
    assert Settings(tmp_path).ENABLE_STREAMING_CONSOLIDATION is False


@pytest.mark.parametrize(
    "line",
    [
        "if True:\n    ENABLE_STREAMING_CONSOLIDATION = False",
        "NO_SUCH_SETTING = 1",
        "ENABLE_STREAMING_CONSOLIDATION = 'yes'",
        "a b",
    ],
)
def test_an_invalid_line_of_the_file_is_named(line: str, tmp_path: Path) -> None:
    (tmp_path / "dhenara_config.py").write_text(f"{line}\n")
    with pytest.raises(ConfigurationError, match=r"dhenara_config|Setting|must be"):
        _ = Settings(tmp_path).ENABLE_STREAMING_CONSOLIDATION


def test_an_unknown_setting_raises_with_the_known_names(tmp_path: Path) -> None:
    with pytest.raises(AttributeError, match="Setting 'DEBUGGING' not found"):
        _ = Settings(tmp_path).DEBUGGING
    with pytest.raises(ConfigurationError, match="Setting 'DEBUGGING' not found"):
        Settings(tmp_path).update(DEBUGGING=True)
