"""Pictures through the kit's clients, in every world: drawn, changed, varied, fetched and booked."""

from __future__ import annotations

import asyncio
import base64
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ai_utilities import AiSettings, ProviderConfigurationError
from ai_utilities.exceptions import ProviderCapabilityError
from ai_utilities.operations.images import FetchedImages
from dhenara.ai.errors import BadRequestError, BrokenStreamError, FetchError, RateLimitError
from dhenara.ai.testing import FakeServer, Raw, RawStream, Refusal, SampleOperations
from dhenara.ai.testing.sample_operations import png
from dhenara.ai.types import (
    AIModel,
    AIModelAPI,
    AIModelEndpoint,
    CallWarning,
    GeneratedImage,
    ImageContent,
    ImageModelCostData,
    ImageResponse,
)
from support.forms import read_form
from support.kit import Uniform, run, settings
from support.worlds import World

SOON = {"retry-after-ms": "5"}


def left_at(*urls: str) -> Raw:
    return Raw(json.dumps({"created": 1, "data": [{"url": url} for url in urls]}).encode())


def event(kind: str, **reported: Any) -> bytes:
    provided = {"type": f"image_generation.{kind}", "b64_json": base64.b64encode(png()).decode(), **reported}
    return f"event: {provided['type']}\ndata: {json.dumps(provided)}\n\n".encode()


def test_a_picture_is_shown_as_it_becomes_clearer(world: World, server: FakeServer) -> None:
    seen: list[ImageContent] = []

    async def script(client: Uniform) -> Any:
        return await client.image("An otter", on_partial=seen.append, options={"size": "32x16"})

    earlier = [event("partial_image", partial_image_index=number) for number in range(2)]
    server.add_replies(RawStream([*earlier, event("completed", output_format="png")]))
    drawn = run(world, script, settings(server.url))
    assert [one.data for one in seen] == [png(), png()]
    assert [one.mime_type for one in seen] == ["image/png"] * 2
    assert drawn.images[0].bytes == png()
    assert (drawn.model, server.exchanges[0].json["partial_images"]) == ("gpt-image-2", 2)


def test_the_number_of_previews_can_be_chosen(world: World, server: FakeServer) -> None:
    async def script(client: Uniform) -> Any:
        return await client.image("An otter", on_partial=print, options={"partial_images": 1})

    server.add_replies(RawStream([event("completed", output_format="png")]))
    run(world, script, settings(server.url))
    assert server.exchanges[0].json["partial_images"] == 1


class Downloads:
    """Stands for a client: notes the timeout of each download, and fails."""

    model_endpoint = SimpleNamespace(ai_model=SimpleNamespace(model_name="m-1"))

    def __init__(self) -> None:
        self.timeouts: list[float] = []

    def download(self, image: GeneratedImage, *, timeout: float = 0.0) -> GeneratedImage:
        self.timeouts.append(timeout)
        raise FetchError("gone")

    async def download_async(self, image: GeneratedImage, *, timeout: float = 0.0) -> GeneratedImage:
        return self.download(image, timeout=timeout)


def test_images_are_downloaded_within_the_timeout_of_the_call_and_each_failure_is_a_warning() -> None:
    earlier = CallWarning(code="provider_warning", message="first")
    address = "https://example.org/1.png"
    images = [GeneratedImage(url=address), GeneratedImage(url=address, data=base64.b64encode(png()))]
    client: Any = Downloads()
    fetched = FetchedImages(client, 7.5, ImageResponse(images=images, warnings=[earlier]))
    for response in (fetched.download(), asyncio.run(fetched.download_async())):
        assert response.images == images
        assert response.warnings[0] == earlier
        assert "could not be downloaded" in response.warnings[1].message
        assert response.model == "m-1"
    assert client.timeouts == [7.5, 7.5]


def test_a_picture_that_breaks_off_is_an_error(world: World, server: FakeServer) -> None:
    seen: list[ImageContent] = []

    async def script(client: Uniform) -> Any:
        return await client.image("An otter", on_partial=seen.append)

    server.add_replies(RawStream([event("partial_image", partial_image_index=0)]))
    with pytest.raises(BrokenStreamError):
        run(world, script, settings(server.url))
    assert len(seen) == 1


def test_words_become_a_picture_by_the_usual_model(world: World, server: FakeServer, tmp_path: Path) -> None:
    server.add_replies(SampleOperations())

    async def script(client: Uniform) -> Any:
        return await client.image("An otter", options={"size": "32x16"}, tags={"of": "test"}), client.usage_tracker

    drawn, tracker = run(world, script, settings(server.url, usage_store="memory"))
    assert drawn.images[0].size == (32, 16)
    assert drawn.images[0].save(tmp_path / "otter").name == "otter.png"
    assert server.exchanges[0].json == {"model": "gpt-image-2", "prompt": "An otter", "size": "32x16"}
    (row,) = tracker.ledger.rows()
    assert (row.operation, row.model, row.tags) == ("image", "gpt-image-2", {"of": "test"})


def test_a_picture_is_changed_where_the_mask_allows_it(world: World, server: FakeServer, tmp_path: Path) -> None:
    (tmp_path / "otter.png").write_bytes(png())
    server.add_replies(SampleOperations())

    async def script(client: Uniform) -> Any:
        return await client.image("A hat", tmp_path / "otter.png", mask=png(8, 8))

    assert run(world, script, settings(server.url)).images[0].bytes == png()
    requested = server.exchanges[0]
    fields = read_form(requested.headers["content-type"], requested.body)
    assert requested.path == "/v1/images/edits"
    assert (fields["prompt"], fields["image"], fields["mask"]) == ("A hat", png(), png(8, 8))


def test_without_words_others_like_it_are_made(world: World, server: FakeServer) -> None:
    server.add_replies(SampleOperations())

    async def script(client: Uniform) -> Any:
        return await client.image(images=[png()], model="dall-e-2", n=2)

    run(world, script, settings(server.url))
    assert server.exchanges[0].path == "/v1/images/variations"


def test_what_was_left_at_an_address_is_fetched(world: World, server: FakeServer) -> None:
    server.add_replies(left_at(f"{server.url}/1.png", f"{server.url}/2.png"), Raw(png(4, 4)), Raw(png(5, 5)))

    async def script(client: Uniform) -> Any:
        return await client.image("Two otters", model="dall-e-2", n=2)

    assert [one.size for one in run(world, script, settings(server.url)).images] == [(4, 4), (5, 5)]
    assert "authorization" not in server.exchanges[1].headers


def test_a_picture_that_cannot_be_fetched_is_not_lost(world: World, server: FakeServer) -> None:
    server.add_replies(left_at(f"{server.url}/1.png"), Refusal(404, "gone"))

    async def script(client: Uniform) -> Any:
        return await client.image("An otter", model="dall-e-2")

    drawn = run(world, script, settings(server.url))
    assert drawn.images[0].url == f"{server.url}/1.png"
    assert "could not be downloaded" in drawn.warnings[0].message


def test_a_model_that_also_talks_draws(world: World, server: FakeServer) -> None:
    inline = {"inlineData": {"mimeType": "image/png", "data": "iVBORw0KGgo="}}
    parts = [{"text": "Here it is."}, inline]
    server.add_replies(
        Raw(json.dumps({"candidates": [{"content": {"parts": parts}, "finishReason": "STOP"}]}).encode())
    )

    async def script(client: Uniform) -> Any:
        return await client.image("An otter")

    provided = AiSettings(_env_file=None, provider="google_ai", api_key="k", base_url=f"{server.url}/v1beta")
    drawn = run(world, script, provided)
    assert (drawn.text, len(drawn.images)) == ("Here it is.", 1)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"prompt": " "}, "image needs a prompt"),
        ({"images": [png(), png()]}, "exactly one image"),
        ({"prompt": "x", "images": png(), "on_partial": print}, "on_partial works for new images only"),
        ({"prompt": "x", "mask": png()}, "a mask needs the image"),
        ({"prompt": "x", "images": b"no picture"}, "these bytes are not an image"),
        ({"prompt": "x", "images": "nothing.png"}, "cannot read"),
    ],
)
def test_impossible_image_requests_are_refused_before_sending(
    given: dict[str, Any], why: str, world: World, server: FakeServer
) -> None:
    with pytest.raises(ProviderConfigurationError, match=why):
        run(world, lambda client: client.image(**given), settings(server.url))
    assert server.exchanges == []


def test_pictures_are_tried_again_refused_and_limited_like_answers(world: World, server: FakeServer) -> None:
    server.add_replies(Refusal(503, "later", headers=SOON), SampleOperations(), Refusal(400, "no such size"))

    async def script(client: Uniform) -> Any:
        first = await client.image("An otter")
        with pytest.raises(BadRequestError, match="no such size"):
            await client.image("An otter", options={"size": "1x1"})
        with pytest.raises(RateLimitError, match="3 requests per minute"):
            await client.image("Another")
        return first

    assert run(world, script, settings(server.url, requests_per_minute=3, limit_wait_s=0)).images
    assert len(server.exchanges) == 3


def test_an_image_is_cached_only_when_a_call_requests_it(world: World, server: FakeServer) -> None:
    server.add_replies(*[SampleOperations()] * 3)

    async def script(client: Uniform) -> Any:
        await client.image("An otter")
        await client.image("An otter")
        retained = [await client.image("An otter", cache=True) for _ in range(2)]
        return retained, list(client.usage_tracker.ledger.rows())

    retained, rows = run(world, script, settings(server.url, cache_enabled=True, usage_store="memory"))
    assert len(server.exchanges) == 3
    assert retained[1].images == retained[0].images
    assert (retained[1].cost.amount, retained[1].cost.source) == (0, "cache")
    assert [row.outcome for row in rows] == ["answered", "answered", "answered", "cached"]


def test_a_provider_of_ones_own_says_that_it_does_not_draw(world: World) -> None:
    from ai_utilities import AskResult, BaseProvider

    class Parrot(BaseProvider):
        def ask(self, prompt: str, **kwargs: Any) -> AskResult:
            return AskResult(prompt)

    async def script(client: Uniform) -> Any:
        return await client.image("x")

    with pytest.raises(ProviderCapabilityError, match="image not supported"):
        run(world, script, AiSettings(_env_file=None, api_key="k"), Parrot())


def test_a_budget_holds_for_pictures_with_a_price(world: World, server: FakeServer) -> None:
    from ai_utilities.usage import Budget, BudgetExceededError, BudgetLayer
    from dhenara.ai import AIModelClient

    server.add_replies(SampleOperations(), SampleOperations())
    cost = ImageModelCostData(flat_cost_per_image="0.04")
    api = AIModelAPI(provider="openai", api_key="k", config={"base_url": f"{server.url}/v1"})
    endpoint = AIModelEndpoint(api=api, ai_model=AIModel(model_name="gpt-image-2"), cost_data=cost)
    client = AIModelClient(endpoint, layers=[BudgetLayer(Budget("0.10"))])
    assert world.run(client, "An otter", n=2).image_response.cost.amount * 100 == 8
    with pytest.raises(BudgetExceededError, match="nothing was sent"):
        world.run(client, "An otter")
    world.close(client)
    assert len(server.exchanges) == 1
