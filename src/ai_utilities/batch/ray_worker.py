"""What runs on a machine of the cluster: one client, asked by as many threads as Ray gives this worker."""

from __future__ import annotations

from typing import Any

from ..cache import caching
from ..client import AiClient
from ..concurrency import try_ask
from ..usage import tagged
from .ray_options import MakeClient, RayContext
from .row_result import RowResult, result_from_answer


class Worker:
    """Lives as long as the run. What it knows is in its client."""

    def __init__(self, make_client: MakeClient, options: dict[str, Any], around: RayContext) -> None:
        self._make_client = make_client
        self._options = options
        self._around = around
        self._client: AiClient | None = None

    def begin(self) -> None:
        """Apart from the making, so that what cannot work is raised as it is."""
        self._client = self._make_client()

    def ask(self, prompt: str, *, again: bool) -> RowResult:
        """The answer, or what went wrong. `again`: a worker died with this question, and nobody else asks it now."""
        if self._client is None:
            raise RuntimeError("this worker was not begun; this is a bug")
        # Where one died, an answer that it still kept is found, but its claim on the question is not waited for.
        cached = {**self._around.caching, **({"lease": 0} if again else {})}
        with caching(**cached), tagged(**self._around.tags):
            return result_from_answer(try_ask(self._client.ask, prompt, self._options))

    def end(self) -> None:
        if self._client is not None:
            self._client.close()
