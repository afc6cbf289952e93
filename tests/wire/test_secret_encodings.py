"""What a text may read as: escapes and encodings, over and over."""

from __future__ import annotations

import base64

import pytest

from dhenara.ai.wire.redaction import readings, unmixed

WORD = "Tenant-blue-777"


@pytest.mark.parametrize(
    "text",
    [
        "".join(f"%{byte:02x}" for byte in WORD.encode()),
        "".join(f"%25{byte:02x}" for byte in WORD.encode()),
        "".join(f"%u{ord(letter):04x}" for letter in WORD),
        "".join(f"%u{ord(letter):04X}" for letter in WORD),
        "".join(f"\\u{ord(letter):04x}" for letter in WORD),
        "".join(f"\\u{{{ord(letter):x}}}" for letter in WORD),
        "".join(f"\\x{ord(letter):02X}" for letter in WORD),
        "".join(f"\\{ord(letter):03o}" for letter in WORD),
        "".join(f"\\\\x{byte:02x}" for byte in WORD.encode()),
        "".join(f"\\{letter}" if letter in "-" else letter for letter in WORD),
        "".join(f"&#{ord(letter)};" for letter in WORD),
        "".join(f"&#x{ord(letter):x};" for letter in WORD),
    ],
)
def test_escapes_are_resolved(text: str) -> None:
    assert WORD in readings(text)
    assert text in readings(text)


def test_a_plus_is_a_space_and_a_plus() -> None:
    assert {"a+b%20c", "a b c", "a+b c"} <= readings("a+b%20c")


@pytest.mark.parametrize(
    "text",
    [
        base64.b64encode(WORD.encode()).decode(),
        base64.urlsafe_b64encode(b"\xff\xef\xfe" + WORD.encode()).decode(),
        "x" + base64.b64encode(WORD.encode()).decode(),
        "xyz" + base64.b64encode(WORD.encode()).decode(),
        base64.b64encode(WORD.encode()).decode() + "x",
        "xy" + base64.b64encode(WORD.encode()).decode() + "xyz",
        base64.b64encode(base64.b64encode(f"{WORD}   ".encode())).decode(),
        base64.b64encode(WORD.encode("utf-16-le")).decode(),
        WORD.encode().hex(),
        WORD.encode().hex(" "),
        WORD.encode().hex(":"),
        WORD.encode().hex(","),
        "f" + WORD.encode().hex(),
        ", ".join(f"0x{byte:02x}" for byte in WORD.encode()),
        str(list(WORD.encode())),
        " ".join(str(byte) for byte in WORD.encode()),
        "".join(f"={byte:02X}" for byte in WORD.encode()),
        " ".join(WORD),
        "\n".join(WORD),
        "\\n".join(WORD),
        "\x00".join(WORD),
        "Ｔｅｎａｎｔ-ｂｌｕｅ-７７７",
    ],
)
def test_dumps_are_read_where_it_is_thorough(text: str) -> None:
    assert any(WORD in reading for reading in readings(text, thorough=True))
    assert not any(WORD in reading for reading in readings(text))


def test_utf_8_that_was_read_as_latin_1_is_read_as_it_was_meant() -> None:
    assert list(unmixed("Ã¤")) == ["ä"]
    assert list(unmixed("ä")) == list(unmixed("€")) == []
    assert "Schlüssel" in readings("SchlÃ¼ssel", thorough=True)


def test_texts_are_encoded_three_times_at_most() -> None:
    text = WORD
    for depth in range(1, 6):
        text = text.replace("%", "%25") if "%" in text else "".join(f"%{byte:02x}" for byte in text.encode())
        assert (WORD in readings(text)) == (depth <= 3)


def test_an_ordinary_text_reads_as_itself() -> None:
    assert readings("nothing to resolve") == {"nothing to resolve"}
    assert readings("") == {""}


def test_numbers_that_are_no_characters_stay() -> None:
    assert readings("\\u{110000}") == {"\\u{110000}"}
    assert "\U0010ffff" in readings("\\u{10ffff}")


def test_of_long_texts_the_beginning_is_searched_for_dumps() -> None:
    dump = base64.b64encode(WORD.encode()).decode()
    assert any(WORD in reading for reading in readings(". " * 9_900 + dump, thorough=True))
    assert not any(WORD in reading for reading in readings(". " * 10_000 + dump, thorough=True))
