"""Extract objects from many texts and files at once.

Run it: python examples/extract.py. Uses OpenAI if OPENAI_API_KEY is set, otherwise a fake server.
"""

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pydantic import BaseModel, Field

from ai_utilities import AiClient
from dhenara.ai.testing import Answer, FakeServer


class Invoice(BaseModel):
    number: str = Field(description="The number as it is printed")
    total: float = Field(description="The amount to pay, in euros")


TEXTS = ["Invoice 7 of May 3. Please pay 120.50 EUR.", "INV-8: total due 99 EUR.", "A letter without any invoice."]


def main(**options: Any) -> None:
    with TemporaryDirectory() as folder, AiClient("openai/gpt-5.4-mini", **options) as client:
        scan = Path(folder, "scan.txt")
        scan.write_text("Invoice number 9, 10 EUR", encoding="utf-8")
        results = client.extract([*TEXTS, scan], Invoice, concurrency=1, system="Amounts are in euros.")
    for result in results:
        if result.ok:
            print(f"{result.output.number}: {result.output.total:.2f} EUR")
        else:
            print("no invoice:", result.error)
    print("total:", sum(result.output.total for result in results if result.ok))


ANSWERS = (
    '{"number": "7", "total": 120.5}',
    '{"number": "INV-8", "total": 99}',
    "There is no invoice here.",
    "There is still no invoice.",
    '{"number": "9", "total": 10}',
)

if "OPENAI_API_KEY" in os.environ:
    main()
else:
    with FakeServer(*(Answer(text=text) for text in ANSWERS)) as server:
        main(api_key="none", base_url=f"{server.url}/v1")
