"""Constraints learned from refusals, and default parameters that a model does not support."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import copy
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Literal

from ..codecs.base import EncodedRequest, Quirks
from ..types.chat.report import CallWarning
from ..types.config.call import AIModelCallConfig, Call
from .host_facts import clear_on_change
from .model_constraints import is_set, reasons
from .model_info import EndpointFacts, ModelFacts, load

Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class LearnedConstraint:
    """A constraint on one field of requests.

    Attributes:
        field: Path of the field in the body, separated by dots.
        action: Leave the field out, rename it, replace its value, or lower it to a limit.
        to: The new name, value or limit.
        instead_of: Value that is replaced; other values are left alone.
        message: The provider's error message.
        learned_at: Time in seconds since 1970.
    """

    field: str
    action: Literal["drop", "rename", "replace", "limit"]
    to: str | int | None = None
    instead_of: str | None = None
    message: str = ""
    learned_at: float = 0.0

    @property
    def key(self) -> tuple[str, str, str | None]:
        """Identity: a later constraint with the same key replaces an earlier one."""
        return self.field, self.action, self.instead_of


def apply_lessons(
    encoded: EncodedRequest, lessons: Iterable[LearnedConstraint], own: Iterable[Body] = ()
) -> EncodedRequest:
    """Return the request with the constraints applied, and a warning for each that changed it.

    Args:
        encoded: The encoded request.
        lessons: The constraints that are known for its target.
        own: Provider-specific parameters of the user, which are never changed.
    """
    body, warnings = encoded.body, []
    for constraint in lessons:
        if get_path(body, constraint.field) is None or any(is_own(constraint.field, words) for words in own):
            continue
        changed = CHANGES[constraint.action](body, constraint)
        if changed is not body:
            body = changed
            warnings.append(CallWarning(code="learned", message=describe(constraint), parameter=constraint.field))
    return replace(encoded, body=body, warnings=(*encoded.warnings, *warnings)) if warnings else encoded


def is_own(field: str, words: Body) -> bool:
    return get_path(words, field) is not None or field.rpartition(".")[2] in words


def get_path(body: Body, field: str) -> Any:
    """Return the value at this path, or None."""
    value: Any = body
    for step in field.split("."):
        if not isinstance(value, Mapping) or step not in value:
            return None
        value = value[step]
    return value


def drop(body: Any, constraint: LearnedConstraint) -> Any:
    return put(body, constraint.field.split("."), None)


def rename_field(body: Any, constraint: LearnedConstraint) -> Any:
    *above, last = constraint.field.split(".")
    value = get_path(body, constraint.field)
    return put(put(body, [*above, last], None), [*above, str(constraint.to)], value)


def substitute_value(body: Any, constraint: LearnedConstraint) -> Any:
    same = get_path(body, constraint.field) == constraint.instead_of
    return put(body, constraint.field.split("."), constraint.to) if same else body


def lower_limit(body: Any, constraint: LearnedConstraint) -> Any:
    value = get_path(body, constraint.field)
    above = isinstance(value, int) and isinstance(constraint.to, int) and value > constraint.to
    return put(body, constraint.field.split("."), constraint.to) if above else body


CHANGES = {"drop": drop, "rename": rename_field, "replace": substitute_value, "limit": lower_limit}


def put(body: Body, path: list[str], value: Any) -> dict[str, Any]:
    """Return a copy with this value at this path; None removes it, and objects that are empty then."""
    changed = copy(dict(body))
    step, *rest = path
    if rest:
        value = put(changed.get(step, {}), rest, value) or None
    if value is None:
        changed.pop(step, None)
    else:
        changed[step] = value
    return changed


def describe(constraint: LearnedConstraint) -> str:
    done = {
        "drop": "it was left out",
        "rename": f"it was sent as {constraint.to!r}",
        "replace": f"{constraint.to!r} was sent instead of {constraint.instead_of!r}",
        "limit": f"it was lowered to {constraint.to}",
    }
    return (
        f"{constraint.field!r} was refused before, so {done[constraint.action]}. "
        f"The provider said: {constraint.message}"
    )


class SupportedDefaults:
    """Leaves out parameters of `if_supported` that a model is not known to take.

    Calls of one client usually share their configuration, so the one that was changed last is kept.
    """

    def __init__(self) -> None:
        self._last: tuple[AIModelCallConfig, ModelFacts | None, AIModelCallConfig] | None = None
        self._facts = EndpointFacts()

    def apply(self, call: Call) -> Call:
        """Return the call without such parameters.

        Operations other than chat have parameters of their own, so none is kept for them.
        """
        config, last = call.config, self._last
        facts = self._facts.find(call.endpoint) if call.operation == "chat" else None
        if last is not None and config is last[0] and facts is last[1]:
            changed = last[2]
        else:
            changed = without_unsupported(config, facts)
            self._last = config, facts, changed
        return call if changed is config else call.with_config(changed)


def without_unsupported(config: AIModelCallConfig, facts: ModelFacts | None) -> AIModelCallConfig:
    """Return the config without parameters of `if_supported` that a model with these facts is not known to take."""
    dropped = [name for name in config.if_supported if is_set(config, name) and not takes(facts, name, config)]
    return config.model_copy(update={name: () if name == "stop" else None for name in dropped}) if dropped else config


def takes(facts: ModelFacts | None, name: str, config: AIModelCallConfig) -> bool:
    """Whether the model is known to take the parameter in a call with this config."""
    if facts is None or facts.vendor is None or name in facts.refused:
        return False
    if is_untried(facts) and is_refused_by_siblings(facts.vendor, name):
        return False
    if name in facts.refused_while_reasoning and reasons(config, facts):
        return False
    others = {one for group in facts.exclusive if name in group for one in group} - {name}
    return not any(is_set(config, one) and one not in config.if_supported for one in others)


def is_untried(facts: ModelFacts) -> bool:
    """Whether the model reasons, and nothing is known about parameters that it refuses."""
    return facts.reasoning is True and not (facts.refused or facts.refused_while_reasoning or facts.exclusive)


@cache
def is_refused_by_siblings(vendor: str, name: str) -> bool:
    """Whether a model of the vendor refuses the parameter, at least while it reasons."""
    models = load("facts")["models"].get(vendor, {})
    return any(
        name in facts.get(kind, ())
        for by_source in models.values()
        for facts in by_source.values()
        for kind in ("refused", "refused_while_reasoning")
    )


clear_on_change(is_refused_by_siblings.cache_clear)


def without_default_warnings(encoded: EncodedRequest, config: AIModelCallConfig, quirks: Quirks) -> EncodedRequest:
    """Return the request without warnings about parameters that nobody set for the call."""
    warnings = tuple(w for w in encoded.warnings if not concerns_default(w.parameter, config.if_supported, quirks))
    return encoded if len(warnings) == len(encoded.warnings) else replace(encoded, warnings=warnings)


def concerns_default(field: str | None, defaults: Iterable[str], quirks: Quirks) -> bool:
    """Whether a parameter, or a field of requests as its path, is one of these parameters."""
    last = field.rpartition(".")[2] if field else None
    return last is not None and any(
        last in (name, quirks.names.get(name) and quirks.wire_name(name)) for name in defaults
    )
