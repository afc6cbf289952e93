"""What of a secret is masked, in which forms, and how much of the text around it stays."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, strategies as st

from dhenara.ai.errors import CallError
from dhenara.ai.http.protocol.message import Head
from dhenara.ai.providers.secret_values import Redactor
from dhenara.ai.types.chat.delta import FinishDelta, ResponseStart, TextDelta
from dhenara.ai.wire.redaction import (
    anchors,
    any_escape,
    beginning,
    can_be_cut,
    encoded,
    escaped_forms,
    forms,
    fragments,
    hides,
    holds,
    masked,
    one_shows,
    redact,
    shows,
)
from dhenara.ai.wire.secrets import MASK

SECRET = "abcdefgh-IJKLMNOP-0123456789-xyz"
SHORT = "tenant-blue-77"
SECRETS = (SECRET, SHORT)


# Which part of a secret says which one it is


@pytest.mark.parametrize(
    ("secret", "start"),
    [
        ("a" * 11, ""),
        ("a" * 12, "a" * 9),
        ("a" * 16, "a" * 12),
        ("a" * 23, "a" * 17),
        ("a" * 24, "a" * 12),
        ("a" * 36, "a" * 12),
        ("a" * 60, "a" * 20),
        ("two words of a secret", ""),
        ("https://host/with/a/key", ""),
    ],
)
def test_the_beginning_of_a_secret_is_a_third_or_three_quarters_of_it(secret: str, start: str) -> None:
    assert beginning(secret) == start
    assert can_be_cut(secret) == bool(start)


def test_everything_up_to_the_cut_is_masked() -> None:
    assert masked("key=tenant-blu...", SECRETS) == f"key={MASK}"
    assert masked("key=tenant-bl...", SECRETS) == "key=tenant-bl..."
    assert masked('{"key": "abcdefgh-IJKL..."}', SECRETS) == f'{{"key": "{MASK}"}}'
    for end in " \t'<>&":
        assert masked(f"abcdefgh-IJKL{end}more", SECRETS) == f"{MASK}{end}more"


@pytest.mark.parametrize(
    ("size", "longest", "shortest"), [(12, 9, 8), (16, 12, 11), (23, 17, 16), (24, 12, 11), (32, 16, 15), (40, 20, 19)]
)
def test_a_part_from_the_middle_is_detected_if_it_is_long_enough(size: int, longest: int, shortest: int) -> None:
    secret = "".join(chr(ord("a") + number % 26) for number in range(size)).upper()
    for at in range(1, size - longest):
        part = secret[at : at + longest].lower()
        assert list(fragments(f"  {part} ", (secret,))) == [(2, 2 + longest)] * len(list(fragments(part, (secret,))))
        assert list(fragments(part, (secret,)))
        assert not list(fragments(secret[at : at + shortest].lower(), (secret,)))


@given(st.integers(0, 16), st.text("abcdefgh-ijklmnop", max_size=5), st.text("0123456789-xyz", max_size=5))
def test_half_of_a_secret_is_masked_wherever_it_stands(at: int, before: str, after: str) -> None:
    part = SECRET[at : at + 16]
    text = masked(f"{before} {part} {after}", (SECRET,))
    assert text == f"{before} {MASK} {after}"


def test_each_place_of_a_part_is_detected() -> None:
    part = SECRET[8:28]
    assert masked(f"{part}, {part} and {part}", SECRETS) == f"{MASK}, {MASK} and {MASK}"
    assert masked(f"{part}{part}", SECRETS) == MASK
    assert masked(f"{SHORT}{SHORT}", SECRETS) == MASK * 2


def test_a_part_is_masked_as_far_as_it_goes() -> None:
    assert masked("<" + SECRET[5:30] + ">", SECRETS) == f"<{MASK}>"
    assert set(fragments("xx" + SECRET[5:].lower() + "xx", (SECRET,))) == {(2, 29)}
    assert set(fragments("zz" + SECRET[:-5].lower(), (SECRET,))) == {(2, 29)}


def test_pieces_of_secrets_are_half_of_the_least_part() -> None:
    assert anchors(("a" * 11,)) == ()
    assert anchors(("abcdefghijkl",)) == (
        ("abcdefghijkl", "abcd", 0, 9),
        ("abcdefghijkl", "efgh", 4, 9),
        ("abcdefghijkl", "ijkl", 8, 9),
    )
    assert [(piece, place, least) for _, piece, place, least in anchors(("A" * 24,))] == [
        ("a" * 6, place, 12) for place in (0, 6, 12, 18)
    ]
    assert [(piece, place) for _, piece, place, _ in anchors(("abcdefghijklmn",))] == [("abcde", 0), ("fghij", 5)]
    assert anchors(("İ" * 12,)) == ()


# Forms of a secret


def test_no_secrets_hide_nothing() -> None:
    assert redact(SECRET, ()) == SECRET
    assert not shows(SECRET, ())
    assert not shows("", SECRETS)


@pytest.mark.parametrize(
    "form",
    [
        SHORT,
        SHORT.upper(),
        quote("key/of+mine", safe=""),
        "key\\/of+mine",
        SHORT.encode().hex(),
        SHORT.encode().hex().upper(),
    ],
)
def test_encoded_forms_are_masked_where_they_stand(form: str) -> None:
    secrets = (SHORT, "key/of+mine")
    assert masked(f"a {form} b", secrets) == f"a {MASK} b"
    assert shows(f"a {form} b", secrets)
    assert redact(f"a {form} b", secrets) == f"a {MASK} b"


@pytest.mark.parametrize("before", [b"", b"u", b"us"])
@pytest.mark.parametrize("after", [b"", b"p", b"pw"])
def test_base64_is_masked_wherever_the_secret_stands_in_it(before: bytes, after: bytes) -> None:
    for secret in (SHORT, "~~~???>>>~~~"):
        for text in (
            base64.b64encode(before + secret.encode() + after).decode(),
            base64.urlsafe_b64encode(before + secret.encode() + after).decode(),
        ):
            assert shows(text, (secret,))
            assert MASK in masked(text, (secret,))
            assert MASK in masked(quote(text, safe=""), (secret,))


def test_the_forms_of_a_secret() -> None:
    assert {"a/b+c~", "a%2Fb%2Bc~", "a\\/b+c~", "612f622b637e", "YS9iK2N+", "YS9iK2N-", "YS9iK2N%2B"} <= encoded(
        "a/b+c~"
    )
    assert "" not in encoded("a")


def inner_base64(secret: str, before: int) -> set[str]:
    """The characters that are the same whatever stands around the secret, which begins after so many bytes."""
    after = 3 + -(before + len(secret)) % 3
    texts = [
        base64.b64encode(bytes([around]) * before + secret.encode() + bytes([around]) * after).decode()
        for around in (0, 255)
    ]
    same = "".join(one if one == other else " " for one, other in zip(*texts, strict=True)).split()
    return {form for text in same for form in (text, text.replace("+", "-").replace("/", "_"), quote(text, safe=""))}


@given(st.text(st.characters(max_codepoint=127, exclude_characters=" "), min_size=5, max_size=20), st.integers(0, 2))
def test_of_base64_exactly_what_the_secret_alone_decides_is_known(secret: str, before: int) -> None:
    assert inner_base64(secret, before) <= encoded(secret)


def test_no_form_of_base64_depends_on_what_stands_around() -> None:
    plain = {"tenant-12", "74656e616e742d3132"}
    assert encoded("tenant-12") - plain == {form for before in range(3) for form in inner_base64("tenant-12", before)}


def test_secrets_with_other_letters_are_known_in_broken_encodings() -> None:
    secret = "schlüssel-77"
    actual = encoded(secret)
    assert {
        secret.encode().decode("latin-1"),
        "schl\\xc3\\xbcssel-77",
        "schl?ssel-77",
        "schl%FCssel-77",
        "schl%C3%BCssel-77",
    } <= actual
    assert "schlüssel-77" in encoded("schlÃ¼ssel-77")
    assert not {"a?", "a%3F"} & encoded("ab")
    assert {"??????-77", "%3F%3F%3F%3F%3F%3F-77", "\\xd0\\xba"} <= {*encoded("секрет-77"), *encoded("к")}
    assert "%3F-secret" in encoded("\ud800-secret")
    assert "eda0802d736563726574" in encoded("\ud800-secret")


def test_forms_are_compared_in_lower_case() -> None:
    assert "tenant-blu" in forms(("TENANT-BLUE-77",))
    assert "tenant-blu" in forms((SHORT,))
    assert SHORT not in forms((SHORT,))  # its beginning is in it
    assert "hunter2" in forms(("HUNTER2",))
    assert "" not in forms(("ab",))
    assert holds("x TENANT-blue-77 x", (SHORT,), thorough=False)


def test_parts_are_searched_where_it_is_thorough() -> None:
    part = SECRET[8:28]
    assert not holds(part, SECRETS, thorough=False)
    assert holds(part, SECRETS, thorough=True)
    assert not shows(part, SECRETS)
    assert shows(part, SECRETS, thorough=True)
    dump = " ".join(f"{byte:02x}" for byte in SHORT.encode())
    assert not shows(dump, SECRETS)
    assert shows(dump, SECRETS, thorough=True)


def test_the_longest_form_is_masked_first() -> None:
    assert masked("tenant-blue-77-eu", (SHORT, "tenant-blue-77-eu")) == MASK
    assert masked("tenant-blue-77-eu", ("tenant-blue-77-eu", SHORT)) == MASK
    for secrets in (("abc-12345", "abc-12345-x"), ("abc-12345-x", "abc-12345")):
        assert masked("<abc-12345-x>", secrets) == f"<{MASK}>"


def test_overlapping_places_are_one_mask() -> None:
    assert masked("a abcd-efgh-ijkl-mnop z", ("abcd-efgh", "efgh-ijkl-mnop")) in (f"a {MASK} z", f"a {MASK}{MASK} z")
    assert masked("a-b", ("none-of-it",)) == "a-b"


def test_a_letter_that_grows_in_lower_case_moves_nothing() -> None:
    assert masked(f"İİİ {SHORT} İ", SECRETS) == f"İİİ {MASK} İ"


def test_escapes_are_masked_where_they_stand_and_else_the_whole_text() -> None:
    escaped = "".join(f"\\u{ord(letter):04x}" for letter in SHORT)
    assert redact(f"a {escaped} b", SECRETS) == f"a {MASK} b"
    dump = " ".join(f"{byte:02x}" for byte in SHORT.encode())
    assert redact(f"a {dump} b", SECRETS) == MASK
    assert redact("nothing to hide", SECRETS) == "nothing to hide"


@pytest.mark.parametrize(
    ("letter", "escapes"),
    [
        (
            "a",
            ["a", "A", "\\a", "\\\\a", "\\u0061", "\\\\u0061", "&#97;", "&#097", "&#x61;", "&#x0061", "%61", "%2561"],
        ),
        ("a", ["\\x61", "\\\\x61", "%252561"]),
        (" ", [" ", "+", "%20", "&#32;"]),
        ("&", ["&", "&amp;", "&amp", "%26"]),
        ("<", ["&lt;", "&LT;", "%3C", "%3c", "\\u003C"]),
        ("ü", ["ü", "\\u00fc", "&#252;", "&#xfc;"]),
    ],
)
def test_each_escape_of_a_letter_is_known(letter: str, escapes: list[str]) -> None:
    pattern = escaped_forms((letter,))
    assert [one for one in escapes if not pattern.fullmatch(one)] == []


@pytest.mark.parametrize(
    ("letter", "texts"), [("a", ["b", "+", "%62", "\\u0062", "&amp;"]), ("ü", ["%fc", "\\xfc"]), ("&", ["+", "&lt;"])]
)
def test_other_texts_are_no_escape_of_it(letter: str, texts: list[str]) -> None:
    assert [one for one in texts if escaped_forms((letter,)).fullmatch(one)] == []
    assert any_escape(letter).startswith("(?:")


# Redactors


def redactor() -> Redactor:
    return Redactor([SECRET, SHORT, SHORT, "ab", ""])


def test_short_words_are_not_secrets() -> None:
    assert redactor().text("ab") == "ab"


def test_texts_are_masked_and_others_stay_the_same_object() -> None:
    text = "an ordinary text"
    assert redactor().text(text) is text
    assert redactor().text(f"a {SHORT} b") == f"a {MASK} b"
    assert Redactor([]).text(SHORT) == SHORT


def test_bodies_are_masked_whatever_their_encoding() -> None:
    body = b"\xff\xfe ordinary"
    assert redactor().body(body) is body
    assert redactor().body(b"\xff " + SHORT.encode() + b" \xfe") == b"\xff " + MASK.encode() + b" \xfe"
    assert Redactor([]).body(SHORT.encode()) == SHORT.encode()


@pytest.mark.parametrize("status", [199, 300, 401])
def test_heads_of_failures_are_searched_thoroughly(status: int) -> None:
    head = Head(status, {"x": f"part {SECRET[8:28]}", "y": "z"}, "OK")
    assert redactor().redact_head(head) == Head(status, {"x": f"part {MASK}", "y": "z"}, "OK")


@pytest.mark.parametrize("status", [200, 299])
def test_heads_of_answers_are_searched_for_whole_secrets(status: int) -> None:
    head = Head(status, {"x": f"part {SECRET[8:28]}"}, "OK")
    assert redactor().redact_head(head) is head
    assert redactor().redact_head(Head(status, {"x": SHORT, "y": "z"}, "OK")).headers == {"x": MASK, "y": "z"}
    assert redactor().redact_head(Head(status, {"y": "z"}, f"no {SHORT}")) == Head(status, {"y": "z"}, f"no {MASK}")


def test_every_fact_of_an_error_is_masked() -> None:
    error = CallError(
        f"bad {SHORT}",
        request_id=SHORT,
        provider_code=SHORT,
        provider_type=SHORT,
        body={SHORT: [SHORT, 1, None, SHORT.encode()], "x": {"y": SHORT}},
    )
    assert redactor().redact_error(error) is error
    assert (error.message, error.args) == (f"bad {MASK}", (f"bad {MASK}",))
    assert (error.request_id, error.provider_code, error.provider_type) == (MASK, MASK, MASK)
    assert error.body == {MASK: [MASK, 1, None, MASK.encode()], "x": {"y": MASK}}


@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize("kind", ["__cause__", "__context__"])
def test_causes_with_a_secret_are_dropped(kind: str, depth: int) -> None:
    def chained(text: str) -> CallError:
        error = CallError("outer")
        inner: BaseException = error
        for number in range(depth):
            cause = ValueError(text if number == depth - 1 else "between")
            setattr(inner, kind, cause)
            inner = cause
        return error

    error = redactor().redact_error(chained(f"with {SHORT}"))
    assert (error.__cause__, error.__context__, error.__suppress_context__) == (None, None, True)
    error = redactor().redact_error(chained("harmless"))
    assert getattr(error, kind) is not None


def test_causes_that_go_round_are_looked_at_once() -> None:
    error, inner = CallError("outer"), ValueError("inner")
    error.__cause__, inner.__cause__ = inner, inner
    inner.__context__ = error
    assert redactor().redact_error(error).__cause__ is inner


def test_a_secret_in_the_arguments_of_a_cause_counts() -> None:
    class Silent(ValueError):
        def __str__(self) -> str:
            return "nothing"

    error = CallError("outer")
    error.__cause__ = Silent(SHORT)
    assert redactor().redact_error(error).__cause__ is None


@pytest.mark.parametrize("shown", [SHORT, quote(SHORT, safe="").replace("-", "%2D"), SHORT.replace("-", "\\u002d")])
@pytest.mark.parametrize("at", range(3))
def test_a_secret_in_one_of_several_texts_is_detected(shown: str, at: int) -> None:
    texts = ["no-cache", "100%", "a+b"]
    assert not one_shows(texts, SECRETS)
    texts[at] = f"{texts[at]} {shown}"
    assert one_shows(texts, SECRETS)
    assert not one_shows(texts, ())


DUMPS = {
    "itself": SHORT,
    "upper": SHORT.upper(),
    "cut": SHORT[:10],
    "letters apart": " ".join(SHORT),
    "lines": SHORT[:5] + "\n" + SHORT[5:],
    "percent": SHORT.replace("-", "%2D"),
    "escapes": SHORT.replace("-", "\\u002d"),
    "references": SHORT.replace("-", "&#45;"),
    "quoted printable": SHORT.replace("-", "=2D"),
    "all quoted printable": "".join(f"={byte:02X}" for byte in SHORT.encode()),
    "base64": base64.b64encode(SHORT.encode()).decode(),
    "base64 after one": base64.b64encode(b"x" + SHORT.encode()).decode(),
    "base64 after two": base64.b64encode(b"xy" + SHORT.encode()).decode(),
    "hexadecimal": SHORT.encode().hex(),
    "hexadecimal with colons": SHORT.encode().hex(":").upper(),
    "hexadecimal with marks": ", ".join(f"0x{byte:02x}" for byte in SHORT.encode()),
    "escaped bytes": "".join(f"\\x{byte:02x}" for byte in SHORT.encode()),
    "byte values": str(list(SHORT.encode())),
    "byte values with zeros": " ".join(f"{byte:03}" for byte in SHORT.encode()),
    "UTF-16": "\x00".join(SHORT),
    "hexadecimal UTF-16": SHORT.encode("utf-16-be").hex(),
    "wide letters": "".join(chr(ord(letter) + 0xFEE0) for letter in SHORT),
}


@pytest.mark.parametrize("dump", DUMPS)
@pytest.mark.parametrize("secret", [SHORT, "hunter2", "a=b/c+0x0", "-._--._-"])
def test_ids_and_request_ids_are_masked_in_every_form(dump: str, secret: str) -> None:
    assert hides(f"id-{DUMPS[dump]} m", SECRETS)
    assert not hides(f"id-{DUMPS[dump]} m", ())
    echo = f"id-{DUMPS[dump]}"
    (start,) = redactor().redact_batch([ResponseStart(echo, "m", {"item": [echo]})])
    assert isinstance(start, ResponseStart)
    assert start.id != echo
    assert DUMPS[dump] not in str(start.id) + repr(start.extras)
    (finish,) = redactor().redact_batch([FinishDelta("stop", echo)])
    assert isinstance(finish, FinishDelta)
    assert DUMPS[dump] not in str(finish.raw)
    for name in ("x-request-id", "request-id", "cf-ray"):
        assert DUMPS[dump] not in redactor().redact_head(Head(200, {"date": "now", name: echo})).headers[name]
    assert hides(f"- {secret} -", (secret,))
    assert hides(str(list(secret.encode())), (secret,))


@given(st.text(max_size=40), st.sampled_from([SECRET, SHORT, "Schlüssel-77"]))
def test_short_texts_hide_nothing_that_ordinary_ones_do_not_show(text: str, secret: str) -> None:
    if shows(text, (secret,)):
        assert hides(text, (secret,))
    if not shows(text, (secret,), thorough=True):
        assert not hides(text, (secret,))


def test_ids_and_names_of_a_response_are_masked_and_its_content_is_not() -> None:
    batch: list[Any] = [ResponseStart(SHORT, f"m-{SHORT}", {"x": [SHORT]}), TextDelta(0, SHORT), FinishDelta("stop")]
    start, text, finish = redactor().redact_batch(batch)
    assert isinstance(start, ResponseStart)
    assert (start.id, start.model, start.extras) == (MASK, f"m-{MASK}", {"x": [MASK]})
    assert (text, finish) == (batch[1], batch[2])
    contents = [TextDelta(0, SHORT)]
    assert redactor().redact_batch(contents) is contents
    assert Redactor([]).redact_batch(batch) is batch


@pytest.mark.parametrize("fields", [{"id": SHORT}, {"model": SHORT}, {"extras": {"x": SHORT}}])
def test_a_secret_in_any_fact_of_the_start_is_masked_each_time(fields: dict[str, Any]) -> None:
    one = redactor()
    ordinary = ResponseStart("1", "m", {"x": "y"})
    for _ in range(2):
        assert one.redact_batch([ordinary]) == [ordinary]
        (start,) = one.redact_batch([ResponseStart(**fields)])
        assert SHORT not in repr(start)
        assert MASK in repr(start)


@pytest.mark.parametrize("field", ["raw", "stop_sequence", "message"])
def test_a_secret_in_any_fact_of_the_end_is_masked(field: str) -> None:
    (finish,) = redactor().redact_batch([FinishDelta("stop", choice=3, **{field: f"a {SHORT}"})])
    assert isinstance(finish, FinishDelta)
    assert (getattr(finish, field), finish.reason, finish.choice) == (f"a {MASK}", "stop", 3)
