"""Writes the pages anew; run as `make tables`."""

from __future__ import annotations

from tables.providers import PAGE, page

if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(f"wrote {PAGE}")
