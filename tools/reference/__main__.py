"""Writes the pages; part of `make tables`."""

from __future__ import annotations

from .pages import FOLDER, all_pages

if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    written = all_pages()
    for path in FOLDER.glob("*.md"):
        if path.name not in written:
            path.unlink()
    for name, text in written.items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    print(f"wrote {len(written)} pages in {FOLDER}")
