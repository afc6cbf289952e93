"""An answer as a typed object, seen while it grows.

With OPENAI_API_KEY set it asks OpenAI; without, a fake provider on this machine.
"""

import os

from pydantic import BaseModel, Field

from dhenara.ai import AIModelClient
from dhenara.ai.testing import Answer, FakeServer
from dhenara.ai.types import AIModel, AIModelAPI, AIModelEndpoint, OutputGrew


class Ingredient(BaseModel):
    name: str
    grams: int = Field(gt=0)


class Recipe(BaseModel):
    title: str
    ingredients: list[Ingredient]
    minutes: int | None = None


def show(endpoint: AIModelEndpoint) -> None:
    with AIModelClient(endpoint) as client:
        for event, run in client.run_streaming("A short recipe for bread.", output=Recipe):
            if isinstance(event, OutputGrew):
                print("…", event.output.title)
            if run:
                recipe = run.output
                print(recipe.title, [f"{one.grams} g {one.name}" for one in recipe.ingredients])


if os.environ.get("OPENAI_API_KEY"):
    show(AIModelEndpoint(api=AIModelAPI(provider="openai"), ai_model=AIModel(model_name="gpt-5.4-mini")))
else:
    said = '{"title": "Bread", "ingredients": [{"name": "flour", "grams": 500}], "minutes": null}'
    with FakeServer(Answer(text=said)) as server:
        api = AIModelAPI(provider="openai", api_key="none", config={"base_url": f"{server.url}/v1"})
        show(AIModelEndpoint(api=api, ai_model=AIModel(model_name="fake")))
