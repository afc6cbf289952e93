"""How an MCP server is defined (address, token, files of definitions), and what it lists besides tools."""

from __future__ import annotations

import hashlib
import inspect
import os
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import NoneType
from typing import Any

import anyio
from pydantic import SecretStr

from ..errors import ConfigurationError
from ..types.model_base import FrozenModel, require_type
from ..wire import json
from ..wire.secrets import SecretText, shown_address

TokenSource = str | SecretStr | Callable[[], str | SecretStr | Awaitable[str | SecretStr]]
"""A token, or a function, sync or async, that returns one."""


class MCPResource(FrozenModel):
    """A resource that an MCP server lists.

    Attributes:
        uri: Its address at the server, for `read_resource`.
        name: Its name.
        title: Its name for people. Default None.
        description: What it is. Default None.
        mime_type: Its media type. Default None: unknown.
        size: Its size in bytes. Default None: unknown.
    """

    uri: str
    name: str
    title: str | None = None
    description: str | None = None
    mime_type: str | None = None
    size: int | None = None


class MCPResourceTemplate(FrozenModel):
    """Addresses of resources with a part to fill in.

    Attributes:
        uri_template: The address as a URI template (RFC 6570), such as `file:///{path}`.
        name: Its name.
        title: Its name for people. Default None.
        description: What it is. Default None.
        mime_type: Media type of all its resources. Default None: unknown.
    """

    uri_template: str
    name: str
    title: str | None = None
    description: str | None = None
    mime_type: str | None = None


class MCPPromptArgument(FrozenModel):
    """An argument of a prompt.

    Attributes:
        name: Its name.
        description: What it is. Default None.
        required: Whether it must be given.
    """

    name: str
    description: str | None = None
    required: bool = False


class MCPPrompt(FrozenModel):
    """A prompt that an MCP server lists.

    Attributes:
        name: Its name, for `get_prompt`.
        title: Its name for people. Default None.
        description: What it is for. Default None.
        arguments: Its arguments.
    """

    name: str
    title: str | None = None
    description: str | None = None
    arguments: tuple[MCPPromptArgument, ...] = ()


@dataclass(frozen=True, slots=True)
class MCPServerSettings:
    """How a server is started or reached, and its limits."""

    server: str | Sequence[str]
    env: Mapping[str, str] = field(repr=False)
    cwd: str | None
    headers: Mapping[str, str] = field(repr=False)
    tokens: TokenCache | None
    open_timeout: float | None
    list_timeout: float | None
    max_tools: int
    max_message_bytes: int
    reconnects: int

    @property
    def name(self) -> str:
        """Name for messages: the command, or the URL without what may be secret."""
        return shown_address(self.server) if isinstance(self.server, str) else repr(self.server[0])


class TokenCache:
    """The token of a source, fetched when it is first needed and when the server refused it."""

    def __init__(self, source: TokenSource) -> None:
        self._source = source
        self._token: SecretText | None = None

    async def fetch(self, refused: str | None = None) -> str:
        """Return the token; if it is the refused one, a new one of the source."""
        if self._token is None or self._token == refused:
            self._token = SecretText(check_token(await call_source(self._source)))
        return self._token


async def call_source(source: TokenSource) -> Any:
    """Return what the source gives; a sync function may block, so it runs on a thread."""
    if not callable(source):
        return source
    is_async = inspect.iscoroutinefunction(source) or inspect.iscoroutinefunction(getattr(source, "__call__", None))  # noqa: B004  # the method
    given: Any = source() if is_async else await anyio.to_thread.run_sync(source)
    return await given if inspect.isawaitable(given) else given


def check_token(given: Any) -> str:
    """Return the token as text.

    Raises:
        ConfigurationError: If it is no text that can be in a header.
    """
    token = given.get_secret_value() if isinstance(given, SecretStr) else given
    if not isinstance(token, str) or not token or not token.isascii() or not token.isprintable():
        kind = "text that cannot be in a header" if isinstance(token, str) else type(token).__name__
        raise ConfigurationError(f"the token of an MCP server is {kind}. Return a token of printable ASCII characters.")
    return token


ILLEGAL = re.compile(r"[^A-Za-z0-9_-]")
LONGEST_NAME = 64
HASH_LENGTH = 6


def legal_names(names: Sequence[str], prefix: str) -> list[str]:
    """Return a unique name for each tool that all providers accept.

    A valid name is unchanged. In others, invalid characters become `_`; if that makes two equal or a name is cut off, a
    hash of the original name is appended, so that a tool has the same name in every session.
    """
    wanted = [prefix + name for name in names]
    plain = [ILLEGAL.sub("_", name) for name in wanted]
    shared = Counter(name[:LONGEST_NAME] for name in plain)
    given = {name for name in wanted if is_legal(name)}
    return [
        name if is_legal(name) else hashed(name, simple) if needs_hash(simple, shared, given) else simple
        for name, simple in zip(wanted, plain, strict=True)
    ]


def is_legal(name: str) -> bool:
    return 0 < len(name) <= LONGEST_NAME and not ILLEGAL.search(name)


def needs_hash(simple: str, shared: Counter[str], given: set[str]) -> bool:
    return not simple or len(simple) > LONGEST_NAME or shared[simple] > 1 or simple in given


def hashed(name: str, simple: str) -> str:
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:HASH_LENGTH]
    return f"{simple[: LONGEST_NAME - HASH_LENGTH - 1] or 'tool'}_{digest}"


VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")
REMOTE = ("http", "streamable-http", "streamable_http", "streamableHttp")
KNOWN = frozenset({"command", "args", "env", "cwd", "url", "headers", "type"})
SECTIONS = ("mcpServers", "servers", "mcp_servers")


def check_server(server: Any, env: Any, headers: Any, token: Any, needs_approval: Any) -> None:
    """Check how a server is started or reached; messages never show the server, whose text may have secrets."""
    require_type("MCPServer", "server", server, (str, list, tuple), "an address, or a command as a list")
    require_type("MCPServer", "env", env, (Mapping, NoneType), "a mapping of variables or None")
    require_type("MCPServer", "headers", headers, (Mapping, NoneType), "a mapping of headers or None")
    for name, value in (headers or {}).items():
        # Libraries would show the value in their errors.
        if isinstance(value, str) and not (value.isascii() and value.isprintable() and value == value.strip()):
            raise ConfigurationError(
                f"MCPServer: the value of the header {name!r} cannot be sent. Use printable ASCII characters, "
                "without line breaks, and without spaces at its ends."
            )
    if not (token is None or callable(token)):
        require_type("MCPServer", "token", token, (str, SecretStr), "a text, or a function that returns one")
    if not server:
        raise ConfigurationError("MCPServer: server is empty. Pass an address, or a command as a list.")
    if needs_approval not in (True, False, "changes"):
        raise ConfigurationError('MCPServer(needs_approval=...) takes True, False or "changes".')
    if not isinstance(server, str):
        check_command(server, headers, token)
    elif not is_web_address(server):
        raise ConfigurationError(
            'MCPServer: server is a text, but no http(s) address. Pass a command as a list: ["python", "server.py"].'
        )
    elif env:
        raise ConfigurationError("MCPServer: env= is for a command. Pass secrets for a URL in headers= or token=.")


def check_command(command: Sequence[Any], headers: Any, token: Any) -> None:
    if not all(isinstance(part, str | os.PathLike) for part in command):
        raise ConfigurationError("MCPServer: server is a command with a part that is not a text.")
    if token is not None or headers:
        unused = "headers" if token is None else "token"
        raise ConfigurationError(f"MCPServer: {unused}= is for a URL. Pass secrets of a command in env=.")


LIMITS = ("timeout", "open_timeout", "list_timeout", "max_tools", "max_message_bytes", "reconnects")
"""The arguments of an `MCPServer` that are numbers, in order; times may be None."""


def check_limits(*given: Any) -> None:
    for name, value in zip(LIMITS, given, strict=True):
        is_time = name.endswith("timeout")
        least = 1 if name.startswith("max_") else 0
        if is_time and value is None:
            continue
        require_type("MCPServer", name, value, (int, float) if is_time else int, "a number")
        if not value >= least:
            raise ConfigurationError(f"MCPServer({name}=...) takes {least} or more, not {value}.")


def is_web_address(text: str) -> bool:
    """Whether a text begins as a URL of a server."""
    return text.lower().startswith(("http://", "https://"))


def read_definitions(path: str | os.PathLike[str], environment: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Read a file of servers as other clients have it; return the arguments of each `MCPServer` by name.

    Raises:
        ConfigurationError: If the file is not as expected, or names a variable that is not set.
    """
    require_type("load_mcp_servers", "path", path, (str, os.PathLike), "the path of a file")
    try:
        content = json.loads(Path(path).read_bytes())
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror}. Check the path.") from error
    except ValueError as error:
        raise ConfigurationError(f"{path}: is not JSON: {error}. Correct the file.") from error
    listed = next((content[name] for name in SECTIONS if name in content), None) if isinstance(content, dict) else None
    if not isinstance(listed, dict):
        raise ConfigurationError(f'{path}: has no servers. Write {{"mcpServers": {{"name": {{"command": ...}}}}}}.')
    return {
        name: read_definition(entry, f"{path}: server {name!r}", environment)
        for name, entry in listed.items()
        if not (isinstance(entry, dict) and entry.get("disabled") is True)
    }


def read_definition(entry: Any, where: str, environment: Mapping[str, str]) -> dict[str, Any]:
    if not isinstance(entry, dict):
        raise ConfigurationError(f"{where} must be an object with `command` or `url`.")
    given = expand({name: entry[name] for name in KNOWN & entry.keys()}, where, environment)
    kind = given.get("type")
    if kind == "sse":
        raise ConfigurationError(f'{where}: "sse" is a transport of 2024 that is not supported. Use the "http" URL.')
    if kind not in (None, "stdio", *REMOTE):
        raise ConfigurationError(f'{where}: unknown type {kind!r}. Use "stdio" or "http".')
    if ("command" in given) == ("url" in given) or (kind in REMOTE and "url" not in given):
        raise ConfigurationError(f"{where} needs either `command` or `url`.")
    check_fields(given, where)
    if "url" in given:
        return {"server": given["url"], "headers": given.get("headers", {})}
    arguments = {"server": [given["command"], *given.get("args", [])], "env": given.get("env", {})}
    return arguments if given.get("cwd") is None else {**arguments, "cwd": given["cwd"]}


def check_fields(given: Mapping[str, Any], where: str) -> None:
    for name in ("command", "url", "cwd"):
        if not isinstance(given.get(name, ""), str):
            raise ConfigurationError(f"{where}: `{name}` must be a text.")
    if not is_web_address(given.get("url", "http://")):
        raise ConfigurationError(f"{where}: `url` must begin with http:// or https://.")
    args = given.get("args", [])
    if not (isinstance(args, list) and all(isinstance(one, str) for one in args)):
        raise ConfigurationError(f"{where}: `args` must be a list of texts.")
    for name in ("env", "headers"):
        entries = given.get(name, {})
        if not (isinstance(entries, dict) and all(isinstance(one, str) for one in entries.values())):
            raise ConfigurationError(f"{where}: `{name}` must be an object of texts.")


def expand(value: Any, where: str, environment: Mapping[str, str]) -> Any:
    """Replace `${NAME}` and `${NAME:-default}` in all texts, as shells do: a default is used for an empty value too."""
    if isinstance(value, dict):
        return {name: expand(each, where, environment) for name, each in value.items()}
    if isinstance(value, list):
        return [expand(each, where, environment) for each in value]
    if not isinstance(value, str):
        return value

    def text_of(match: re.Match[str]) -> str:
        name, default = match[1], match[2]
        text = environment.get(name)
        if default is not None and not text:
            return default
        if text is None:
            raise ConfigurationError(
                f"{where}: the environment variable {name} is not set. Set it, or write ${{{name}:-default}}."
            )
        return text

    return VARIABLE.sub(text_of, value)
