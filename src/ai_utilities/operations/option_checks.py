"""Options of one call: other names for them, single values for lists, and what can only be a mistake."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import import_module
from inspect import iscoroutinefunction
from os import PathLike
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar, cast

from dhenara.ai.integration import ALTERNATIVE_NAMES, describe_unknown, refuse_streaming, use_own_names
from dhenara.ai.types import AIModelCallConfig, Content

from ..exceptions import ProviderConfigurationError

if TYPE_CHECKING:
    from ..exceptions import Json, Options
    from .ask_options import File

T = TypeVar("T")

ALTERNATIVES: Mapping[str, str] = MappingProxyType(
    {
        **{other: name for other, name in ALTERNATIVE_NAMES.items() if name != "instructions"},
        "instructions": "system",
        "system_prompt": "system",
    }
)
"""Alternative option names and the name each stands for. The kit calls the instructions `system`."""

SYSTEM_NAMES: Mapping[str, str] = MappingProxyType({"instructions": "system", "system_prompt": "system"})

KIT_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "call": "ask",
        "typed": "ask_typed",
        "json": "call ask_json(prompt)",
        "system": "system",
        "files": 'write files=["a.png"]',
        "repairs": "max_repairs",
        "stream": "client.ask_stream(prompt)",
        "many": "write concurrency=8 in ask_many, or AiClient(max_concurrency=8)",
        "model": 'write model="gpt-5.4-mini"',
        "provider": 'write provider="openai"',
        "cache": "write cache=True",
        "tags": 'write tags={"team": "a"}',
        "progress": "write on_progress=my_function in ask_many, or AiClient(show_progress=True)",
        "limits": "write ask(prompt, tools=[...], limits=RunLimits(rounds=5))",
    }
)
"""What the hints about unknown names call things in this package."""

OLD_ASK_OPTIONS = frozenset({"cache_namespace", "return_format"})
"""Options of `ask` that only version 1 has."""

RUN_STARTERS = ("validators", "resume", "store", "run_id", "step")
"""Options that make a call a run of the engine, also without tools."""

RUN_OPTIONS = ("limits", "approve", "tool_errors", "repairs", "on_event", "on_end", *RUN_STARTERS)
"""Options of runs, such as calls with functions as tools."""

KNOWN = frozenset(
    {
        *AIModelCallConfig.model_fields,
        *("provider", "model", "system", "context", "files", "cache", "tags", "config", "messages"),
        *RUN_OPTIONS,
    }
)
SINGLE_FILES = (str, bytes, bytearray, PathLike, Content, Mapping)


MANY_OPTIONS = ("concurrency", "fail_fast", "on_progress")
"""Options of methods for many prompts, which may be misspelt there."""


def own_options(options: Mapping[str, object], stream: str | None = None, arguments: Sequence[str] = ()) -> Options:
    """Returns the options of one call under the names of this package, with lists where a single value was given.

    Args:
        options: The options as the caller wrote them.
        stream: The method that streams; None if this method does.
        arguments: Arguments of the method itself, for suggestions.

    Raises:
        ProviderConfigurationError: If a name is unknown, an option is given twice, or a value can only be a mistake.
    """
    given = dict(options)
    if "streaming" in given or "stream" in given:
        refuse_streaming(given, stream)
    own = use_own_names(given, ALTERNATIVES)
    if own.keys() - KNOWN:
        names = (*KNOWN, *arguments)
        unknown = [describe_unknown(name, names, words=KIT_WORDS) for name in own if name not in KNOWN]
        raise ProviderConfigurationError(end_sentence("; ".join(unknown)))
    for name, check in CHECKS.items():
        if own.get(name) is not None:
            own[name] = check(own[name])
    return own


def end_sentence(text: str) -> str:
    """The text with a full stop, unless it ends with a question or with dots that stand for a value."""
    return text if text.endswith(("?", "...")) else f"{text}."


def refuse_run_options(options: Mapping[str, object]) -> None:
    """Refuses options of tool runs where no tool runs in this process."""
    wrong = [name for name in RUN_OPTIONS if name in options and name != "on_end"]
    if wrong:
        raise ProviderConfigurationError(
            f"{', '.join(wrong)}: there is no tool that runs here. Pass tools=[my_function], or leave it out."
        )


def starts_run(options: Mapping[str, object]) -> bool:
    """Whether a call is a run of the engine: it has functions as tools or instructions, or options of runs alone."""
    tools, system = options.get("tools"), options.get("system", options.get("instructions"))
    if tools and has_runnable_tools(tools):
        return True
    if any(options[name] is not None for name in options.keys() & RUN_STARTERS):
        return True
    return callable(system) or (isinstance(system, list | tuple) and any(map(callable, system)))


def has_runnable_tools(tools: object) -> bool:
    """Whether any tool is a Python function, and not only a description of one."""
    return any(callable(getattr(tool, "function", tool)) for tool in read_tools(tools))


def read_tools(tools: object) -> Sequence[object]:
    """The tools as a list; one tool counts as a list of one."""
    return tools if isinstance(tools, Sequence) and not isinstance(tools, str) else [tools]


def read_files(files: object) -> list[File]:
    """The files as a list; one file counts as a list of one."""
    if isinstance(files, SINGLE_FILES):
        return [cast("File", files)]
    if not isinstance(files, Iterable):
        raise ProviderConfigurationError(
            f'files must be paths, URLs or bytes, not {type(files).__name__}: files=["report.pdf"].'
        )
    return list(files)


def read_tags(tags: object) -> Mapping[str, str]:
    """The tags of a call; anything but a mapping is refused."""
    if not isinstance(tags, Mapping):
        shown = tags if isinstance(tags, str) else "a"
        raise ProviderConfigurationError(
            f'tags must be a dict, not {type(tags).__name__}: tags={{"team": "{shown:.40}"}}.'
        )
    if not all(isinstance(name, str) for name in tags):
        raise ProviderConfigurationError('the names of tags must be texts: tags={"team": "a"}.')
    return tags


def read_context(context: object) -> object:
    """The earlier messages of a call; a text is refused, because its letters would be messages."""
    if isinstance(context, str | bytes):
        raise ProviderConfigurationError(
            "context is a list of earlier messages, not a text: "
            'context=[{"role": "user", "content": "..."}]. Write background information in system="..." or the prompt.'
        )
    return context


def read_model(model: object) -> str:
    """The name of a model; anything but a text is refused."""
    if not isinstance(model, str):
        raise ProviderConfigurationError(f'model must be a name, not {type(model).__name__}: model="gpt-5.4-mini".')
    return model


CHECKS: Mapping[str, Callable[[object], object]] = {
    "tools": read_tools,
    "files": read_files,
    "tags": read_tags,
    "context": read_context,
    "model": read_model,
}


def check_prompts(prompts: Iterable[T], method: str, items: str = "prompts") -> list[T]:
    """The prompts of a method for many, as a list; one text is refused, because its letters would be prompts."""
    if isinstance(prompts, str | bytes | Mapping) or not isinstance(prompts, Iterable):
        shown = f'"{prompts:.40}"' if isinstance(prompts, str) else "prompt"
        raise ProviderConfigurationError(
            f"{method} takes a list of {items}, not {type(prompts).__name__}: {method}([{shown}])."
        )
    return list(prompts)


def check_texts(texts: Iterable[T]) -> list[T]:
    """The items of `extract`, as a list; several files for one object are refused, because each has its own result."""
    items = check_prompts(texts, "extract", "texts or paths")
    if any(isinstance(item, list | tuple) for item in items):
        raise ProviderConfigurationError(
            "extract takes one text or one path for each object. "
            "For several files of one object write ask_typed(prompt, Person, files=[...])."
        )
    return items


def describe_swap(method: str) -> str:
    """The message for a type in the place of the prompt."""
    what = {"extract": "texts", "ask_typed_many": "prompts"}.get(method, "prompt")
    return f"{method} takes the {what} first and the type second: {method}({what}, Person)."


def asks_as_before(prompt: object, options: Mapping[str, object]) -> bool:
    """Whether a call of `ask` has a form that only version 1 has: a list of prompts, or an option of its own."""
    texts = isinstance(prompt, list) and bool(prompt) and all(isinstance(text, str) for text in prompt)
    return texts or (bool(options) and not OLD_ASK_OPTIONS.isdisjoint(options))


def old_method(client: object, name: str) -> Callable[..., Json]:
    """Return a method that clients had in version 1.

    Args:
        client: The client.
        name: The name of the method.

    Raises:
        AttributeError: They had none of this name, or it was left out; then the message says what to use.
    """
    if name.startswith("__") or name == "_operations":
        raise AttributeError(f"{type(client).__name__!r} object has no attribute {name!r}")
    method: Callable[..., Json] = import_module("ai_utilities.compat.clients").old_method(client, name)
    return method


def read_validators(validators: object) -> Sequence[Callable[[object], object]]:
    """The functions that check typed answers; one counts as a list of one.

    Raises:
        ProviderConfigurationError: If one is no function, or is async.
    """
    checks = (validators,) if callable(validators) else tuple(cast("Iterable[object]", validators or ()))
    for check in checks:
        if not callable(check) or iscoroutinefunction(check):
            raise ProviderConfigurationError(
                f"validators of typed answers are functions that are not async: {check!r:.60}."
            )
    return cast("Sequence[Callable[[object], object]]", checks)
