"""Structured output: an answer as an object, and the object while it is streamed.

Run it: python examples/structured_output.py. Uses OpenAI if OPENAI_API_KEY is set, otherwise a fake server.
"""

import os
from typing import Any

from pydantic import BaseModel, Field

from dhenara.ai import AIModelClient
from dhenara.ai.testing import Answer, FakeServer
from dhenara.ai.types import OutputGrew


class Ingredient(BaseModel):
    name: str
    grams: int = Field(gt=0)


class Recipe(BaseModel):
    title: str
    ingredients: list[Ingredient]
    minutes: int | None = None


def main(**options: Any) -> None:
    with AIModelClient("openai/gpt-5.4-mini", **options) as client:
        recipe = client.generate_typed("A short recipe for bread.", Recipe)
        print(recipe.title, [f"{one.grams} g {one.name}" for one in recipe.ingredients])

        for event, run in client.run_streaming("A short recipe for bread.", output=Recipe):
            if isinstance(event, OutputGrew):
                print("so far:", event.output)
            if run:
                print("complete:", run.output.title)


if "OPENAI_API_KEY" in os.environ:
    main()
else:
    json_text = '{"title": "Bread", "ingredients": [{"name": "flour", "grams": 500}], "minutes": null}'
    with FakeServer(Answer(text=json_text), forever=True) as server:
        main(api_key="none", base_url=f"{server.url}/v1")
