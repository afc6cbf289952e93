"""Rows of a Ray dataset, each with its answer: for data that lives in the cluster and stays there."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from ..cache import caching
from ..client import AiClient
from ..concurrency import ask_all, check_concurrency
from ..usage import tagged
from .ray_options import MakeClient, OnRay, RayContext, capture_context, load_ray, make_client_factory
from .ray_workers import worker_count
from .row_result import result_from_answer
from .template import PromptTemplate

COLUMNS = {
    "text": "string",
    "error": "string",
    "provider": "string",
    "model": "string",
    "finish_reason": "string",
    "prompt_tokens": "int64",
    "completion_tokens": "int64",
    "cost": "string",
}
AHEAD = 8
"""Batches are so many times what is asked at once, so that one slow answer keeps few others waiting."""


def ask_rows(
    dataset: Any,
    *,
    prompt: str | None = None,
    client: AiClient | None = None,
    concurrency: int | None = None,
    where: OnRay | None = None,
    **options: Any,
) -> Any:
    """The dataset with the columns of an answer beside those of the row. Nothing is asked before it is consumed.

    For `ray.data`: read from and write to wherever Ray can. There is no journal; what survives a run that was killed is
    what the settings' cache keeps in Redis. A column of the row is never written over: the answer's is `answer_...`.
    """
    ray = load_ray()
    match = where or OnRay()
    text = dict(options)
    asking = client if client is not None else AiClient()
    count = check_concurrency(concurrency if concurrency is not None else asking.settings.concurrency)
    make_client = make_client_factory(asking, match, text)
    if client is None:
        asking.close()
    workers = worker_count(ray, match, count)
    each = -(-count // workers)
    return dataset.map_batches(
        RowAsker,
        fn_constructor_args=(make_client, prompt, text, each, capture_context()),
        batch_format="pyarrow",
        batch_size=each * AHEAD,
        compute=import_module("ray.data").ActorPoolStrategy(size=workers),
        **match.options,
    )


class RowAsker:
    """One client, kept by Ray from batch to batch; the rows of a batch are asked at once."""

    def __init__(
        self, make_client: MakeClient, prompt: str | None, options: dict[str, Any], concurrency: int, around: RayContext
    ) -> None:
        self._around = around
        self._client = make_client()
        self._template = PromptTemplate(prompt)
        self._options = options
        self._concurrency = concurrency

    def __call__(self, batch: Any) -> Any:
        """The table with columns added; those that were there are as they were."""
        import pyarrow

        prompts = [self._template.fill(row) for row in batch.to_pylist()]
        with caching(**self._around.caching), tagged(**self._around.tags):
            results = ask_all(self._client.ask, prompts, self._concurrency, self._options)
        entries = [result_from_answer(result).entry for result in results]
        there = set(batch.column_names)
        for name, kind in COLUMNS.items():
            values = pyarrow.array([entry[name] for entry in entries], kind)
            batch = batch.append_column(name if name not in there else f"answer_{name}", values)
        return batch
