"""Questions of the setup wizard at a terminal."""

from __future__ import annotations

import questionary

from ..setup.steps import Answer, Choose, Confirm, Hide, Notice, Question, Write
from .streams import show

MANY = 12
"""Longer lists are searched by typing."""


class TerminalPrompter:
    """Asks the user. Ctrl-C ends the wizard; nothing is written."""

    def ask(self, question: Question) -> Answer:
        answer = ask_question(question)
        if answer is None:
            raise KeyboardInterrupt
        return answer

    def show(self, notice: Notice) -> None:
        show(notice.text)


def ask_question(question: Question) -> Answer | None:
    """Asks one question; None after Ctrl-C."""
    match question:
        case Confirm(text=text, default=agreed):
            answer: bool | None = questionary.confirm(text, default=agreed).ask()
            return answer
        case Hide(text=text):
            return read(questionary.password(text))
        case Write(text=text, default=default):
            return read(questionary.text(text, default=default or ""))
        case Choose():
            return choose_option(question)


def choose_option(question: Choose) -> str | None:
    """A list to select from; with free input, a line with completion."""
    values = [option.value for option in question.options]
    if question.free:
        hint = " (Tab shows all)" if len(values) > 1 else ""
        prompt = questionary.autocomplete(
            f"{question.text}{hint}", choices=values, default=question.default or "", match_middle=True
        )
        return read(prompt)
    choices = [
        questionary.Choice(f"{option.value}  {option.note}".rstrip(), value=option.value) for option in question.options
    ]
    default = next((choice for choice in choices if choice.value == question.default), None)
    return read(
        questionary.select(
            question.text,
            choices=choices,
            default=default,
            use_search_filter=len(choices) > MANY,
            use_jk_keys=len(choices) <= MANY,
        )
    )


def read(prompt: questionary.Question) -> str | None:
    """The text that the user enters; None after Ctrl-C."""
    answer = prompt.ask()
    return None if answer is None else str(answer)
