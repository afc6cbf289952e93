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
        "ENABLE_STREAM_CONSOLIDATION = True",
        "ENABLE_STREAMING_CONSOLIDATION = 'yes'",
        "a b",
    ],
)
def test_an_invalid_line_of_the_file_is_named(line: str, tmp_path: Path) -> None:
    (tmp_path / "dhenara_config.py").write_text(f"{line}\n")
    with pytest.raises(ConfigurationError, match=r"dhenara_config|Setting|must be"):
        _ = Settings(tmp_path).ENABLE_STREAMING_CONSOLIDATION


@pytest.mark.parametrize("name", ["ENABLE_STREAMING_CONSOLDATION", "enable_cost_tracking"])
def test_a_misspelt_setting_raises_with_the_known_names(name: str, tmp_path: Path) -> None:
    with pytest.raises(AttributeError, match=f"Setting '{name}' not found. Did you mean ENABLE_"):
        getattr(Settings(tmp_path), name)
    with pytest.raises(ConfigurationError, match=f"Setting '{name}' not found"):
        Settings(tmp_path).update(**{name: True})


def test_names_of_an_application_are_read_from_the_file(tmp_path: Path) -> None:
    (tmp_path / "dhenara_config.py").write_text("MY_SETTING = 'hello'\nnot_read = open('nothing')\nDEBUG = True\n")
    settings = Settings(tmp_path)
    assert settings.MY_SETTING == "hello"
    assert {"MY_SETTING", "ENABLE_COST_TRACKING"} <= {*settings.configured_settings}
    assert settings.DEBUG is True
    settings.update(OTHER=3)
    assert settings.OTHER == 3
    with pytest.raises(AttributeError, match="Setting 'not_read' not found"):
        _ = settings.not_read


def test_settings_of_version_1_have_their_defaults_and_types(tmp_path: Path) -> None:
    settings = Settings(tmp_path)
    assert (settings.API_TIMEOUT, settings.MAX_RETRIES, settings.ENABLE_USAGE_TRACKING) == (300, 3, True)
    settings.API_TIMEOUT = 30.5
    with pytest.raises(ConfigurationError, match="MAX_RETRIES is 'three', but must be a int"):
        settings.MAX_RETRIES = "three"
    with pytest.raises(ConfigurationError, match="DEBUG is 1, but must be a bool"):
        settings.DEBUG = 1
    del settings.API_TIMEOUT
    assert settings.API_TIMEOUT == 300
