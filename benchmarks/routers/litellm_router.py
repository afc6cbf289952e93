"""LiteLLM's router with its defaults: retries, fallbacks, cooldowns."""

from __future__ import annotations

import asyncio
import os
from typing import Any

from world import MAIN, RETRIES, SPARE, TIMEOUT, JumpingClock, World, show

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
CLOCK = JumpingClock()
CLOCK.install()

import httpx  # noqa: E402
import litellm  # noqa: E402
from litellm.utils import custom_llm_setup  # noqa: E402

litellm.suppress_debug_info = True
ERRORS = {
    503: litellm.ServiceUnavailableError, 429: litellm.RateLimitError, 401: litellm.AuthenticationError,
}  # fmt: skip


class Simulated(litellm.CustomLLM):
    """A provider whose deployments behave as the world says."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world

    async def acompletion(self, *args: Any, **kwargs: Any) -> Any:
        name = kwargs["model"]
        reply = self._world.reply(name, CLOCK.now - START_AT)
        await asyncio.sleep(reply.seconds)
        if reply.status != 200:
            headers = {} if reply.retry_after is None else {"retry-after": f"{reply.retry_after:.0f}"}
            request = httpx.Request("POST", "https://simulated.example/")
            response = httpx.Response(reply.status, headers=headers, request=request)
            raise ERRORS[reply.status](f"HTTP {reply.status}", llm_provider="simulated", model=name, response=response)
        answer = kwargs["model_response"]
        answer.choices[0].message.content = "Hello!"
        return answer


START_AT = 0.0


def make(world: World, clock: JumpingClock) -> Any:
    litellm.custom_provider_map = [{"provider": "simulated", "custom_handler": Simulated(world)}]
    custom_llm_setup()
    groups = {"main": MAIN, "spare": SPARE}
    models = [
        {"model_name": group, "litellm_params": {"model": f"simulated/{name}", "api_key": name}}
        for group, names in groups.items()
        for name in names
    ]
    router = litellm.Router(model_list=models, fallbacks=[{"main": ["spare"]}], num_retries=RETRIES, timeout=TIMEOUT)
    global START_AT
    START_AT = clock.now

    async def ask() -> None:
        await router.acompletion(model="main", messages=[{"role": "user", "content": "Hello"}])

    return ask


show(CLOCK, make)
