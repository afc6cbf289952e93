"""The picture of the command shows commands that there are, in a file that any reader of SVG takes."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from tools.picture import COMMANDS, PICTURE, drawn


def test_the_picture_shows_these_commands() -> None:
    tree = ElementTree.parse(PICTURE)
    typed = [element.text for element in tree.iter() if element.get("class") == "typed"]
    assert typed == list(COMMANDS), "run `python -m tools.picture` to draw it anew"


def test_what_is_drawn_is_as_long_in_every_font() -> None:
    picture = drawn([("typed", "ai-utilities"), ("", "a < b"), ("", "")])
    assert re.findall(r'textLength="(\d+)"', picture) == ["96", "40"]
    assert "a &lt; b" in picture
