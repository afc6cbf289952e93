"""The judge: whether the last answer is the object that was asked for, and what the model is told if it is not."""

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
    """What is wrong with an object that may still be corrected."""

    problem: str

    def to_message(self) -> Message:
        """The request to correct it."""
        return Message.model_validate({"role": "user", "text": REPAIR.format(problem=self.problem)})


@dataclass(slots=True)
class OutputValidator:
    """Works for one run. `repairs` is how often the model may still correct itself."""

    repairs: int

    def read(self, answer: ChatResponse) -> Any | OutputProblem:
        """The object. Raises InvalidOutputError where it is none, and can no longer become one."""
        try:
            return read_output(answer)
        except InvalidOutputError as error:
            if self.repairs == 0:
                raise
            self.repairs -= 1
            return OutputProblem(error.message)
