"""Messages of the library in the words of the command line: flags and variables instead of Python parameters."""

from __future__ import annotations

import re
from collections.abc import Callable

Replacement = str | Callable[[re.Match[str]], str]


def as_variable(match: re.Match[str]) -> str:
    """The `config` of an `AIModelAPI` as the variable that holds it as JSON."""
    written = match["config"].replace("'", '"')
    return f"set AI_PROVIDER_CONFIG='{written}'"


CONFIG = r"pass config=(?P<config>\{[^}]*\})(?: to AIModelAPI)?"
PHRASES: tuple[tuple[str, Replacement], ...] = (
    # Keys, addresses, models
    (r"^fallbacks, (?=')", "AI_FALLBACKS, "),
    (r",? or pass api_key='?\.\.\.'?(?: or credentials=\.\.\.)?(?: to AIModelAPI)?", ""),
    (r" or api_key=\.\.\.", ""),
    (r"Pass api_key=\.\.\. to AIModelAPI", "Set AI_API_KEY"),
    (r",? or pass base_url='[^']*'", ""),
    (r"with base_url=\.\.\.", "with AI_BASE_URL"),
    (r", or register_provider\([^)]*\) to add a provider", ""),
    (r"list_providers\(\) lists all names", "`ai-utilities providers` lists all names"),
    (r"list_models\(\) lists them", "`ai-utilities models` lists them"),
    (r"--model or model='?\.\.\.'?", "--model NAME"),
    (r"\bmodel='?\.\.\.'?", "--model NAME"),
    (r"\bprovider='?\.\.\.'?", "--provider NAME"),
    # What platforms need
    (r"pass credentials=\{[^}]*\} or \{[^}]*\} to AIModelAPI, ", ""),
    (
        r"pass credentials=\{'access_key_id'[^}]*\} and config=\{[^}]*\} to AIModelAPI",
        "set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION",
    ),
    (r",? or pass credentials=\{'token': a_function\}", ""),
    (r" For another source of tokens pass credentials=\{'token': a_function\}\.", ""),
    (r"pass config=\{'headers': \{\.\.\.\}\} instead", "use AI_EXTRA_HEADERS"),
    (CONFIG, as_variable),
    # How calls are made
    (r",? or raise Timeouts\(\w+=\.\.\.\)", ""),
    (r"; raise Timeouts\(\w+=\.\.\.\)", ""),
    (r"Raise `timeout`", "Raise --timeout"),
    (r"raise `retries`", "raise AI_MAX_RETRIES"),
    (r"\b(Raise|Lower|Set|raise|lower|set) max_output_tokens", r"\1 --max-tokens"),
    (r"With strict=False this is a warning on the response", "With AI_STRICT=0 this is a warning"),
    (r"; with strict=True this is an error", ""),
    (r"Set options=\{'num_ctx': \.\.\.\} to a larger value, or send less", "Send less"),
    (r"Pass transport='(\w+)' to the client", r"Set AI_TRANSPORT=\1"),
    (r"\btransport='(\w+)'", r"AI_TRANSPORT=\1"),
    (r"pass verify='ca\.pem' to the client or set SSL_CERT_FILE", "set AI_VERIFY=ca.pem or SSL_CERT_FILE"),
    (r"pass cert='client\.pem'", "set AI_CERT=client.pem"),
    (r"let calls wait with LimitLayer\(wait=True\)", "let calls wait longer with AI_LIMIT_WAIT_S"),
    (
        r"AiSettings\(cache_enabled=True\), AI_CACHE_ENABLED=1, or AiClient\(cache=\.\.\.\)",
        "pass --cache or set AI_CACHE_ENABLED=1",
    ),
    # Files
    (r"Pass overwrite=True to replace it", "Pass --force to replace it"),
    (r"pass it in files=\[\.\.\.\]", "pass it with --file"),
    (r"config\.fetching = Fetching\([^)]*\), or pass the bytes", "Download the file, and pass it with --file"),
    (r"Raise Fetching\(max_bytes=\.\.\.\)", "Download the file, and pass it with --file"),
    (r"Pass mime_type=\.\.\., such as mime_type='[^']*'", "Give the file the extension of its type, such as .pdf"),
    (r" If this one supports it, declare it: AIModel\(\.\.\., settings=.*\)\.", ""),
    (r"Pass a larger most_bytes=\.\.\.", "Pass a smaller file"),
    (r"Pass a larger timeout=\.\.\.", "Pass a shorter recording"),
)
"""Each phrase with parameters, and what is said instead; the first ones are applied first."""

COMPILED = tuple((re.compile(phrase), instead) for phrase, instead in PHRASES)


def for_command_line(message: str) -> str:
    """The message with flags and variables where it names parameters."""
    for phrase, instead in COMPILED:
        message = phrase.sub(instead, message)
    return message
