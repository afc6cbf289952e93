"""How a bulk run goes through the batches of the provider, and what may be said of its questions there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from dhenara.ai.dataclass import dataclass

from ..ask_options import SPELLINGS, check_prompt, resolve_ask
from ..config_models import AiSettings
from ..exceptions import ProviderConfigurationError

NOT_CACHED = (None, False, "never")


@dataclass(frozen=True, slots=True)
class OnProvider:
    """`run_bulk(..., on=OnProvider(wait=0))`; `on="provider"` is the same with nothing said.

    `wait`: for how many seconds the run waits for answers; without, until all are there. What is not answered by then
    is asked about by the next run. `every`: how often the provider is asked; without, less and less often.
    """

    wait: float | None = None
    every: float | None = None


@dataclass(frozen=True, slots=True)
class RowOptions:
    """What is said about all rows of a run, in the words of the engine's batches."""

    client: dict[str, Any]
    """Which provider and model."""

    call: dict[str, Any]
    """The settings of every call."""

    context: list[Any] = field(default_factory=list)
    files: Any = None
    tags: Mapping[str, str] | None = None

    def build_prompt(self, words: str, settings: AiSettings) -> Any:
        """One row's prompt, with the context before it and the files beside it. Raises where there is nothing in it."""
        given = {} if self.files is None else {"files": self.files}
        check_prompt(words, given)
        spoken = resolve_ask(words, given, settings).arguments["prompt"]
        return [*self.context, spoken] if self.context else spoken


def read_row_options(options: Mapping[str, Any], settings: AiSettings) -> RowOptions:
    """What cannot be had in a batch is said before anything is handed over."""
    given = {SPELLINGS.get(name, name): value for name, value in options.items()}
    client: dict[str, Any] = {name: given.pop(name) for name in ("provider", "model") if name in given}
    if given.pop("cache", None) not in NOT_CACHED:
        raise ProviderConfigurationError("answers of the provider's batches come from no cache: leave `cache` out")
    if resolve_ask("?", {"tools": given.get("tools")}, settings).runs_tools:
        raise ProviderConfigurationError(
            "a batch answers each call once, so tools that are functions cannot be run: describe them with "
            "ToolDefinition, or run this here"
        )
    context, files, tags = list(given.pop("context", None) or ()), given.pop("files", None), given.pop("tags", None)
    if context and not all(isinstance(turn, Mapping) or hasattr(turn, "contents") for turn in context):
        raise ProviderConfigurationError("the context of a batch is a list of messages")
    system = given.pop("system", None) or settings.system_prompt
    return RowOptions(client, {**given, **({"instructions": system} if system else {})}, context, files, tags)
