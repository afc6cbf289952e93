"""Secret values: strings and bytes that work like any other, but show a mask in `repr` and in dumps."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import wraps
from inspect import iscoroutinefunction
from itertools import pairwise
from types import FunctionType
from typing import Any, TypeVar, cast
from urllib.parse import unquote

MASK = "**********"
SECRET_NAMES = re.compile(r"auth|key|secret|token|passw|pwd|bearer|credential|cookie|signature", re.IGNORECASE)
"""A config entry or a header whose name has one of these carries a secret."""

OPTION_NAMES = re.compile(r"auth|api_?key|secret|passw|pwd|bearer|credential|cookie|token$", re.IGNORECASE)
"""The same for options of a request, where `key` and `tokens` stand in names of other things."""

WHOLE = re.compile(r"headers$|query$|^params$|^cookies$", re.IGNORECASE)
"""Entries of which every text is a secret."""

DIALECT = frozenset({"quirks", "operation_quirks"})
"""Entries that name fields of requests, many of them with `key` or `token` in their names; none is a secret."""


KEY_START = re.compile(
    r"(?:sk|pk|rk|key|tok|token|secret|gsk|csk|xai|hf|gh[opsu]|nvapi)[-_]\S{8,}|AIza\S{16,}|eyJ\S{16,}"
)
"""How keys of well-known services begin."""

UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
RUN = re.compile(r"[A-Za-z0-9]{16,}")
CHANGE = re.compile(r"(?<=[a-z])(?=[A-Z0-9])|(?<=[A-Z])(?=[a-z0-9])|(?<=[0-9])(?=[A-Za-z])")
KEY_SEGMENT = re.compile(r"(?:api[-_]?)?(?:key|token|secret)s?", re.IGNORECASE)
"""A segment of a path that says that the next one is a secret, as in `/token/...`."""


class SecretText(str):
    """A string that is masked in `repr`, in dumps and in tracebacks that show local variables."""

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(MASK if self else "")


class SecretBytes(bytes):
    """The same for bytes, such as a request with its headers."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<{len(self)} bytes>"


class SecretAddress(str):
    """A URL whose `repr` has neither a name and password, nor the values of its query, nor keys in its path."""

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(shown_address(self))


def shown_address(url: str) -> str:
    """The URL with its user info, the values of its query, and keys in its path masked."""
    head, _, fragment = url.partition("#")
    place, mark, query = head.partition("?")
    scheme, slashes, rest = place.rpartition("//")
    authority, slash, path = rest.partition("/")
    user, at, host = authority.rpartition("@")
    keys = set(path_secrets(path))
    path = "/".join(MASK if segment in keys else segment for segment in path.split("/"))
    shown = f"{scheme}{slashes}{MASK if user else ''}{at}{host}{slash}{path}"
    if mark:
        shown += "?" + "&".join(masked_pair(pair) for pair in query.split("&"))
    return f"{shown}#{MASK}" if fragment else shown


def path_secrets(path: str) -> Iterator[str]:
    """Return the segments of a path that look like keys, as gateways and MCP servers have them."""
    for before, segment in pairwise(["", *path.split("/")]):
        if is_key(unquote(segment)) or (KEY_SEGMENT.fullmatch(before) and len(segment) >= 8):
            yield segment


def is_key(text: str) -> bool:
    """Whether a text is random, or begins as keys do; names of models, versions, dates and numbers are not."""
    if KEY_START.fullmatch(text) or UUID.fullmatch(text):
        return True
    return any(
        sum(map(str.isdigit, run)) >= 3 and len(CHANGE.findall(run)) * 4 >= len(run) for run in RUN.findall(text)
    )


def masked_pair(pair: str) -> str:
    name, equals, value = pair.partition("=")
    # A query without names, as in `?sk-...`, is a value.
    return f"{name}={MASK if value else ''}" if equals else (MASK if pair else "")


def secret_headers(headers: Mapping[str, Any]) -> dict[str, Any]:
    """The headers with every text in them as a secret."""
    return {name: conceal_all(value) for name, value in headers.items()}


def conceal(value: Any, name: str = "") -> Any:
    """Configuration with its secrets as `SecretText`: headers, URLs, and every entry with the name of a secret."""
    if WHOLE.search(name):
        return conceal_all(value)
    if isinstance(value, str):
        if isinstance(value, SecretText | SecretAddress):
            return value
        if SECRET_NAMES.search(name):
            return SecretText(value)
        return SecretAddress(value) if "://" in value or name == "base_url" else value
    if isinstance(value, Mapping):
        return {
            entry: each if entry in DIALECT and not name else conceal(each, str(entry)) for entry, each in value.items()
        }
    if isinstance(value, list | tuple):
        return type(value)(conceal(each, name) for each in value) if type(value) in (list, tuple) else value
    return value


def conceal_all(value: Any) -> Any:
    """A JSON value with every text in it as a secret."""
    if isinstance(value, str):
        return value if isinstance(value, SecretText) else SecretText(value)
    if isinstance(value, Mapping):
        return {name: conceal_all(each) for name, each in value.items()}
    return [conceal_all(each) for each in value] if isinstance(value, list | tuple) else value


def conceal_provider_options(value: Any, name: str = "") -> Any:
    """Options in a provider's own words with the credentials in them as `SecretText`, such as those of MCP servers."""
    if isinstance(value, str):
        if isinstance(value, SecretText | SecretAddress):
            return value
        if OPTION_NAMES.search(name):
            return SecretText(value)
        return SecretAddress(value) if "url" in name and "?" in value else value
    if isinstance(value, Mapping):
        return {
            entry: conceal_all(each) if str(entry).endswith("headers") else conceal_provider_options(each, str(entry))
            for entry, each in value.items()
        }
    if isinstance(value, list | tuple) and type(value) in (list, tuple):
        return type(value)(conceal_provider_options(each, name) for each in value)
    return value


def mask(value: Any) -> Any:
    """Configuration for a dump: without what is secret in it."""
    if isinstance(value, SecretText):
        return MASK if value else ""
    if isinstance(value, SecretAddress):
        return shown_address(value)
    if isinstance(value, Mapping):
        return {name: mask(each) for name, each in value.items()}
    return [mask(each) for each in value] if isinstance(value, list | tuple) else value


def reveal(value: Any) -> Any:
    """Return the configuration as plain strings, for callers that store it on purpose."""
    if isinstance(value, SecretText | SecretAddress):
        return str.__str__(value)
    if isinstance(value, Mapping):
        return {name: reveal(each) for name, each in value.items()}
    return [reveal(each) for each in value] if isinstance(value, list | tuple) else value


def is_masked(value: str) -> bool:
    """Whether this is what a dump shows instead of a secret."""
    return MASK in value


C = TypeVar("C", bound=type)
F = TypeVar("F", bound=Callable[..., Any])

TAKES_OPTIONS = 0x08
"""`inspect.CO_VARKEYWORDS`: the function has a `**` parameter."""

NAMES = frozenset({"headers", "extra_headers", "api_key", "base_url", "redis_url", "provider_config", "credentials"})


def conceal_options(keywords: Mapping[str, Any]) -> None:
    """Mask the secrets in these options, in place.

    Args:
        keywords: The dict of a `**` parameter, also if it is declared as a `TypedDict`.
    """
    if not keywords:
        return
    options = cast("dict[str, Any]", keywords)
    for name in NAMES & options.keys():
        value = options[name]
        if isinstance(value, str) and (SECRET_NAMES.search(name) or name.endswith("headers")):
            options[name] = value if isinstance(value, SecretText) else SecretText(value)
        elif isinstance(value, str):
            options[name] = value if isinstance(value, SecretAddress) else SecretAddress(value)
        else:
            options[name] = conceal(value, name)


def with_secret_options(kind: C) -> C:
    """Wrap the public methods of a class so that they mask secrets in their options, unless they do so themselves."""
    for name in dir(kind):
        function = getattr(kind, name, None)
        if not name.startswith("_") and isinstance(function, FunctionType) and needs_wrapper(function):
            setattr(kind, name, concealing(function))
    return kind


def conceals_its_options(function: F) -> F:
    """Mark a method that calls `conceal_options` first, so that no wrapper of it stands in tracebacks."""
    setattr(function, "conceals_its_options", True)  # noqa: B010  # functions declare no such attribute
    return function


def needs_wrapper(function: FunctionType) -> bool:
    """Whether the function has a `**` parameter, and does not mask the secrets in it by itself."""
    return bool(function.__code__.co_flags & TAKES_OPTIONS) and not hasattr(function, "conceals_its_options")


def concealing(function: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a function so that it gets its options with masked secrets."""
    if iscoroutinefunction(function):

        @wraps(function)
        async def concealed_async(*args: Any, **options: Any) -> Any:
            if options:
                conceal_options(options)
            return await function(*args, **options)

        return concealed_async

    @wraps(function)
    def concealed(*args: Any, **options: Any) -> Any:
        if options:
            conceal_options(options)
        return function(*args, **options)

    return concealed


LOOKS = r"""(?x)
    \b(?:sk|pk|rk|gsk|xai|hf|pplx|csk|nvapi|r8|fw|tgp|ghp|gho|github_pat|AIza|AKIA|ASIA|ya29)[-_.]?[A-Za-z0-9_\-.]{12,}
    | (?<=[Bb]earer\ )[A-Za-z0-9_\-.=+/]{8,}
    | (?<=[?&]key=)[^&\s"']+
    | (?<=//)[^/\s:@"']*:[^/\s@"']+(?=@)"""
NAMED = r"""(?xi)
    (["']?(?:authorization|x-api-key|api[-_]key|x-goog-api-key|secret_access_key|session_token|password)["']?
    \s*[:=]\s*)(["']?)(?!\*{5})(?:Bearer\ )?[^\s"',}]+"""


def redact_secrets(text: str, secrets: Iterable[str] = ()) -> str:
    """Replace everything that is, or looks like, a secret.

    Args:
        text: The text.
        secrets: Secrets to hide whatever they look like. Default: none.

    Returns:
        The text without secrets.
    """
    for secret in secrets:
        if secret:
            text = text.replace(secret, MASK)
    return re.sub(LOOKS, MASK, re.sub(NAMED, rf"\1\2{MASK}", text))
