"""Extract data from many texts and files at once, as objects. Run it: python examples/extract.py"""

from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import BaseModel, Field

from ai_utilities import AiClient
from dhenara.ai.testing import Answer, FakeServer


class Invoice(BaseModel):
    number: str = Field(description="The number as it is printed")
    total: float = Field(description="The amount to pay, in euros")


TEXTS = ["Invoice 7 of May 3. Please pay 120.50 EUR.", "INV-8: total due 99 EUR.", "A letter without any invoice."]
ANSWERS = [
    Answer(text='{"number": "7", "total": 120.5}'),
    Answer(text='{"number": "INV-8", "total": 99}'),
    Answer(text="There is no invoice here."),
    Answer(text="There is still none."),
    Answer(text='{"number": "9", "total": 10}'),
]

# A fake provider, so that this runs without a key. With your own key, leave out `base_url`.
with FakeServer(*ANSWERS) as server, TemporaryDirectory() as folder:
    scan = Path(folder) / "scan.txt"
    scan.write_text("Invoice number 9, 10 EUR", encoding="utf-8")
    with AiClient("openai/gpt-5.4-mini", api_key="none", base_url=f"{server.url}/v1") as client:
        results = client.extract([*TEXTS, scan], Invoice, concurrency=1, system="Amounts are in euros.")
        for result in results:
            if result.ok:
                print(f"{result.output.number}: {result.output.total:.2f} EUR")
            else:
                print("no invoice:", result.error)
        print("total:", sum(result.output.total for result in results if result.ok))
