"""Estimates of the tokens of a request, and which operations and attempts cost nothing."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from decimal import Decimal
from io import BytesIO

from dhenara.ai import Exchange
from dhenara.ai.errors import CallError, ConnectionFailedError
from dhenara.ai.types import Attempt, Call, Cost

MANAGEMENT_OPERATIONS = ("files", "batches", "vector_stores")
"""Operations about files, vector stores and batches have no charge; the answers of a batch have."""

READING_ACTIONS = frozenset({"file", "files", "get", "lines", "list", "results"})
"""Actions of such operations that change nothing and are repeated until something has ended. They have no rows."""

UNCHARGED_OPERATIONS = (
    "batches",
    "count_tokens",
    "files",
    "list_models",
    "moderate",
    "search_vector_store",
    "vector_stores",
)
"""Operations without a charge. Answers of a batch are charged, polling it is not."""

FREE_COST = Cost.model_construct(amount=Decimal(0), source="free")
REFUSED_COST = Cost.model_construct(amount=Decimal(0), source="refused")


def unbilled(attempt: Attempt) -> bool:
    """Whether an attempt cannot have been charged: it was rejected, or its request was not received."""
    return unsent(attempt) or (attempt.status is not None and attempt.status >= 400)


def unsent(attempt: Attempt) -> bool:
    """Whether the request of an attempt cannot have been received: a limit held it back, or nothing was connected."""
    text = attempt.error or ""
    if "may have been received" in text:
        return False
    return text.startswith(("LimitReachedError", "ConnectionFailedError: could not reach"))


def unbilled_error(call: Call, error: CallError) -> bool:
    """Like `unbilled`, for an error that belongs to no attempt, as without retries."""
    head = call.journal.head
    if head is not None:
        return head.status >= 400
    unreceived = isinstance(error, ConnectionFailedError) and "may have been received" not in error.message
    return unreceived or (error.status or 0) >= 400


LEAST_MEDIA = 1000
"""Characters of a base64 text from which on it counts as media."""

MEDIA = rf"(data:[\w.+-]+/[\w.+-]+;base64,)?[A-Za-z0-9+/_-]{{{LEAST_MEDIA}}}"
MEDIA_TOKENS = 2000
"""Minimum tokens of an image, audio or document."""

BYTES_PER_MEDIA_TOKEN = 25
"""A document page has about 50 kB and up to 2,000 tokens; audio and images have fewer tokens per byte."""

USUAL_BYTES_PER_TOKEN = 4
OVERHEAD = 16
"""Tokens that the provider adds per message."""

ADDED_AT_MOST = 128
"""Most tokens of a system prompt that the provider writes itself."""

ADDED_FOR_TOOLS = 1500
"""Most tokens that it adds to explain how tools are used; Anthropic adds 300 to 1,300."""

ADDED_FOR_FORMATS = 500
"""Most tokens that it adds to explain the format of the answer."""

ADDED_FOR_PASSES = 2000
"""Most tokens that it adds where several answers are compared."""

ADDED_BY_FIELD = {
    **dict.fromkeys(("tools", "toolConfig", "tool_config"), ADDED_FOR_TOOLS),
    **dict.fromkeys(
        ("response_format", "responseSchema", "responseJsonSchema", "output_format", "output_config"),
        ADDED_FOR_FORMATS,
    ),
}
"""What fields of these names add to the prompt."""

COUNTED_FIELDS = frozenset({*ADDED_BY_FIELD, "type", "mode"})
"""Names of the fields that add to the prompt, or whose values may."""

OWN_TOOLS = ("apply_patch", "bash", "computer", "local_shell", "memory", "shell", "text_editor", "tool_search")
"""Beginnings of the types of tools that the provider describes to the model, with as many tokens again."""

TOKENS_PER_PAGE = 3000
PDF_START = "JVBERi"
"""How PDF files begin as base64."""

SHORT = slice(len(PDF_START))
PDF_URL = "data:a"
PDF_BEGINNINGS = (PDF_START, PDF_URL)
"""The first six characters of PDF files as base64, and of their data URLs. `PDF` decides."""

PDF = rf"(data:application/pdf;base64,)?{PDF_START}"
PAGE = rb"/Type\s*/Page[^s]"


@dataclass(slots=True, eq=False)
class TokenEstimate:
    """An estimate of tokens.

    Attributes:
        usual: The expected number.
        most: An upper bound: a text token has at least one byte.
    """

    usual: int
    most: int


def estimate_tokens(body: object) -> TokenEstimate:
    """Estimates the tokens of a request body of any protocol.

    Args:
        body: The body, as a JSON value. Long base64 texts count as media, except in the fields of texts.
    """
    return estimate_fields(read_fields(body))


def estimate_fields(fields: Sequence[Field], words: Set[str] | None = None) -> TokenEstimate:
    """Like `estimate_tokens`, for the strings of a body.

    Args:
        fields: The strings.
        words: The short ones, as `words_of` returns them. Default None: each string is looked at.
    """
    shorter = [string for _, string in fields if len(string) < LEAST_MEDIA]
    short = "".join(shorter)
    is_plain = words is not None and len(shorter) == len(fields) and words.isdisjoint(COUNTED_FIELDS)
    if is_plain and PDF_START not in short and PDF_URL not in short:
        text = size_of(short)
        return TokenEstimate(text // USUAL_BYTES_PER_TOKEN + OVERHEAD, text + ADDED_AT_MOST)
    text, media, pages = size_of(short), 0, 0
    added = ADDED_AT_MOST
    for field, string in fields:
        if len(string) >= LEAST_MEDIA:
            if (field not in TEXT_FIELDS or string.startswith("data:")) and re.match(MEDIA, string):
                media += max(MEDIA_TOKENS, len(string) * 3 // 4 // BYTES_PER_MEDIA_TOKEN)
            else:
                text += size_of(string)
        elif not field:
            if string in ADDED_BY_FIELD:
                added += ADDED_BY_FIELD[string]
        elif field in ("type", "mode"):
            added += tokens_added(field, string)
        if string[SHORT] in PDF_BEGINNINGS and (start := re.match(PDF, string)):
            pages += page_tokens(decode_base64(string[start.end() - len(PDF_START) :]))
    return TokenEstimate(text // USUAL_BYTES_PER_TOKEN + media + OVERHEAD, text + media + pages + added)


def size_of(text: str) -> int:
    """The bytes of a text."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def tokens_added(field: str, string: str) -> int:
    """Most tokens that a provider adds to the prompt because of the value of a field named `type` or `mode`."""
    if field == "type":
        return ADDED_FOR_TOOLS if string.startswith(OWN_TOOLS) else 0
    return ADDED_FOR_PASSES if string == "pro" else 0


def page_tokens(document: bytes) -> int:
    """Most tokens of the pages that a PDF file shows; 0 for other files."""
    return TOKENS_PER_PAGE * len(re.findall(PAGE, document)) if document.startswith(b"%PDF-") else 0


def decode_base64(text: str) -> bytes:
    """The bytes of a base64 text, as far as it is one."""
    try:
        return base64.b64decode(text.rstrip("=") + "==", altchars=b"-_" if {"-", "_"} & set(text) else None)
    except ValueError:
        return b""


def fields_of(exchange: Exchange) -> list[Field]:
    """What `read_fields` returns for the body of a request."""
    return read_fields(exchange.body)


LONGEST_WORD = 40
"""Strings of a body up to this length may be names of fields or settings."""


def words_of(exchange: Exchange) -> frozenset[str]:
    """The short strings of the body of a request, among them the names of its fields."""
    return frozenset([text for _, text in exchange.once(fields_of) if len(text) <= LONGEST_WORD])


def estimate_request(exchange: Exchange) -> TokenEstimate:
    """Estimates the tokens of a request as it will be sent, including uploaded media."""
    body = estimate_fields(exchange.once(fields_of), exchange.once(words_of))
    if not exchange.uploads:
        return body
    media = sum(max(MEDIA_TOKENS, len(part.data or b"") // BYTES_PER_MEDIA_TOKEN) for part in exchange.uploads)
    pages = sum(page_tokens(part.data or b"") for part in exchange.uploads)
    return TokenEstimate(body.usual + media, body.most + media + pages)


TEXT_FIELDS = frozenset({"arguments", "content", "input", "instructions", "output", "prompt", "system", "text"})
"""Fields with texts in any protocol: a text may look like base64, and then has many tokens."""

Field = tuple[str, str]
"""A string of a JSON value, with the name of its field before it; a name of a field has an empty name."""


def read_fields(value: object) -> list[Field]:
    """All strings of a JSON value with the name of their field, and the field names themselves."""
    fields: list[Field] = []
    add_fields(fields, value, "")
    return fields


def add_fields(fields: list[Field], value: object, field: str) -> None:
    """Appends the fields of a JSON value."""
    if isinstance(value, str):
        fields.append((field, value))
    elif isinstance(value, ARRAYS):
        for entry in value:
            if type(entry) not in SCALARS:
                add_fields(fields, entry, field)
    elif isinstance(value, OBJECTS):
        for key, entry in value.items():
            name = str(key)
            fields.append(("", name))
            if type(entry) is str:
                fields.append((name, entry))
            elif type(entry) not in SCALARS:
                add_fields(fields, entry, name)


SCALARS = (int, float, bool, type(None))
"""Types of JSON values without strings."""

ARRAYS, OBJECTS = (list, tuple), (dict, Mapping)
"""Types of the others."""


def count_pages(data: bytes) -> int | None:
    """The pages of a PDF file; None if it cannot be read, or without pypdf."""
    if b"%PDF-" not in data[:1024]:
        return None
    try:
        import pypdf
    except ImportError:
        return None
    try:
        return len(pypdf.PdfReader(BytesIO(data)).pages)
    except Exception:  # noqa: BLE001  # pypdf raises arbitrary exceptions for damaged files
        return None
