"""Secrets are taken out of whatever is logged: keys by their looks, and those that were named."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable

HIDDEN = "**********"
LOOKS = re.compile(
    r"""\b(?:sk|pk|rk|gsk|xai|hf|pplx|csk|nvapi|r8|fw|tgp|ghp|gho|github_pat|AIza|AKIA|ASIA|ya29)[-_.]?[A-Za-z0-9_\-.]{12,}
    | (?<=[Bb]earer\ )[A-Za-z0-9_\-.=+/]{8,}
    | (?<=[?&]key=)[^&\s"']+
    | (?<=//)[^/\s:@"']*:[^/\s@"']+(?=@)""",
    re.VERBOSE,
)
NAMED = re.compile(
    r"""(["']?(?:authorization|x-api-key|api[-_]key|x-goog-api-key|secret_access_key|session_token|password)["']?
    \s*[:=]\s*)(["']?)(?!\*{5})(?:Bearer\ )?[^\s"',}]+""",
    re.VERBOSE | re.IGNORECASE,
)
USUAL = frozenset(logging.LogRecord("", 0, "", 0, "", (), None).__dict__)


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """The text without anything that is, or looks like, a secret."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, HIDDEN)
    return LOOKS.sub(HIDDEN, NAMED.sub(rf"\1\2{HIDDEN}", text))


class RedactingFilter(logging.Filter):
    """Put it on a handler: what passes there has no secrets in it. `secrets` are hidden whatever they look like."""

    def __init__(self, *secrets: str) -> None:
        super().__init__()
        self._secrets = secrets

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = redact(record.getMessage(), self._secrets), ()
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = redact(record.exc_text, self._secrets)
        for name, value in record.__dict__.items():
            if name not in USUAL and isinstance(value, str):
                record.__dict__[name] = redact(value, self._secrets)
        return True
