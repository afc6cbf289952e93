"""A secret that a server repeats is masked in whatever encoding it comes, as a whole and in part."""

from __future__ import annotations

import base64
import json
import pickle
import traceback
from collections.abc import Callable
from urllib.parse import quote

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.errors import CallError
from dhenara.ai.testing import FakeServer, Raw
from dhenara.ai.types import AIModel, AIModelAPI, AIModelEndpoint
from dhenara.ai.wire.redaction import redact, shows
from support.worlds import World

KEY = "sk-Live/0+secret=Key-abcdefghijklmnop"
HEADER = "tenant-blue-7351"
QUERY = "query/value+42"
LATIN = "schlüssel-geheim-77"
SECRETS = (KEY, HEADER, QUERY, LATIN)


def in_lines(text: str, size: int = 19) -> str:
    return "\n".join(text[at : at + size] for at in range(0, len(text), size))


def base64_of(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def escaped(text: str, form: str) -> str:
    return "".join(form.format(byte) for byte in text.encode())


FORMS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "without its beginning": lambda text: text[3:],
    "without its end": lambda text: text[:-3],
    "base64": base64_of,
    "base64, cut": lambda text: base64_of(text)[:-4],
    "base64 in lines": lambda text: in_lines(base64_of(f"{'x' * 30}{text}{'y' * 30}")),
    "base64 twice": lambda text: base64_of(base64_of(text)),
    "hexadecimal, cut": lambda text: text.encode().hex()[:-6],
    "hexadecimal, colons": lambda text: text.encode().hex(":"),
    "hexadecimal, spaces": lambda text: text.encode().hex(" "),
    "hexadecimal, 0x": lambda text: ", ".join(f"{byte:#04x}" for byte in text.encode()),
    "hexadecimal of utf-16": lambda text: text.encode("utf-16-le").hex(),
    "escapes of c": lambda text: escaped(text, "\\x{:02x}"),
    "octal": lambda text: escaped(text, "\\{:03o}"),
    "quoted printable": lambda text: escaped(text, "={:02X}"),
    "braces": lambda text: "".join(f"\\u{{{ord(letter):x}}}" for letter in text),
    "percent u": lambda text: "".join(f"%u{ord(letter):04x}" for letter in text),
    "percent, cut": lambda text: quote(text, safe="")[:-3],
    "byte values": lambda text: str(list(text.encode())),
    "buffer": lambda text: json.dumps({"type": "Buffer", "data": list(text.encode())}),
    "spaced": " ".join,
    "folded": lambda text: f"{text[:9]}\r\n {text[9:]}",
    "full width": lambda text: "".join(chr(ord(one) + 0xFEE0) if 0x20 < ord(one) < 0x7F else one for one in text),
    "utf-16": lambda text: text.encode("utf-16-le").decode("latin-1"),
    "utf-8 as latin-1": lambda text: text.encode().decode("latin-1"),
    "latin-1 in percent": lambda text: quote(text.encode("latin-1"), safe=""),
    "letters replaced": lambda text: text.encode("ascii", "replace").decode(),
}


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("secret", SECRETS)
def test_each_form_of_each_secret_is_masked(secret: str, name: str) -> None:
    echo = FORMS[name](secret)
    for text in (echo, f"the header {echo} was refused", f"<p>{echo}</p>", f"a{in_lines('b' * 40)} {echo}"):
        assert shows(text, SECRETS, thorough=True)
        shown = redact(text, SECRETS)
        assert echo not in shown
        assert not shows(shown, SECRETS, thorough=True)


@pytest.mark.parametrize("name", FORMS)
def test_no_error_repeats_it(name: str, server: FakeServer, world: World) -> None:
    echoes = [FORMS[name](secret) for secret in SECRETS]
    body = json.dumps({"error": {"message": " | ".join(echoes), "type": "t"}}).encode()
    ascii_only = " ".join(echoes).replace("\r\n", "").replace("\n", "").encode("ascii", "replace").decode()
    server.add_replies(
        Raw(body, 401, {"content-type": "application/json", "x-request-id": ascii_only.replace("\0", "")})
    )
    config = {
        "base_url": f"{server.url}/v1?tenant={quote(QUERY, safe='')}",
        "headers": {"X-Tenant": HEADER, "X-Latin": LATIN},
    }
    api = AIModelAPI(provider="openai", api_key=KEY, config=config)
    client = AIModelClient(AIModelEndpoint(api=api, ai_model=AIModel(model_name="m")))
    with pytest.raises(CallError) as raised:
        world.run(client, "?", retries=0)
    world.close(client)
    error = raised.value
    shown = [str(error), repr(vars(error)), "".join(traceback.format_exception(error))]
    shown += [pickle.dumps(error).decode("latin-1"), *(one.model_dump_json() for one in error.attempts)]
    assert [echo for echo in echoes for text in shown if echo in text or json.dumps(echo)[1:-1] in text] == []


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-32"])
def test_bodies_in_wide_letters_are_masked(encoding: str, server: FakeServer, world: World) -> None:
    body = json.dumps({"error": {"message": f"bad: {KEY}"}}).encode(encoding)
    server.add_replies(Raw(body, 400, {"content-type": f"application/json; charset={encoding}"}))
    api = AIModelAPI(provider="openai", api_key=KEY, config={"base_url": f"{server.url}/v1"})
    client = AIModelClient(AIModelEndpoint(api=api, ai_model=AIModel(model_name="m")))
    with pytest.raises(CallError) as raised:
        world.run(client, "?", retries=0)
    world.close(client)
    shown = f"{raised.value} {vars(raised.value)!r}".replace("\0", "").replace("\\x00", "")
    assert KEY not in shown


ORDINARY = [
    "the model fake-1 of tenant-x is not in api.example.com at /v1/chat/completions",
    "see https://platform.openai.com/docs/models, id req_0123456789abcdef0123456789abcdef",
    "tenant blue has 73 of 51 values left; query the value again",
    "aGVsbG8gd29ybGQsIHRoaXMgaXMgYSB0ZXN0 and deadbeefdeadbeefdeadbeef and [1, 2, 3, 4, 5, 6, 7, 8]",
]


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_words_stay_as_they_are(text: str) -> None:
    assert redact(text, SECRETS) == text
