"""Makes the manifest of a folder of tables, so that a team can host its own.

Run as `python -m tools.catalogue.manifest FOLDER`.

The folder has `prices/<host>.json`, `hosts/<host>.json` or `facts.json`. Every table is checked as a refresh checks it.
With `--key FILE` (an ed25519 private key in PEM) the manifest is signed; the public key is printed in base64.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ai_utilities.providers.tables_refresh import NAME, signed_bytes
from dhenara.ai.catalog import InvalidTable, check_table

MANIFEST = "tables.json"


def make_manifest(folder: Path, version: str | None = None) -> dict[str, Any]:
    """Return the manifest of a folder.

    Args:
        folder: The folder.
        version: Version, as `YYYY-MM-DD` or `YYYY-MM-DD.N`. Default None: today, with the next number.

    Raises:
        InvalidTable: A table is invalid, or there is none.
    """
    files: dict[str, dict[str, Any]] = {}
    for path in sorted(folder.rglob("*.json")):
        name = path.relative_to(folder).as_posix()
        if NAME.fullmatch(name) is None:
            continue
        content = path.read_bytes()
        try:
            check_table(name.removesuffix(".json"), content)
        except InvalidTable as error:
            raise InvalidTable(f"{path}: {error}") from None
        files[name] = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
    if not files:
        raise InvalidTable(f"{folder}: no tables such as prices/openai.json")
    version = version or next_version(folder)
    return {"version": version, "date": version[:10], "files": files}


def next_version(folder: Path) -> str:
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    try:
        last = json.loads((folder / MANIFEST).read_bytes())["version"]
    except (OSError, ValueError, KeyError):
        return f"{today}.1"
    day, _, number = last.partition(".")
    return f"{today}.{int(number or 0) + 1}" if day == today else f"{today}.1"


def sign(manifest: dict[str, Any], key: bytes) -> str:
    """Add a signature to the manifest, and return the public key in base64."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    private = load_pem_private_key(key, password=None)
    if not isinstance(private, Ed25519PrivateKey):
        raise TypeError("the key is not an ed25519 key; make one with: openssl genpkey -algorithm ed25519")
    manifest["signature"] = base64.b64encode(private.sign(signed_bytes(manifest))).decode()
    return base64.b64encode(private.public_key().public_bytes_raw()).decode()


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--version")
    parser.add_argument("--key", type=Path)
    given = parser.parse_args(arguments)
    try:
        manifest = make_manifest(given.folder, given.version)
    except InvalidTable as error:
        sys.stderr.write(f"{error}\n")
        return 1
    if given.key is not None:
        sys.stdout.write(f"AI_TABLES_KEY={sign(manifest, given.key.read_bytes())}\n")
    target = given.folder / MANIFEST
    target.write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(f"wrote {target}: version {manifest['version']}, {len(manifest['files'])} files\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
