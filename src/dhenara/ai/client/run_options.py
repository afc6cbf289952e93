"""Options of runs: their types, and how they are read and checked."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from pydantic import ValidationError

from .. import types
from ..errors import ConfigurationError, SyncAsyncMismatchError
from ..io.sync_io import run
from ..types.config.call import AIModelCallConfig, Call
from ..types.config.call_options import AnswerOptions
from ..types.config.parameters import CallParameters
from ..types.tools.tool import Tool, is_awaitable
from ..types.tools.tool_definition import ToolDefinition
from .call_factory import describe_problems

if TYPE_CHECKING:
    from ..history.parsing import MessageLike
    from ..pipeline.agent.run_plan import RunPlan
    from ..pipeline.agent.run_state import RunEvent
    from ..pipeline.agent.run_store import RunStore
    from ..pipeline.agent.toolbox import Approve
    from ..types.chat.run import Run
    from ..types.chat.run_parts import RunLimits, RunRecord

RunInstructions = str | Callable[..., Any] | Sequence[str | Callable[..., Any]]
"""System instructions of a run: texts, and functions that return one for each request."""

Validators = Callable[..., Any] | Sequence[Callable[..., Any]]
"""Functions that check the output of a run."""


class RunPlanSettings(TypedDict, total=False):
    """Settings of the run itself; see `RunsMixin.run`."""

    limits: RunLimits
    """Limits of the run: rounds, tool calls, tokens, cost. Default: the defaults of `RunLimits`."""

    approve: Approve
    """Function that decides on the calls of tools that need approval. Default: the run stops before them."""

    tool_errors: Literal["send", "raise"]
    """`"send"` (default) sends errors of tools to the model, `"raise"` raises them."""

    repairs: int
    """How often the model may correct an invalid output, 0 or more. Default 1."""

    validators: Validators
    """Functions that check the output (of runs without a type: the text), sync or async. A ValueError is sent to the
    model, which corrects its answer, as far as `repairs` allows."""

    store: RunStore
    """Where the run is kept after each step, such as `SQLiteRunStore("runs.sqlite")`. Default: nowhere."""

    run_id: str
    """Id of the run in the store: a run that is there is resumed. Default: a random one."""

    step: Callable[..., Any]
    """Hook around each request and each tool call, for durable engines: `step(name, key, do)` returns what `do()`
    returns, a JSON text, or what it returned when the step was performed before. `key` is unique in the run and the
    same each time. In async runs it is async, and `do` too."""

    tags: Mapping[str, str]
    """Tags of the run, saved with it."""

    on_event: Callable[[RunEvent], None]
    """Called with each event of the run."""

    on_end: Callable[[Run[Any]], object]
    """Called with the `Run` at the end, also if it failed or was closed."""


class ConversationSettings(TypedDict, total=False):
    """Conversation input other than the prompt."""

    context: Sequence[MessageLike] | None
    """Earlier messages, sent before the prompt."""

    instructions: RunInstructions | None
    """System instructions: texts, or functions that return one for each request, sync or async. They get the run so
    far."""

    messages: Sequence[MessageLike] | None
    """The whole conversation, instead of `prompt` and `context`."""

    resume: Run[Any] | str | bytes
    """A run to resume, or its JSON, in place of a prompt and messages."""

    config: AIModelCallConfig | None
    """Replaces the client's config for this call."""


class RunTurnSettings(RunPlanSettings, AnswerOptions, total=False):
    """All keyword arguments of a run in a conversation, which has its own messages."""

    resume: Run[Any] | str | bytes
    """The run of the last turn, or its JSON, with decisions on its pending calls: `resume=run.decide({...})`."""

    config: AIModelCallConfig | None
    """Replaces the client's config for this turn."""


class RunSettings(RunPlanSettings, ConversationSettings, AnswerOptions, total=False):
    """All keyword arguments of a run, including the fields of `AIModelCallConfig` used for each request."""


def read_limits(given: Any) -> RunLimits | None:
    """Return the limits of a run; a dict has their fields."""
    if given is None or isinstance(given, types.RunLimits):
        return given
    if isinstance(given, Mapping):
        try:
            return types.RunLimits.model_validate(given)
        except ValidationError as error:
            raise ConfigurationError(f"limits: {describe_problems(error)}") from error
    raise ConfigurationError(f"limits must be RunLimits, not {type(given).__name__}: limits=RunLimits(rounds=5)")


def read_saved(given: Any, *others: Any) -> Run[Any] | None:
    """Return the run to resume, from its JSON if it is not one.

    Raises:
        ConfigurationError: If it is no run, or a prompt or messages are passed with it.
    """
    if given is None:
        return None
    if any(other is not None for other in others):
        raise ConfigurationError("resume= continues the messages of the run. Leave out prompt, context and messages.")
    if isinstance(given, str | bytes):
        return types.Run.from_json(given)
    if not isinstance(given, types.Run):
        raise ConfigurationError(f"resume must be a Run or its JSON, not {type(given).__name__}: resume=run.to_json()")
    return given


def read_instruction_functions(given: Any, options: Any) -> tuple[tuple[Any, ...], Any]:
    """Return all instructions if there are functions among them, and those that are texts."""
    for name in ("system", "system_prompt"):
        if given is None and has_functions(options.get(name)):
            given = options.pop(name)
    if not has_functions(given):
        return (), given
    parts = (given,) if callable(given) else tuple(given or ())
    texts = [part for part in parts if not callable(part)]
    return tuple(part for part in parts if callable(part) or part), texts


def has_functions(given: Any) -> bool:
    return callable(given) or (isinstance(given, list | tuple) and any(callable(part) for part in given))


def read_validators(given: Any) -> tuple[Any, ...] | None:
    checks = given if isinstance(given, list | tuple) else () if given is None else (given,)
    if not all(callable(check) for check in checks):
        raise ConfigurationError("validators must be functions: validators=[check_answer]")
    return tuple(checks) or None


def check_plan(plan: Mapping[str, Any], step: Any, run_id: Any, tags: Any) -> None:
    """Raise for values of run options that can only be a mistake."""
    for name, value in (*((name, plan[name]) for name in ("approve", "on_event", "on_end")), ("step", step)):
        if value is not None and not callable(value):
            raise ConfigurationError(f"{name} must be a function, not {type(value).__name__}: {name}=my_function")
    if plan["tool_errors"] not in (None, "send", "raise"):
        raise ConfigurationError(f'tool_errors must be "send" or "raise", not {plan["tool_errors"]!r:.40}')
    repairs = plan["repairs"]
    if repairs is not None and (not isinstance(repairs, int) or isinstance(repairs, bool) or repairs < 0):
        raise ConfigurationError(f"repairs must be a whole number, 0 or more, not {repairs!r:.40}: repairs=1")
    store = plan["store"]
    if store is not None and not all(callable(getattr(store, name, None)) for name in STORE_METHODS):
        raise ConfigurationError('store must have save, load, claim and complete: store=SQLiteRunStore("runs.sqlite")')
    if tags is not None and not (
        isinstance(tags, Mapping) and all(isinstance(one, str) for one in (*tags, *tags.values()))
    ):
        raise ConfigurationError(f'tags must be texts with names, not {tags!r:.40}: tags={{"team": "search"}}')
    if run_id is not None and (not isinstance(run_id, str) or not run_id):
        raise ConfigurationError(f'run_id must be a text, not {run_id!r:.40}: run_id="order-17"')


STORE_METHODS = ("save", "load", "claim", "complete")


def check_store(call: Call, plan: RunPlan) -> None:
    """Raise if a tool must never run twice and there is no store that remembers its calls."""
    names = [tool.name for tool in call.config.tools if isinstance(tool, Tool) and tool.needs_store]
    if names and plan.store is None:
        raise ConfigurationError(
            f"{', '.join(names)}: a tool with once=True needs a store, which remembers that it ran: "
            'store=SQLiteRunStore("runs.sqlite"), run_id="order-17"'
        )


def check_functions(call: Call, plan: RunPlan) -> None:
    """Raise if a function of a sync run is async, which sync code cannot await."""
    waiting = [tool.name for tool in call.config.tools if isinstance(tool, Tool) and tool.is_async]
    if waiting:
        raise SyncAsyncMismatchError(
            f"{', '.join(waiting)}: async tools need an async run. Use run_async, or make the tools sync functions."
        )
    given: list[tuple[str, Any]] = [("approve", plan.approve)]
    given += [("a validator", check) for check in plan.validators]
    given += [("a function for instructions", one) for one in plan.instructions if callable(one)]
    given += [(f"store.{name}", getattr(plan.store, name)) for name in STORE_METHODS if plan.store is not None]
    for name, function in given:
        if function is not None and is_awaitable(function):
            raise SyncAsyncMismatchError(f"{name} is an async function. Use run_async, or pass a sync function.")


def read_step_result(given: Any, key: str) -> str:
    """Return what the hook of a step returned: the text that `do()` returned."""
    if isinstance(given, str):
        return given
    raise ConfigurationError(
        f"step must return what do() returns, a JSON text, not {type(given).__name__} (step {key}). In async runs step "
        "is an async function."
    )


def make_record(
    call: Call,
    plan: Mapping[str, Any],
    saved: Run[Any] | None,
    options: Mapping[str, Any],
    instructions: tuple[str, ...],
    run_id: str | None,
    tags: Mapping[str, str] | None,
) -> RunRecord:
    """Return what is saved with a run besides its messages and steps."""
    config, agent, earlier = call.config, plan["agent"], None if saved is None else saved.record
    inner_id = None if agent is None else agent.run_id
    chosen = {name for name in CallParameters.model_fields if name in options}
    parameters = config.model_dump(mode="json", include=chosen) if chosen else {}
    facts: dict[str, Any] = {
        "id": inner_id or run_id or (earlier.id if earlier is not None else "") or os.urandom(16).hex(),
        "endpoint": f"{call.endpoint.api.provider}/{call.endpoint.ai_model.model_name}",
        "tools": tuple(tool.name for tool in config.tools if isinstance(tool, ToolDefinition)),
        "functions": tuple(name for name in ("instructions", "validators") if plan[name]),
        "output": None if config.structured_output is None else config.structured_output.name,
        "instructions": instructions,
        "parameters": {**({} if earlier is None else earlier.parameters), **parameters},
        "tags": dict(tags) if tags is not None else {} if earlier is None else earlier.tags,
        "limits": plan["limits"] or types.RunLimits(),
        "prompt": earlier.prompt if earlier is not None else "" if plan["store"] is None else prompt_digest(call),
    }
    return types.RunRecord(**facts)


def prompt_digest(call: Call) -> str:
    """Return a hash of the messages that a run begins with."""
    text = "".join(message.model_dump_json() for message in call.messages)
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def run_work(work: Callable[[], Any]) -> Any:
    """Run a coroutine function of sync code."""
    return run(work())


async def perform_sync(step: Callable[..., Any], name: str, key: str, do: Callable[[], Any]) -> str:
    """Perform a step of a sync run through the hook of the user."""
    return read_step_result(step(name, key, lambda: run(do())), key)


async def perform_async(step: Callable[..., Any], name: str, key: str, do: Callable[[], Any]) -> str:
    """Perform a step of an async run through the hook of the user."""
    return read_step_result(await step(name, key, do), key)
