"""Newer tables of prices and facts from an address that you name: fetched, checked, and put into use in one step.

The address is that of a manifest, `tables.json`. It has a version, a date and the SHA-256 sum of each file; files lie
beside it. `python -m tools.catalogue.manifest` makes one from a folder. Nothing is ever fetched unless this is called.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from threading import Thread
from typing import IO, TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from dhenara.ai.catalog import InvalidTable, LimitChange, RateChange, check_table, compare_limits, compare_prices

from ..config_models import AiSettings
from ..exceptions import AIUtilitiesError, JsonObject, ProviderConfigurationError
from .tables_folder import (
    MANIFEST,
    VERSION,
    TablesFolder,
    tables_folder_of,
    unchanged_file,
    use_tables_of,
    write_file,
)

if TYPE_CHECKING:
    from http.client import HTTPMessage, HTTPResponse
    from urllib.request import Request

NAME = re.compile(r"(?:(?:prices|hosts)/[a-z0-9_]{1,40}|facts)\.json")
SUM = re.compile(r"[0-9a-f]{64}")
MOST_FILES = 300
MOST_MANIFEST_BYTES = 200_000
MOST_FILE_BYTES = 8_000_000
MOST_BYTES = 64_000_000
PORTION = 65_536
INVALID_MANIFEST = "The manifest is invalid: it needs version, date, and for each file its sha256 and size."


class TablesError(AIUtilitiesError):
    """Tables could not be refreshed. Those that were in use stay in use."""


@dataclass(frozen=True, slots=True)
class HostChanges:
    """What changed at one host.

    Attributes:
        host: The host.
        added: Models with a price that had none.
        removed: Models that are not in the table any more.
        rates: Rates that changed.
        limits: Limits of tokens that changed.
    """

    host: str
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    rates: tuple[RateChange, ...] = ()
    limits: tuple[LimitChange, ...] = ()

    def __bool__(self) -> bool:
        """Whether anything changed."""
        return bool(self.added or self.removed or self.rates or self.limits)


@dataclass(frozen=True, slots=True)
class TableChanges:
    """What a refresh changed, or would change.

    Attributes:
        version: The version of the tables.
        date: Their date.
        previous: The version that was in use before. None: the tables of the package.
        checked: What was checked: `"SHA-256 sums"`, or `"SHA-256 sums and the ed25519 signature"`.
        fetched: Names of the files that were fetched; others had not changed.
        hosts: Changes of prices and limits by host, of hosts with changes.
        installed: Whether the tables are in use now: not after a dry run, nor if the version was in use already.
    """

    version: str
    date: str
    previous: str | None
    checked: str
    fetched: tuple[str, ...] = ()
    hosts: tuple[HostChanges, ...] = ()
    installed: bool = False


def refresh_tables(
    url: str | None = None,
    *,
    settings: AiSettings | None = None,
    dry_run: bool = False,
    timeout: float = 60.0,
) -> TableChanges:
    """Fetches newer tables of prices and facts, checks them, and uses them from now on.

    Each file must have the sum of the manifest, and each row must be valid. With `tables_key` set, the manifest must
    have a valid signature by that key. Whatever fails, the tables in use stay in use.

    Args:
        url: Address of the manifest, with https (http only for this machine). Default None: `tables_url` of the
            settings.
        settings: Settings with the address, the folder and the key. Default None: from the environment and `.env`.
        dry_run: Whether to check and compare only. Default False.
        timeout: Seconds for the whole refresh. Default 60.

    Returns:
        What changed.

    Raises:
        ProviderConfigurationError: No address, or one without https.
        TablesError: The tables cannot be fetched, are older than those in use, or are invalid.
    """
    settings = settings if settings is not None else AiSettings()
    address = check_address(url or settings.tables_url)
    use_tables_of(settings)
    fetch = download(timeout)
    folder = tables_folder_of(settings)
    signed = fetch_file(fetch, address, MOST_MANIFEST_BYTES)
    manifest = read_manifest(signed)
    checked = check_signature(manifest, settings.tables_key)
    changes = TableChanges(manifest["version"], manifest["date"], folder.current(), checked)
    current = folder.current()
    if current is not None and version_number(manifest["version"]) <= version_number(current):
        if manifest["version"] == current:
            return changes
        raise TablesError(
            f"{shown(address)}: version {manifest['version']} is older than {current}, which is in use. "
            "To go back, run `ai-utilities models refresh --undo`."
        )
    return install(manifest, signed, address, folder, fetch, changes, None if dry_run else settings)


def undo_refresh(settings: AiSettings | None = None) -> str | None:
    """Uses the tables again that were in use before the last refresh.

    Args:
        settings: Settings with the folder. Default None: from the environment and `.env`.

    Returns:
        The version in use now. None: the tables of the package.
    """
    settings = settings if settings is not None else AiSettings()
    folder = tables_folder_of(settings)
    version = folder.undo() if folder.current() is not None else None
    use_tables_of(settings)
    return version


def install(
    manifest: JsonObject,
    signed: bytes,
    address: str,
    folder: TablesFolder,
    fetch: Callable[[str, int], bytes],
    changes: TableChanges,
    settings: AiSettings | None,
) -> TableChanges:
    """Collects all files of a version, checks them and, if there are settings, puts them into use."""
    unfinished = folder.begin()
    try:
        fetched, hosts = collect_files(manifest, address, folder.folder_of(folder.current()), unfinished, fetch)
        write_file(unfinished / MANIFEST, signed)
        if settings is not None:
            folder.finish(unfinished, manifest["version"])
            use_tables_of(settings)
    except OSError as error:
        raise TablesError(f"{folder.path}: {error.strerror or error}; the tables in use did not change") from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return TableChanges(
        changes.version, changes.date, changes.previous, changes.checked, fetched, hosts, settings is not None
    )


def collect_files(
    manifest: JsonObject, address: str, current: Path | None, target: Path, fetch: Callable[[str, int], bytes]
) -> tuple[tuple[str, ...], tuple[HostChanges, ...]]:
    """Writes every file of a version, fetched or from the version in use; returns which were fetched, and changes."""
    fetched: list[str] = []
    hosts: dict[str, HostChanges] = {}
    for name, entry in manifest["files"].items():
        content = unchanged_file(current, name, entry["sha256"])
        if content is None:
            content = fetch_file(fetch, urljoin(address, name), entry["size"])
            fetched.append(name)
        where = shown(urljoin(address, name))
        if len(content) != entry["size"] or hashlib.sha256(content).hexdigest() != entry["sha256"]:
            reason = "the SHA-256 sum of the file is not that in the manifest"
            raise TablesError(f"{where}: {reason}; the tables did not change")
        try:
            table = check_table(name.removesuffix(".json"), content)
        except InvalidTable as error:
            raise TablesError(f"{where}: {error}; the tables in use did not change") from None
        host = str(table.get("host"))
        changes = hosts.get(host, HostChanges(host))
        if name.startswith("prices/"):
            added, removed, rates = compare_prices(host, table)
            hosts[host] = replace(changes, added=tuple(added), removed=tuple(removed), rates=tuple(rates))
        elif name.startswith("hosts/"):
            hosts[host] = replace(changes, limits=tuple(compare_limits(host, table)))
        write_file(target / name, content)
    return tuple(fetched), tuple(changes for changes in hosts.values() if changes)


def check_address(url: str | None) -> str:
    """The address, if it is encrypted or on this machine."""
    if not url:
        raise ProviderConfigurationError("no address of newer tables. Pass url=..., or set AI_TABLES_URL.")
    parts = urlsplit(url)
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1", "localhost")):
        return url
    raise ProviderConfigurationError(f"{shown(url)}: tables are fetched with https only. Pass an address with https.")


def shown(url: str) -> str:
    """The address without name, password and query, which may be secret."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}{parts.path}"


def fetch_file(fetch: Callable[[str, int], bytes], url: str, most: int) -> bytes:
    try:
        return fetch(url, most)
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", None) if not hasattr(error, "code") else None
        raise TablesError(f"{shown(url)}: {reason or error}; the tables in use did not change") from error


def read_manifest(content: bytes) -> JsonObject:
    """The manifest, with every field checked."""
    try:
        manifest: JsonObject = json.loads(content)
        files = manifest["files"]
        sizes = [entry["size"] for entry in files.values()]
        valid = (
            all(VERSION.fullmatch(manifest[name]) for name in ("version", "date"))
            and 0 < len(files) <= MOST_FILES
            and all(NAME.fullmatch(name) and SUM.fullmatch(entry["sha256"]) for name, entry in files.items())
            and all(type(size) is int and 0 < size <= MOST_FILE_BYTES for size in sizes)
            and sum(sizes) <= MOST_BYTES
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise TablesError(INVALID_MANIFEST) from error
    if not valid:
        raise TablesError(INVALID_MANIFEST)
    return manifest


def version_number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.split(r"[-.]", version))


def signed_bytes(manifest: JsonObject) -> bytes:
    """What a signature is made of: version, date and files, as JSON with sorted keys and without spaces."""
    content = {name: manifest[name] for name in ("version", "date", "files")}
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()


def check_signature(manifest: JsonObject, key: str | None) -> str:
    """What is checked; raises unless the manifest has a signature by the key, if one is set."""
    if key is None:
        return "SHA-256 sums"
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    except ImportError:
        raise ProviderConfigurationError(
            "tables_key is set, but signatures need the package cryptography. Run: pip install 'dhenara[google]'"
        ) from None
    try:
        public = Ed25519PublicKey.from_public_bytes(base64.b64decode(key, validate=True))
    except (ValueError, binascii.Error):
        raise ProviderConfigurationError("tables_key is not an ed25519 public key: 32 bytes in base64") from None
    try:
        public.verify(base64.b64decode(str(manifest.get("signature") or "")), signed_bytes(manifest))
    except (InvalidSignature, ValueError):
        raise TablesError("The manifest has no valid signature by tables_key; the tables did not change.") from None
    return "SHA-256 sums and the ed25519 signature"


def download(timeout: float) -> Callable[[str, int], bytes]:
    """A function that fetches a file with at most so many bytes; all files together may take `timeout` seconds."""
    from urllib.request import HTTPRedirectHandler, build_opener  # An HTTP client, which only a refresh needs.

    class NoRedirects(HTTPRedirectHandler):
        """A redirect is an error: it could lead to an address without encryption."""

        def redirect_request(
            self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
        ) -> None:
            """Follow nothing."""

    opener = build_opener(NoRedirects)
    deadline = time.monotonic() + timeout

    def fetch(url: str, most: int) -> bytes:
        # The timeout of a socket begins anew with every byte, also of headers; a thread can be left at any time.
        left = deadline - time.monotonic()
        outcome: list[bytes | Exception] = []
        open_url = partial(opener.open, url, timeout=max(left, 0.001))
        thread = Thread(target=read_into, args=(outcome, open_url, most, deadline), name="tables", daemon=True)
        if left > 0:
            thread.start()
            thread.join(left)
        if not outcome or time.monotonic() > deadline:
            raise TimeoutError(f"the refresh took longer than {timeout:g} s")
        if isinstance(content := outcome[0], Exception):
            raise content
        if len(content) > most:
            raise OSError(f"the file has more than {most:,} bytes")
        return content

    return fetch


def read_into(
    outcome: list[bytes | Exception], open_url: Callable[[], HTTPResponse], most: int, deadline: float
) -> None:
    """Reads until the file ends, has more bytes than it may have, or the time is over; appends it, or the error."""
    from http.client import HTTPException
    from urllib.error import HTTPError

    content = bytearray()
    try:
        with open_url() as response:
            while len(content) <= most and time.monotonic() <= deadline and (portion := response.read1(PORTION)):
                content += portion
        outcome.append(bytes(content))
    except (OSError, ValueError) as error:
        if isinstance(error, HTTPError):
            error.close()
        outcome.append(error)
    except HTTPException as error:
        outcome.append(OSError(f"no valid HTTP response: {str(error) or type(error).__name__}"))
