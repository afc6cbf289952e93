"""New SQLite files appear complete: an empty file at a path of ours was never made by us."""

from __future__ import annotations

import os
import sqlite3
import uuid
from contextlib import closing
from pathlib import Path

from .sqlite_schema import Schema


def create_once(path: Path, schema: str | Schema | None) -> None:
    """Creates the file for its owner only, unless another process was first; with a schema, complete or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not isinstance(schema, Schema):
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        return
    made = path.with_name(f".{path.name}.{uuid.uuid4().hex}.new")
    os.close(os.open(made, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    try:
        with closing(sqlite3.connect(made, isolation_level=None)) as connection:
            schema.prepare(connection)
        try:
            os.link(made, path)
        except FileExistsError:
            return
        except OSError:  # a file system without hard links
            if not path.exists():
                os.rename(made, path)
    finally:
        made.unlink(missing_ok=True)
