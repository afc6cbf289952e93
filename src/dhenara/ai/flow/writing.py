"""Writing: a call as it is really sent, after the facts about its model and the lessons learned there."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..catalog.touched import TOUCHED
from ..codecs.base import Outgoing
from ..codecs.begun import is_begun
from ..codecs.packing import shows_media
from ..dataclass import replace
from ..providers.target import Target
from ..types.call import Call
from ..types.endpoint import AIModelEndpoint
from .lessons import EVERYBODYS, Lessons, key_of

if TYPE_CHECKING:
    from ..catalog.facts import ModelFacts
    from ..catalog.lessons import Lesson
    from ..wire.io import IO


class Writer:
    """Provider, facts, lessons, user: each is heard before the next, so the last has the last word."""

    def __init__(self, target: Target, now: Callable[[], float], lessons: Lessons = EVERYBODYS) -> None:
        self._target = target
        self._now = now
        self._lessons = lessons
        self._key = key_of(target)
        # Sealed thinking is asked for of models that are known to think, so such protocols always want to know.
        self._asks = bool(getattr(target.quirks, "encrypted_reasoning", False))
        self._informed: tuple[AIModelEndpoint, bool, AIModelEndpoint] | None = None

    async def load_lessons(self, io: IO) -> None:
        """Reads the file of lessons, once, where there is one."""
        if self._lessons.waits_for_file:
            await io.call(self._lessons.load)

    def lessons(self) -> tuple[Lesson, ...]:
        """What is known of this target now."""
        return self._lessons.known(self._key, self._now())

    def write(self, call: Call, lessons: tuple[Lesson, ...] | None = None) -> Outgoing:
        """The request, after these lessons or all that are known."""
        shows = call.operation == "chat" and shows_media(call)
        concerned = self._asks or call.config.model_fields_set & TOUCHED or is_begun(call)
        facts = self._facts(call) if concerned or shows else None
        outgoing = self._sensed(call, facts) if shows else self._encoded(call, facts)
        if outgoing.oversized:
            from .uploading import check_place

            check_place(call, outgoing.oversized, self._target)
        lessons = self.lessons() if lessons is None else lessons
        if not lessons:
            return outgoing
        from ..catalog.lessons import heed

        return heed(outgoing, lessons, (call.endpoint.ai_model.parameters, call.config.options))

    def _facts(self, call: Call) -> ModelFacts | None:
        from ..catalog.facts import find_facts

        return find_facts(call.endpoint)

    def _sensed(self, call: Call, facts: ModelFacts | None) -> Outgoing:
        """Written without what the model can neither see nor hear."""
        from ..catalog.senses import sensed
        from ..codecs.warnings import Warnings

        warnings = Warnings(call.endpoint.ai_model.model_name)
        only = self._target.provider.input_modalities
        left = sensed(call, facts, self._target.origin.protocol, warnings, only=only)
        outgoing = self._encoded(left, facts)
        lost = warnings.outgoing("", {})
        if not lost.fates:
            return outgoing
        fates = {**outgoing.fates, **lost.fates}
        return replace(outgoing, warnings=(*lost.warnings, *outgoing.warnings), fates=fates)

    def _encoded(self, call: Call, facts: ModelFacts | None) -> Outgoing:
        return self._fitted(call, facts) if facts else self._target.codec.encode(call, self._target.quirks)

    def _fitted(self, call: Call, facts: ModelFacts) -> Outgoing:
        from ..catalog.fit import fit

        quirks = call.endpoint.api.config.get("quirks") or {}
        fitted, warnings = fit(call, facts, quirks.get("params") or {})
        fitted = replace(fitted, endpoint=self._endpoint(fitted, facts))
        outgoing = self._target.codec.encode(fitted, self._target.quirks)
        return replace(outgoing, warnings=(*warnings, *outgoing.warnings)) if warnings else outgoing

    def _endpoint(self, call: Call, facts: ModelFacts) -> AIModelEndpoint:
        """The same endpoint is looked at once, not at every call."""
        with_limit, last = call.config.max_output_tokens is not None, self._informed
        if last is None or last[0] is not call.endpoint or last[1] is not with_limit:
            from ..catalog.fit import informed

            last = call.endpoint, with_limit, informed(call.endpoint, facts, with_limit=with_limit)
            self._informed = last
        return last[2]
