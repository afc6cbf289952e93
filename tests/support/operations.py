"""Every operation of the engine with arguments, so that a test can go over all of them."""

from __future__ import annotations

from inspect import isawaitable
from typing import Any

from pydantic import BaseModel

from dhenara.ai import AIModelClient
from dhenara.ai.testing import FakeServer
from dhenara.ai.types import FileContent
from support.worlds import Blocking, World, endpoint

RECORDING = b"ID3 a recording"
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(100)


class City(BaseModel):
    name: str


def add(number: int) -> int:
    """Add one."""
    return number + 1


SOUND = "openai/gpt-4o-transcribe"
CHAT = "openai/gpt-4o"
FOLDER = "a folder with SKILL.md"
ENGINE_CALLS: dict[str, tuple[str, tuple[Any, ...], dict[str, Any]]] = {
    "generate": (CHAT, ("?",), {}),
    "generate_typed": (CHAT, ("?", City), {}),
    "run": (CHAT, ("?",), {"tools": [add]}),
    "run_streaming": (CHAT, ("?",), {"tools": [add]}),
    "retrieve": (CHAT, ("resp_1",), {}),
    "cancel": (CHAT, ("resp_1",), {}),
    "embed": ("openai/text-embedding-3-small", (["a"],), {}),
    "rerank": ("cohere/rerank-v3.5", ("?", ["a", "b"]), {}),
    "moderate": ("openai/omni-moderation-latest", ("?",), {}),
    "ocr": ("mistral/mistral-ocr-latest", (FileContent(url="https://pages.test/one.pdf"),), {}),
    "count_tokens": ("anthropic/claude-sonnet-4-5", ("?",), {}),
    "list_models": (CHAT, (), {}),
    "edit_image": ("openai/gpt-image-1", ("?",), {"images": [PICTURE]}),
    "vary_image": ("openai/dall-e-2", (PICTURE,), {}),
    "speak": ("openai/tts-1", ("?",), {}),
    "speak_stream": ("openai/tts-1", ("?",), {}),
    "transcribe": (SOUND, (RECORDING,), {}),
    "translate": ("openai/whisper-1", (RECORDING,), {}),
    "transcribe_stream": (SOUND, (RECORDING,), {}),
    "upload_file": (CHAT, (b"text",), {"name": "a.txt"}),
    "get_file": (CHAT, ("file-1",), {}),
    "wait_for_file": (CHAT, ("file-1",), {}),
    "list_files": (CHAT, (), {}),
    "download_file": (CHAT, ("file-1",), {}),
    "delete_file": (CHAT, ("file-1",), {}),
    "upload_skill": (CHAT, (FOLDER,), {}),
    "list_skills": (CHAT, (), {}),
    "delete_skill": (CHAT, ("skill-1",), {}),
    "submit_batch": (CHAT, (["?"],), {}),
    "submit_batches": (CHAT, (["?"],), {}),
    "find_batch": (CHAT, ("name",), {}),
    "get_batch": (CHAT, ("batch-1",), {}),
    "wait_for_batch": (CHAT, ("batch-1",), {}),
    "cancel_batch": (CHAT, ("batch-1",), {}),
    "batch_items": (CHAT, ("batch-1",), {}),
    "batch_results": (CHAT, ("batch-1",), {}),
}
STORE_CALLS: dict[str, tuple[Any, ...]] = {
    "create": ("name",),
    "list": (),
    "get": ("store-1",),
    "delete": ("store-1",),
    "add": ("store-1", b"text"),
    "files": ("store-1",),
    "remove": ("store-1", "file-1"),
    "search": ("store-1", "?"),
}


def engine_client(method: str, model: str, server: FakeServer) -> AIModelClient:
    if method in ("retrieve", "cancel"):
        return AIModelClient(endpoint(server.url, protocol="openai_responses"))
    path = "" if model.startswith("anthropic") else "/v1"
    return AIModelClient(model, api_key="sk-not-a-key", base_url=server.url + path)


def call_in(world: World, owner: Any, method: str, arguments: tuple[Any, ...], options: dict[str, Any]) -> None:
    """Call the method in this world, and read what is an iterator to its end."""

    async def read_all() -> None:
        made = getattr(owner, f"{method}_async")(*arguments, **options)
        made = await made if isawaitable(made) else made
        if hasattr(made, "__anext__"):
            async for _ in made:
                pass

    if isinstance(world, Blocking):
        made = getattr(owner, method)(*arguments, **options)
        for _ in made if hasattr(made, "__next__") else ():
            pass
    else:
        world._start(read_all)
