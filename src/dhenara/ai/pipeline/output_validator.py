"""Validates structured output and asks the model to correct it."""

from __future__ import annotations

from typing import Any

from ..dataclass import dataclass
from ..errors import InvalidOutputError
from ..types.message import Message
from ..types.output import read_output
from ..types.response import ChatResponse

REPAIR = (
    "This is not the object that was asked for:\n{problem}\nAnswer again, with the corrected JSON and nothing else."
)


@dataclass(frozen=True, slots=True)
class OutputProblem:
    """Invalid output that the model may still correct."""

    problem: str

    def to_message(self) -> Message:
        """Return the message that asks for a correction."""
        return Message.model_validate({"role": "user", "text": REPAIR.format(problem=self.problem)})


@dataclass(slots=True)
class OutputValidator:
    """Validator of one run; `repairs` is the number of corrections left."""

    repairs: int

    def read(self, answer: ChatResponse) -> Any | OutputProblem:
        """Return the output or an `OutputProblem`; raise `InvalidOutputError` if no corrections are left."""
        try:
            return read_output(answer)
        except InvalidOutputError as error:
            if self.repairs == 0:
                raise
            self.repairs -= 1
            return OutputProblem(error.message)
