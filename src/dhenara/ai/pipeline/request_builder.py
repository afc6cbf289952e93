"""Encodes calls, after applying model limits and learned constraints."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from pydantic_core import PydanticSerializationError

from ..catalog import host_facts
from ..catalog.capabilities import OF_OPERATION, check_kind, drop_unsupported_media
from ..catalog.learned_constraints import LearnedConstraint, apply_lessons, without_default_warnings
from ..catalog.model_constraints import apply_constraints, is_elsewhere, with_model_limits, with_own_settings
from ..catalog.model_info import EndpointFacts, ModelFacts
from ..codecs.base import EncodedRequest
from ..codecs.common.media import has_media
from ..codecs.common.media_support import describe_media, media_of
from ..codecs.common.plan import WarningCollector
from ..codecs.common.request import is_prefilled
from ..errors import UnsupportedError
from ..history.preparation import check_result_ids, continues_stored_history
from ..io.protocol import IO
from ..providers.target import ResolvedTarget
from ..types.config.api import AIModelEndpoint
from ..types.config.call import Call
from ..types.config.call_policies import Uploading
from ..types.config.parameters import CONSTRAINED
from ..types.content.media import Media
from .learned_store import SHARED_CONSTRAINTS, LearnedConstraints, target_key
from .request_key import unserializable


class RequestBuilder:
    """Encodes the calls of one target.

    Later sources override earlier ones: provider defaults, model facts, learned constraints, user settings.
    """

    def __init__(
        self, target: ResolvedTarget, now: Callable[[], float], lessons: LearnedConstraints = SHARED_CONSTRAINTS
    ) -> None:
        self._target = target
        self._now = now
        self._lessons = lessons
        self._key = target_key(target)
        # Encrypted reasoning is only requested from reasoning models, so these protocols always need the model facts.
        self._asks = bool(getattr(target.quirks, "encrypted_reasoning", False))
        self._informed: tuple[AIModelEndpoint, bool, AIModelEndpoint] | None = None
        self._known = EndpointFacts()
        self._checked: tuple[AIModelEndpoint, str, int, bool] | None = None

    @property
    def waits_for_file(self) -> bool:
        """Whether there is a file of learned constraints that has not been loaded."""
        return self._lessons.waits_for_file

    async def load_lessons(self, io: IO) -> None:
        """Load the file of learned constraints."""
        await io.call(self._lessons.load)

    def lessons(self) -> tuple[LearnedConstraint, ...]:
        """Return the constraints learned for this target."""
        return self._lessons.known(self._key, self._now()) if self._lessons.knows(self._key) else ()

    def write(self, call: Call, constraints: tuple[LearnedConstraint, ...] | None = None) -> EncodedRequest:
        """Encode the call, with the given constraints or all that are known."""
        is_foreign = self._check_endpoint(call)
        if continues_stored_history(call.config, call.endpoint.ai_model) and not self._target.quirks.results_by_name:
            check_result_ids(call)
        shows = call.operation == "chat" and has_media(call)
        concerned = self._asks or call.config.model_fields_set & CONSTRAINED or is_prefilled(call)
        facts = self._facts(call) if concerned or shows or is_foreign else None
        if is_foreign and facts is None:
            call = replace(call, endpoint=with_model_limits(call.endpoint, None, with_limit=True))
        try:
            if shows:
                encoded = self._encode_supported_media(call, facts)
            elif facts is not None:
                encoded = self._encode_constrained(call, facts)
            else:
                encoded = self._target.codec.encode(call, self._target.quirks)
        except UnsupportedError as error:
            add_target(error, call)
            raise
        except PydanticSerializationError as error:
            raise unserializable(self._target, error) from error
        if encoded.oversized:
            check_place(call, encoded.oversized, self._target)
        constraints = self.lessons() if constraints is None else constraints
        if constraints:
            encoded = apply_lessons(encoded, constraints, (call.endpoint.ai_model.parameters, call.config.options))
        if encoded.warnings and call.config.if_supported:
            encoded = without_default_warnings(encoded, call.config, self._target.quirks)
        return encoded

    def _check_endpoint(self, call: Call) -> bool:
        """Return whether the model's settings are those of another host; raise if its kind does not do the operation.

        Both depend on the endpoint and the tables of models only, so they are found once until one of them changes.
        """
        checked, changes = self._checked, host_facts.changes
        if checked is None or checked[0] is not call.endpoint or checked[1] != call.operation or checked[2] != changes:
            if call.operation in OF_OPERATION:
                check_kind(call.endpoint, call.operation)
            self._checked = checked = call.endpoint, call.operation, changes, is_elsewhere(call.endpoint)
        return checked[3]

    def _facts(self, call: Call) -> ModelFacts | None:
        return with_own_settings(call.endpoint, self._known.find(call.endpoint))

    def _encode_supported_media(self, call: Call, facts: ModelFacts | None) -> EncodedRequest:
        """Encode without media that the model does not support."""
        warnings = WarningCollector(call.endpoint.ai_model.model_name)
        only = self._target.provider.input_modalities
        left = drop_unsupported_media(call, facts, self._target.origin.protocol, warnings, only=only)
        encoded = self._encode(left, facts)
        lost = warnings.build_request("", {})
        if not lost.part_outcomes:
            return encoded
        part_outcomes = {**encoded.part_outcomes, **lost.part_outcomes}
        return replace(encoded, warnings=(*lost.warnings, *encoded.warnings), part_outcomes=part_outcomes)

    def _encode(self, call: Call, facts: ModelFacts | None) -> EncodedRequest:
        if facts is None:
            return self._target.codec.encode(call, self._target.quirks)
        return self._encode_constrained(call, facts)

    def _encode_constrained(self, call: Call, facts: ModelFacts) -> EncodedRequest:
        quirks = call.endpoint.api.config.get("quirks") or {}
        fitted, warnings = apply_constraints(call, facts, quirks.get("params") or {})
        endpoint = self._endpoint(fitted, facts)
        fitted = fitted if endpoint is fitted.endpoint else fitted.with_config(fitted.config, endpoint)
        encoded = self._target.codec.encode(fitted, self._target.quirks)
        return replace(encoded, warnings=(*warnings, *encoded.warnings)) if warnings else encoded

    def _endpoint(self, call: Call, facts: ModelFacts) -> AIModelEndpoint:
        """Return the endpoint with model limits; computed once and reused."""
        with_limit, last = call.config.max_output_tokens is not None, self._informed
        if last is None or last[0] is not call.endpoint or last[1] is not with_limit:
            last = call.endpoint, with_limit, with_model_limits(call.endpoint, facts, with_limit=with_limit)
            self._informed = last
        return last[2]


def add_target(error: UnsupportedError, call: Call) -> None:
    """Put the provider and the model before the message of an error, where they do not stand there yet."""
    message, provider, model = str(error), str(call.endpoint.api.provider), call.endpoint.ai_model.model_name
    if not message.startswith(provider) or model not in message:
        error.args = (f"{provider} ({model}): {message}",)


def check_place(call: Call, oversized: Sequence[Media], target: ResolvedTarget) -> None:
    """Raise `UnsupportedError` if these parts cannot be uploaded or uploading is disabled."""
    part, rules = oversized[0], call.config.uploading or Uploading()
    if not supports_files(target):
        why = "it has no files API"
    elif not rules.allowed:
        why = "uploading is disabled"
    elif not {id(one) for one in oversized} <= {id(one) for one in media_of(call)}:
        # Inputs of transcription or image edits are not message parts and cannot be replaced by a file id.
        why = f"automatic upload does not support {call.operation!r}"
    else:
        return
    raise UnsupportedError(
        f"{describe_media(part)} has {len(part.data or b'')} bytes, which is too large for a request to "
        f"{target.provider.name}, and {why}. Make it smaller, or upload it and pass its file id."
    )


def supports_files(target: ResolvedTarget) -> bool:
    return any(route.operation == "files" for route in target.provider.operations)
