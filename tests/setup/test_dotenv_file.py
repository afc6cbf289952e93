"""A `.env` file keeps everything that was in it."""

from __future__ import annotations

import os
import stat
from io import StringIO
from pathlib import Path

import pytest
from dotenv import dotenv_values
from hypothesis import given, strategies as st

from ai_utilities.exceptions import ProviderConfigurationError
from ai_utilities.setup.steps import find_changes, patch_text, write_dotenv

BEFORE = """# keys of the team

export OPENAI_API_KEY="old" # rotated in May
OTHER='with spaces'
broken line here
LAST=1
"""
NAMES = st.from_regex(r"[A-Z][A-Z0-9_]{0,8}", fullmatch=True)
VALUES = st.text(st.characters(exclude_characters="\r\n\0", codec="utf-8"), max_size=20)
LINES = st.one_of(
    st.just(""),
    st.text(st.characters(codec="ascii", exclude_categories=("Cc",)), max_size=20).map(lambda text: f"# {text}"),
    st.builds("{}='{}'".format, NAMES, st.from_regex(r"[a-z $#]{0,8}", fullmatch=True)),
)


@given(st.lists(LINES, max_size=6), st.dictionaries(NAMES, VALUES, max_size=4))
def test_what_is_written_is_read_and_nothing_else_changes(lines: list[str], values: dict[str, str]) -> None:
    text = "\n".join(lines)
    after = dotenv_values(stream=StringIO(patch_text(text, values)), interpolate=False)
    before = dotenv_values(stream=StringIO(text), interpolate=False)
    assert after == {**before, **values}
    comments = [line for line in lines if line.startswith("#")]
    assert [line for line in patch_text(text, values).splitlines() if line.startswith("#")] == comments


@given(st.lists(LINES, max_size=6), st.dictionaries(NAMES, VALUES, max_size=4))
def test_writing_twice_is_writing_once(lines: list[str], values: dict[str, str]) -> None:
    once = patch_text("\n".join(lines), values)
    assert patch_text(once, values) == once
    assert find_changes(once, values) == []


def test_values_change_in_their_places() -> None:
    after = patch_text(BEFORE, {"OPENAI_API_KEY": "new", "AI_PROVIDER": "openai"})
    assert after == BEFORE.replace('"old" # rotated', "new # rotated") + "AI_PROVIDER=openai\n"


def test_what_only_looks_like_a_comment_goes_with_the_value() -> None:
    assert patch_text("A='x # y' # why\nB=x#y\n", {"A": "1", "B": "2"}) == "A=1 # why\nB=2\n"


def test_line_ends_stay_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_bytes(b"# keys\r\nA=1 # one\r\nB=2\r\n")
    write_dotenv(path, {"A": "9", "C": "3"})
    assert path.read_bytes() == b"# keys\r\nA=9 # one\r\nB=2\r\nC=3\r\n"


def test_a_read_only_file_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("A=1\n")
    path.chmod(0o400)
    with pytest.raises(ProviderConfigurationError, match="read-only"):
        write_dotenv(path, {"A": "2"})
    assert [actual.name for actual in tmp_path.iterdir()] == [".env"]


def test_a_file_is_backed_up_and_readable_by_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text(BEFORE)
    path.chmod(0o644)
    first = write_dotenv(path, {"LAST": "2"})
    second = write_dotenv(path, {"LAST": "3"})
    assert first is not None
    assert second is not None
    assert (first.name, second.name) == (".env.bak", ".env.bak1")
    assert first.read_text() == BEFORE
    for file in (path, first, second):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert sorted(os.listdir(tmp_path)) == [".env", ".env.bak", ".env.bak1"]


def test_nothing_to_change_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text(BEFORE)
    assert write_dotenv(path, {"LAST": "1"}) is None
    assert os.listdir(tmp_path) == [".env"]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("A=1\n")
    (tmp_path / ".env").symlink_to("real")
    write_dotenv(tmp_path / ".env", {"A": "2"})
    assert (tmp_path / ".env").is_symlink()
    assert (tmp_path / "real").read_text() == "A=2\n"


def test_a_file_that_cannot_be_read_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_bytes(b"A=\xff\xfe\n")
    with pytest.raises(ProviderConfigurationError, match="nothing was changed"):
        write_dotenv(path, {"A": "2"})
    assert path.read_bytes() == b"A=\xff\xfe\n"


def test_a_value_with_a_line_end_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProviderConfigurationError, match="line break"):
        write_dotenv(tmp_path / ".env", {"A": "one\ntwo"})
    assert not (tmp_path / ".env").exists()


def test_a_file_that_its_check_refuses_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("A=1\n")
    checked: list[str] = []

    def refuse(new_file: Path) -> None:
        checked.append(new_file.read_text())
        raise ProviderConfigurationError("no")

    with pytest.raises(ProviderConfigurationError, match="no"):
        write_dotenv(path, {"A": "2"}, refuse)
    assert (checked, path.read_text(), os.listdir(tmp_path)) == (["A=2\n"], "A=1\n", [".env"])
