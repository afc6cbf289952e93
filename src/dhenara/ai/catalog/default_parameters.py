"""Parameters that nobody set for a call: sent only where the model is known to take them, and never a reason to warn.

`AIModelCallConfig.if_supported` names them. The catalogue says what a model refuses, not what it takes, so "known to
take" means: the model is in the catalogue, and neither it nor, if nobody has tried it, a reasoning model of the same
vendor refuses the parameter.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import cache

from ..codecs.base import EncodedRequest, Quirks
from ..types.config.call import AIModelCallConfig, Call
from .model_constraints import is_set, reasons
from .model_info import ModelFacts, find_facts, load
from .table_files import clear_on_change


def drop_unsupported_defaults(call: Call) -> Call:
    """Return the call without parameters of `if_supported` that its model is not known to take.

    Operations other than chat have parameters of their own, so none is kept for them.
    """
    config = call.config
    facts = find_facts(call.endpoint) if call.operation == "chat" else None
    dropped = [name for name in config.if_supported if is_set(config, name) and not takes(facts, name, config)]
    if not dropped:
        return call
    unset = {name: () if name == "stop" else None for name in dropped}
    return replace(call, config=config.model_copy(update=unset))


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
