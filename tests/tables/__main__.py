"""Writes the pages anew; run as `make tables`."""

from __future__ import annotations

from tables import commands, examples, features, parameters, providers

if __name__ == "__main__":
    for made in (providers, features, parameters, commands, examples):
        made.PAGE.write_text(made.page(), encoding="utf-8")
        print(f"wrote {made.PAGE}")
    features.HOME.write_text(features.home(), encoding="utf-8")
