"""Checks of a provider: connection, certificate, a small call, speed and limits."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Literal
from urllib.parse import urlsplit

from dhenara.ai.diagnosis import proxy_for, trusted_certificates
from dhenara.ai.integration import shown_address

from ..client import AiClient
from ..exceptions import (
    AIUtilitiesError,
    AuthenticationError,
    CallTimeoutError,
    NotFoundError,
    PermissionDeniedError,
    ProviderRateLimitError,
    QuotaError,
)
from ..providers.defaults import EMBEDDING_MODELS
from ..results import AskResult

Health = Literal["ok", "warning", "failure"]
MARKS: dict[Health, str] = {"ok": "ok     ", "warning": "warning", "failure": "FAILURE"}


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The result of one check; `fix` says how to fix a problem."""

    check: str
    health: Health
    finding: str
    fix: str = ""

    def __str__(self) -> str:
        fix = f"\n{'':>9}{'':<18}-> {self.fix}" if self.fix else ""
        return f"{MARKS[self.health]}  {self.check:<18}{self.finding}{fix}"


def passed(check: str, finding: str) -> CheckResult:
    return CheckResult(check, "ok", finding)


def warning(check: str, finding: str, fix: str = "") -> CheckResult:
    return CheckResult(check, "warning", finding, fix)


def failed(check: str, finding: str, fix: str = "") -> CheckResult:
    return CheckResult(check, "failure", finding, fix)


TIMEOUT = 20.0
SLOW = 2.0


def check_connectivity(address: str) -> Iterator[CheckResult]:
    """Check proxy, DNS, connection and certificate in this order; the first failure is the one to fix."""
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        yield failed("address", f"{shown_address(address)!r} is not a URL. It needs http:// or https:// and a host.")
        return
    host, port = parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)
    proxy = proxy_for(address)
    if proxy:
        yield passed("proxy", f"requests go through {proxy}")
        proxied = urlsplit(proxy)
        host, port = proxied.hostname or "", proxied.port or 80
    try:
        addresses = {info[4][0] for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    except OSError as error:
        yield failed("name", f"{host} cannot be resolved: {error}", "check the spelling, the network and DNS")
        return
    yield passed("name", f"{host} is {', '.join(sorted(map(str, addresses))[:3])}")
    yield from check_connection(host, port, parts.scheme == "https" and not proxy)


def check_connection(host: str, port: int, secure: bool) -> Iterator[CheckResult]:
    started = time.monotonic()
    try:
        with socket.create_connection((host, port), TIMEOUT) as plain:
            seconds = time.monotonic() - started
            verdict = warning if seconds > SLOW else passed
            yield verdict("connection", f"connected to {host}:{port} in {seconds * 1000:.0f} ms")
            if secure:
                yield check_certificate(plain, host)
    except OSError as error:
        yield failed("connection", f"cannot connect to {host}:{port}: {error}", "check that it runs, and the firewall")


def check_certificate(plain: socket.socket, host: str) -> CheckResult:
    try:
        with trusted_certificates().wrap_socket(plain, server_hostname=host) as wire:
            return passed("certificate", f"{wire.version()}, issued for {host}")
    except ssl.SSLCertVerificationError as error:
        return failed(
            "certificate",
            f"cannot be verified: {error.verify_message}",
            "behind a company proxy, set SSL_CERT_FILE to its certificates",
        )
    except AIUtilitiesError as error:
        return failed("certificate", str(error), "correct the variable, or unset it to use the system's certificates")
    except ssl.SSLError as error:
        return failed("certificate", f"no secure connection: {error.reason}", "check that the server uses https")
    except OSError as error:
        return failed("certificate", f"no secure connection: {error.strerror or error}")


QUESTION = "Reply with the single word: ready"
HOSTED = 60.0
LOCAL = 600.0
"""Seconds for the test call. A local model may have to be loaded first, which takes minutes on a slow machine."""

SKEW = 60.0
"""Maximum difference of clocks in seconds; signatures and tokens are refused if clocks differ by minutes."""


def call_limit(is_local: bool, timeout: float | None = None) -> float:
    """Return the time limit of the test call in seconds.

    Args:
        is_local: Whether the model runs on this machine.
        text: The user's limit in seconds; None uses the default.
    """
    return timeout if timeout is not None else LOCAL if is_local else HOSTED


def check_call(client: AiClient, limit: float = HOSTED) -> Iterator[CheckResult]:
    try:
        result = client.ask(QUESTION, max_tokens=16, timeout=limit, retries=0, cache=False)
    except CallTimeoutError as error:
        yield failed("call", str(error), f"a slow machine may need more than {limit:g} s; raise it with --timeout")
        return
    except AIUtilitiesError as error:
        yield finding_for_error(error)
        return
    # Not every provider returns the model name.
    yield passed("key and model", f"{result.provider} answers{f' as {result.model}' if result.model else ''}")
    yield from check_speed(result)
    headers = result.response.response_headers if result.response is not None else {}
    yield from check_clock(headers)
    yield from check_limits(headers)


def check_without_chat(client: AiClient, limit: float = HOSTED) -> Iterator[CheckResult]:
    """Check the key where no question can be asked: embed one word, or list the models if there is no default one."""
    provider = client.provider.provider_name
    embeds = EMBEDDING_MODELS.get(provider)
    try:
        if embeds is not None:
            client.embed(["ready"], timeout=limit, retries=0, cache=False)
            yield passed("key and model", f"{provider} embeds with {embeds}")
        else:
            yield passed("key", f"{provider} lists {len(client.list_models())} models")
    except AIUtilitiesError as error:
        yield finding_for_error(error)


def finding_for_error(error: AIUtilitiesError) -> CheckResult:
    """Return the result for an error of the test call."""
    match error:
        case AuthenticationError() | PermissionDeniedError():
            return failed("key", str(error))
        case NotFoundError():
            return failed("model", str(error), "`ai-utilities models` lists all models")
        case QuotaError() | ProviderRateLimitError():
            return warning("limits", str(error))
    return failed("call", str(error))


def check_speed(result: AskResult) -> Iterator[CheckResult]:
    if result.duration_s is not None:
        yield passed("latency", f"{result.duration_s * 1000:.0f} ms for {result.usage.completion_tokens} tokens")


def check_clock(headers: Mapping[str, str]) -> Iterator[CheckResult]:
    try:
        theirs = parsedate_to_datetime(headers["date"]).timestamp()
    except (KeyError, ValueError):
        return
    skew = time.time() - theirs
    if abs(skew) > SKEW:
        yield warning(
            "clock", f"the clock differs from the provider's by {skew:+.0f} s", "synchronize the system clock"
        )
    else:
        yield passed("clock", f"within {abs(skew):.0f} s of the provider's")


def check_limits(headers: Mapping[str, str]) -> Iterator[CheckResult]:
    """Report remaining rate limits, which providers send in headers with similar names."""
    left = {name: value for name, value in headers.items() if "ratelimit" in name and "remaining" in name}
    if left:
        text = ", ".join(f"{name.rsplit('remaining', 1)[-1].strip('-') or 'requests'} {v}" for name, v in left.items())
        yield passed("limits", f"left: {text}")
