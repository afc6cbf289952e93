"""Long lines are broken for people, between words, and never for programs."""

from __future__ import annotations

import io

import pytest

from ai_utilities.cli.output import wrap_text


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_programs_get_lines_whole() -> None:
    assert wrap_text("word " * 50, io.StringIO()) == "word " * 50


def test_people_get_them_in_their_width(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "50")
    lines = wrap_text("first line\n" + "some words " * 20, Terminal(), indent=4).splitlines()
    assert lines[0] == "first line"
    assert all(len(line) <= 50 for line in lines)
    assert all(line.startswith("    ") for line in lines[2:])


def test_an_address_stays_in_one_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    address = "https://console.example.com/a-long-path/to-some-keys"
    assert address in wrap_text(f"Keys are made at {address}.", Terminal())
