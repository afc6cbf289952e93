"""Request paths: external values are quoted so that each stays one segment of the path.

A value that is inserted into a path unquoted can send the request, with its API key, to any other path of the host:
`..` goes up, `?` starts a query and `#` cuts off the rest. Quoting makes all of these harmless except `.` and `..`,
which have no quoted form (servers remove them from quoted paths too: RFC 3986, section 6.2.2.3), so they are rejected.
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import quote

from ...errors import ConfigurationError

DOT_SEGMENTS = (".", "..")
# Dot segments, also quoted ones, and characters that are invalid in a path.
UNSAFE = re.compile(r"(?:^|/)(?:\.|%2e){1,2}(?:/|$)|[^!-~]|[#\\]", re.IGNORECASE)


def quote_segment(value: str, safe: str = "") -> str:
    """Quote a value so that it is exactly one segment of a path.

    Args:
        value: A model name, deployment, file id or similar.
        safe: Characters that are not quoted, such as `@`.

    Returns:
        The quoted segment.

    Raises:
        ConfigurationError: If the value is empty, `.` or `..`, or cannot be encoded.
    """
    if not value or value in DOT_SEGMENTS:
        raise invalid_path(value)
    try:
        return quote(value, safe=safe)
    except UnicodeEncodeError as error:
        raise invalid_path(value) from error


def quote_path(value: str, safe: str = "") -> str:
    """Quote a resource name of several segments, such as `publishers/x/models/y`, segment by segment."""
    return "/".join(quote_segment(segment, safe) for segment in value.split("/"))


@lru_cache(256)
def check_path(path: str) -> None:
    """Check the complete path, including the parts that dialects and users add.

    Raises:
        ConfigurationError: If the path has dot segments, a fragment, or invalid characters.
    """
    if UNSAFE.search(path.partition("?")[0]) or not path.isascii() or not path.isprintable() or "#" in path:
        raise invalid_path(path)


def invalid_path(value: str) -> ConfigurationError:
    return ConfigurationError(f"{value[:200]!r} cannot be part of an API path. Check the model name or id")
