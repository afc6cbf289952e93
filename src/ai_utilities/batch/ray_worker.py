"""What runs on a machine of the cluster: one client, asked by as many threads as Ray gives this worker."""

from __future__ import annotations

from typing import Any

from ..cache import caching
from ..client import AiClient
from ..crowd import tried
from ..usage import tagged
from .on_ray import Around, MakeClient
from .outcome import Outcome, read_outcome


class Worker:
    """Lives as long as the run. What it knows is in its client."""

    def __init__(self, make_client: MakeClient, options: dict[str, Any], around: Around) -> None:
        self._make_client = make_client
        self._options = options
        self._around = around
        self._client: AiClient | None = None

    def begin(self) -> None:
        """Apart from the making, so that what cannot work is raised as it is."""
        self._client = self._make_client()

    def ask(self, prompt: str, *, again: bool) -> Outcome:
        """The answer, or what went wrong. `again`: a worker died with this question, and nobody else asks it now."""
        if self._client is None:
            raise RuntimeError("this worker was not begun; this is a bug")
        # Where one died, an answer that it still kept is found, but its claim on the question is not waited for.
        cached = {**self._around.caching, **({"lease": 0} if again else {})}
        with caching(**cached), tagged(**self._around.tags):
            return read_outcome(tried(self._client.ask, prompt, self._options))

    def end(self) -> None:
        if self._client is not None:
            self._client.close()
