"""What the commands read: prompts, lines, parameters and amounts."""

from __future__ import annotations

import io
from typing import Any

import pytest
import typer

from ai_utilities.cli.inputs import finite, read_currency, read_lines, read_parameter, read_prompt
from ai_utilities.exceptions import ProviderConfigurationError


def test_piped_text_follows_the_argument_after_a_blank_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("piped\n"))
    assert read_prompt(" argument ", "ask") == "argument\n\npiped"


@pytest.mark.parametrize(
    ("piped", "lines"),
    [
        ("one\ntwo \n", ["one", "two "]),
        ("a\\\nb\nc\n", ["a\nb", "c"]),
        ("a\\\nb\\\nc\nd", ["a\nb\nc", "d"]),
        ("one\nunfinished\\\n", ["one", "unfinished"]),
    ],
)
def test_a_line_that_ends_with_a_backslash_continues(
    piped: str, lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(piped))
    assert list(read_lines()) == lines


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_ctrl_c_discards_a_line_and_ctrl_d_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    typed: list[Any] = ["one", KeyboardInterrupt(), "two", EOFError()]

    class Session:
        def __init__(self, **_: Any) -> None: ...

        def prompt(self, _: str) -> str:
            line = typed.pop(0)
            if isinstance(line, BaseException):
                raise line
            return str(line)

    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("prompt_toolkit.PromptSession", Session)
    assert list(read_lines()) == ["one", "two"]


@pytest.mark.parametrize(
    ("pair", "name", "value"),
    [("stop=a=b", "stop", "a=b"), ("top_p=0.5", "top_p", 0.5), ("stop=", "stop", ""), ('stop=["x"]', "stop", ["x"])],
)
def test_a_parameter_is_json_or_text_after_the_first_equals_sign(pair: str, name: str, value: Any) -> None:
    assert read_parameter(pair) == (name, value)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_numbers_must_be_finite(value: float) -> None:
    with pytest.raises(typer.BadParameter, match="not a finite number"):
        finite(value)
    assert (finite(None), finite(0.5)) == (None, 0.5)


@pytest.mark.parametrize(("code", "rate"), [("EUR", None), (None, "0.9")])
def test_a_currency_needs_a_rate(code: str | None, rate: str | None) -> None:
    with pytest.raises(ProviderConfigurationError, match="a currency needs a rate"):
        read_currency(code, rate, None, None)
