"""Refreshing tables: fetched, checked, in use in one step; whatever fails, what was in use stays."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from tools.catalogue.manifest import main as make_manifest

from ai_utilities import AiClient, AiSettings, refresh_tables, undo_refresh
from ai_utilities.cli.commands.models import describe_host
from ai_utilities.exceptions import ProviderConfigurationError
from ai_utilities.providers.tables_folder import TablesFolder, use_tables_of
from ai_utilities.providers.tables_refresh import TablesError
from dhenara.ai.catalog import LimitChange, forget_own_tables, price_usage, use_tables
from dhenara.ai.types import AIModelEndpoint, Usage

DAY = "2099-01-01"


def price_table(rate: str, *models: str, date: str = DAY) -> dict[str, Any]:
    rows = [{"source": "v", "rates": {"input": rate, "output": "1"}}]
    sources = {"v": {"name": "Vendor", "date": date}}
    return {
        "host": "openai",
        "date": date,
        "sources": sources,
        "models": {model: {"prices": rows} for model in ("gpt-5.2", *models)},
    }


class Quiet(SimpleHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path != "/moved.json":
            super().do_GET()
            return
        self.send_response(302)
        self.send_header("Location", "/tables.json")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Requests are not logged."""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    folder = tmp_path / "site"
    (folder / "prices").mkdir(parents=True)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield folder, f"http://127.0.0.1:{server.server_address[1]}/tables.json"
    server.shutdown()
    server.server_close()


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[AiSettings]:
    yield AiSettings(tables_dir=tmp_path / "tables", _env_file=None)
    use_tables_of(AiSettings(tables_dir=tmp_path / "nothing", _env_file=None))
    use_tables(None)
    forget_own_tables()


def publish(folder: Path, version: str, table: dict[str, Any], *arguments: str) -> dict[str, Any]:
    (folder / "prices" / "openai.json").write_text(json.dumps(table))
    assert make_manifest([str(folder), "--version", version, *arguments]) == 0
    manifest: dict[str, Any] = json.loads((folder / "tables.json").read_bytes())
    return manifest


def rate_in_use() -> Decimal | None:
    at = datetime(2026, 11, 29, tzinfo=UTC)
    return price_usage(AIModelEndpoint.of("openai/gpt-5.2", "k"), Usage(input_tokens=1_000_000), at=at).amount


def test_a_refresh_shows_what_changed_and_is_in_use_at_once(site: tuple[Path, str], settings: AiSettings) -> None:
    folder, url = site
    publish(folder, DAY, price_table("7", "gpt-next"))
    tried = refresh_tables(url, settings=settings, dry_run=True)
    assert not tried.installed
    assert rate_in_use() == Decimal("1.75")
    changes = refresh_tables(url, settings=settings)
    assert (changes.version, changes.previous, changes.checked, changes.installed) == (DAY, None, "SHA-256 sums", True)
    assert changes.fetched == ("prices/openai.json",)
    (host,) = changes.hosts
    assert host.added == ("gpt-next",)
    assert "gpt-5.4-mini" in host.removed
    change = next(one for one in host.rates if (one.unit, one.row) == ("input", ""))
    assert (change.model, change.old, change.new) == ("gpt-5.2", Decimal("1.75"), 7)
    assert rate_in_use() == 7
    assert refresh_tables(url, settings=settings).installed is False


def test_changed_limits_are_shown(site: tuple[Path, str], settings: AiSettings) -> None:
    folder, url = site
    facts = {"host": "openai", "date": DAY, "sources": {"v": {"name": "Vendor", "date": DAY}}, "models": {}}
    facts["models"] = {"gpt-next": {"v": {"max_output_tokens": 77, "tools": True}}}
    (folder / "hosts").mkdir()
    (folder / "hosts" / "openai.json").write_text(json.dumps(facts))
    publish(folder, DAY, price_table("7"))
    (host,) = refresh_tables(url, settings=settings).hosts
    assert LimitChange("gpt-next", "max_output_tokens", None, 77) in host.limits
    assert any((one.model, one.limit, one.new) == ("gpt-5.2", "max_output_tokens", None) for one in host.limits)
    assert len(host.rates) > 0
    lines = list(describe_host(host))
    assert lines[0].endswith(f"{len(host.limits)} limits changed")


def test_a_new_process_uses_the_refreshed_tables(site: tuple[Path, str], settings: AiSettings) -> None:
    folder, url = site
    publish(folder, DAY, price_table("7"))
    refresh_tables(url, settings=settings)
    use_tables(None)
    use_tables_of(AiSettings(tables_dir=settings.tables_dir and settings.tables_dir.parent / "none", _env_file=None))
    assert rate_in_use() == Decimal("1.75")
    AiClient("openai/gpt-5.2", api_key="k", tables_dir=settings.tables_dir).close()
    assert rate_in_use() == 7


def test_only_changed_files_are_fetched_and_undo_goes_back(site: tuple[Path, str], settings: AiSettings) -> None:
    folder, url = site
    (folder / "prices" / "other.json").write_text(json.dumps({**price_table("1"), "host": "other"}))
    publish(folder, DAY, price_table("7"))
    refresh_tables(url, settings=settings)
    publish(folder, f"{DAY}.2", price_table("8"))
    assert refresh_tables(url, settings=settings).fetched == ("prices/openai.json",)
    assert rate_in_use() == 8
    assert undo_refresh(settings) == DAY
    assert rate_in_use() == 7
    assert undo_refresh(settings) is None
    assert rate_in_use() == Decimal("1.75")


def change_manifest(folder: Path, **fields: Any) -> None:
    path = folder / "tables.json"
    path.write_text(json.dumps({**json.loads(path.read_bytes()), **fields}))


def corrupt_sum(folder: Path) -> None:
    change_manifest(folder, files={"prices/openai.json": {"sha256": "0" * 64, "size": 9}})


def truncate(folder: Path) -> None:
    path = folder / "prices" / "openai.json"
    path.write_bytes(path.read_bytes()[:-20])


def grow(folder: Path) -> None:
    path = folder / "prices" / "openai.json"
    path.write_bytes(path.read_bytes() + b" " * 100)


def negative_rate(folder: Path) -> None:
    content = json.dumps(price_table("-7")).encode()
    (folder / "prices" / "openai.json").write_bytes(content)
    entry = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
    change_manifest(folder, files={"prices/openai.json": entry})


def other_table(changes: dict[str, Any], folder: Path) -> None:
    content = json.dumps({**price_table("7"), **changes}).encode()
    (folder / "prices" / "openai.json").write_bytes(content)
    entry = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
    change_manifest(folder, files={"prices/openai.json": entry})


def other_name(name: str, folder: Path) -> None:
    files = json.loads((folder / "tables.json").read_bytes())["files"]
    if name in ("hosts/openai.json", "facts.json"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes((folder / "prices" / "openai.json").read_bytes())
    change_manifest(folder, files={name: files["prices/openai.json"]})


def remove_file(folder: Path) -> None:
    (folder / "prices" / "openai.json").unlink()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (corrupt_sum, "more than 9 bytes"),
        (truncate, "SHA-256"),
        (grow, "more than"),
        (negative_rate, "rates.input: '-7' is not a price"),
        (remove_file, "404"),
        (partial(other_table, {"models": {}}), "models: at least one is needed"),
        (partial(other_table, {"aliases": {"a": [{"model": "nowhere"}]}}), "'nowhere' is not in the table"),
        (partial(other_table, {"prefixes": {"gpt-5.2-": "any"}}), "'any' is not dated or tuned"),
        (partial(other_table, {"prefixes": {"": "tuned"}}), "there is no such model"),
        (partial(other_name, "hosts/openai.json"), "gpt-5.2: prices: no source of the table"),
        (partial(other_name, "facts.json"), "gpt-5.2: an object with models is needed|gpt-5.2/prices"),
        (partial(other_name, "../../evil.json"), "manifest is invalid"),
        (partial(other_name, "/etc/passwd.json"), "manifest is invalid"),
        (partial(other_name, "prices/..%2Fx.json"), "manifest is invalid"),
        (partial(other_name, "https://elsewhere/prices/openai.json"), "manifest is invalid"),
        (partial(change_manifest, version="../x"), "manifest is invalid"),
        (partial(change_manifest, version="2026-01-01"), "is older than"),
        (partial(change_manifest, files={}), "manifest is invalid"),
        (lambda folder: (folder / "tables.json").write_text("[" * 100_000), "manifest is invalid"),
        (lambda folder: (folder / "tables.json").write_text(" " * 300_000), "more than"),
    ],
)
def test_what_is_damaged_is_refused_and_nothing_is_lost(
    site: tuple[Path, str], settings: AiSettings, damage: Any, message: str
) -> None:
    folder, url = site
    publish(folder, DAY, price_table("7"))
    refresh_tables(url, settings=settings)
    publish(folder, f"{DAY}.2", price_table("8"))
    damage(folder)
    with pytest.raises(TablesError, match=message):
        refresh_tables(url, settings=settings)
    assert rate_in_use() == 7
    assert settings.tables_dir is not None
    assert {entry.name for entry in settings.tables_dir.iterdir()} == {DAY, "current.json"}
    assert not (settings.tables_dir.parent / "evil.json").exists()


def test_a_refresh_that_was_killed_leaves_the_version_in_use(site: tuple[Path, str], settings: AiSettings) -> None:
    folder, url = site
    publish(folder, DAY, price_table("7"))
    refresh_tables(url, settings=settings)
    assert settings.tables_dir is not None
    tables = TablesFolder(settings.tables_dir)
    left = tables.begin()
    (left / "tables.json").write_text("{")
    (settings.tables_dir / f"{DAY}.2").mkdir()  # renamed, but `current.json` does not name it yet
    assert tables.current() == DAY
    os.utime(left, (0, 0))
    publish(folder, f"{DAY}.3", price_table("9"))
    refresh_tables(url, settings=settings)
    assert rate_in_use() == 9
    assert {entry.name for entry in settings.tables_dir.iterdir()} == {DAY, f"{DAY}.3", "current.json"}


@pytest.mark.parametrize("state", ["", "{", "[]", '{"version": "../x", "previous": null}', '{"version": 7}'])
def test_a_damaged_state_means_the_tables_of_the_package(tmp_path: Path, state: str) -> None:
    (tmp_path / "current.json").write_text(state)
    assert TablesFolder(tmp_path).current() is None


def test_a_table_that_is_damaged_later_is_not_used(site: tuple[Path, str], settings: AiSettings) -> None:
    folder, url = site
    publish(folder, DAY, price_table("7"))
    refresh_tables(url, settings=settings)
    assert settings.tables_dir is not None
    (settings.tables_dir / DAY / "prices" / "openai.json").write_text("{")
    use_tables(settings.tables_dir / DAY)
    assert rate_in_use() == Decimal("1.75")


def test_newer_tables_of_the_package_win_over_old_ones(site: tuple[Path, str], settings: AiSettings) -> None:
    folder, url = site
    publish(folder, DAY, price_table("7", date="2020-01-01"))
    changes = refresh_tables(url, settings=settings)
    assert changes.hosts == ()
    assert rate_in_use() == Decimal("1.75")


@pytest.mark.parametrize("url", ["http://example.com/tables.json", "file:///etc/passwd", "ftp://x/tables.json", "x"])
def test_tables_are_fetched_over_https_only(settings: AiSettings, url: str) -> None:
    with pytest.raises(ProviderConfigurationError, match="https only"):
        refresh_tables(url, settings=settings)
    with pytest.raises(ProviderConfigurationError, match="AI_TABLES_URL"):
        refresh_tables(settings=settings)


def test_a_redirect_is_not_followed(site: tuple[Path, str], settings: AiSettings) -> None:
    _, url = site
    with pytest.raises(TablesError, match="302"):
        refresh_tables(url.replace("tables.json", "moved.json"), settings=settings)


def test_a_refresh_ends_in_time(site: tuple[Path, str], settings: AiSettings) -> None:
    _, url = site
    with pytest.raises(TablesError, match="longer than"):
        refresh_tables(url, settings=settings, timeout=0)


def test_a_signature_is_checked_if_a_key_is_set(
    site: tuple[Path, str], settings: AiSettings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, url = site
    key = Ed25519PrivateKey.generate()
    pem = tmp_path / "key.pem"
    pem.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public = base64.b64encode(key.public_key().public_bytes_raw()).decode()
    checking = settings.model_copy(update={"tables_key": public})
    publish(folder, DAY, price_table("7"))
    with pytest.raises(TablesError, match="no valid signature"):
        refresh_tables(url, settings=checking)
    publish(folder, DAY, price_table("7"), "--key", str(pem))
    assert f"AI_TABLES_KEY={public}" in capsys.readouterr().out
    assert refresh_tables(url, settings=checking, dry_run=True).checked == "SHA-256 sums and the ed25519 signature"
    change_manifest(folder, version=f"{DAY}.9")
    with pytest.raises(TablesError, match="no valid signature"):
        refresh_tables(url, settings=checking)
    with pytest.raises(ProviderConfigurationError, match="not an ed25519 public key"):
        refresh_tables(url, settings=settings.model_copy(update={"tables_key": "abc"}))


def test_a_table_that_is_invalid_is_not_published(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "prices").mkdir()
    (tmp_path / "prices" / "openai.json").write_text(json.dumps(price_table("free")))
    assert make_manifest([str(tmp_path)]) == 1
    assert "gpt-5.2, row 1, rates.input: 'free' is not a price" in capsys.readouterr().err
    assert not (tmp_path / "tables.json").exists()


def test_own_prices_of_the_settings_are_used(settings: AiSettings, tmp_path: Path) -> None:
    file = tmp_path / "prices.toml"
    file.write_text('[[prices]]\nhost = "openai"\nmodel = "gpt-5.2"\nunit = "input"\nprice = 3\n')
    AiClient("openai/gpt-5.2", api_key="k", prices_file=file).close()
    assert rate_in_use() == 3
    with pytest.raises(ProviderConfigurationError, match="cannot be read"):
        AiClient("openai/gpt-5.2", api_key="k", prices_file=tmp_path / "none.toml")
