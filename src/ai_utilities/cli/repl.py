"""The conversation behind the prompt: what is said goes to a model, what begins with / changes how."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import typer

from dhenara.ai.types import Message

from ..chat import Chat
from ..client import AiClient
from ..exceptions import AIUtilitiesError, ProviderConfigurationError
from ..results import AskResult
from .outcome import complain
from .results import money, show_warnings

HELP = """/model NAME      go on with another model       /provider NAME  go on with another provider
/system TEXT     other instructions              /file PATH      send a file with the next message
/undo            take the last turn back         /new            begin again
/save PATH       keep the conversation           /load PATH      go on with a kept one
/usage           what it has used and cost       /exit           end (or Ctrl-D)
A line that ends with \\ goes on in the next one. Ctrl-C stops an answer."""
FORMAT = 1


class Repl:
    """Runs until the lines are over."""

    def __init__(self, client: AiClient, system: str | None = None) -> None:
        self._client = client
        self._chat: Chat = client.chat()
        self._said: dict[str, object] = {"system": system} if system else {}
        self._files: list[str] = []

    def run(self, lines: Iterable[str]) -> None:
        for line in lines:
            if not line.strip():
                continue
            try:
                if line.startswith("/"):
                    told = self.command(line)
                    if told is None:
                        return
                    typer.echo(told)
                else:
                    self.say(line)
            except (AIUtilitiesError, OSError) as error:
                complain(str(error))

    def say(self, text: str) -> None:
        """Ctrl-C ends the answer and not the program; what was said of it stays on the screen."""
        options: dict[str, object] = {**self._said, **({"files": tuple(self._files)} if self._files else {})}
        pieces = self._chat.ask_stream(text, **options)  # type: ignore[arg-type]  # names that /commands set
        try:
            for piece in pieces:
                typer.echo(piece, nl=False)
                sys.stdout.flush()
        except KeyboardInterrupt:
            pieces.close()
            typer.echo(" [stopped; this turn is not remembered]")
            return
        typer.echo()
        self._files = []
        show_warnings(pieces.result)

    def who(self) -> str:
        """Whom this conversation is with."""
        provider = self._said.get("provider") or self._client.provider.provider_name
        model = self._said.get("model") or getattr(self._client.provider, "model", None)
        return f"{provider} {model}" if model else str(provider)

    def command(self, line: str) -> str | None:
        """What to tell the user; None ends the conversation."""
        name, _, argument = line[1:].partition(" ")
        if name in ("exit", "quit", "q"):
            return None
        known = self.commands()
        if name not in known:
            raise ProviderConfigurationError(f"there is no /{name}; /help lists what there is")
        return known[name](argument.strip())

    def commands(self) -> dict[str, Callable[[str], str]]:
        return {
            "help": lambda _: HELP,
            "model": lambda model: self.change("model", model),
            "provider": self.move,
            "system": lambda text: self.change("system", text),
            "file": self.attach,
            "undo": lambda _: self.undo(),
            "new": lambda _: self.begin(),
            "save": self.save,
            "load": self.load,
            "usage": lambda _: self.usage(),
        }

    def change(self, name: str, value: str) -> str:
        if not value:
            raise ProviderConfigurationError(f"/{name} needs a word more")
        self._said[name] = value
        return f"from now on: {name} {value}"

    def move(self, provider: str) -> str:
        """A model belongs to its provider, so it does not come along."""
        told = self.change("provider", provider)
        self._said.pop("model", None)
        return told

    def attach(self, path: str) -> str:
        if not Path(path).expanduser().is_file():
            raise ProviderConfigurationError(f"there is no file {path!r}")
        self._files.append(str(Path(path).expanduser()))
        return f"{path} goes with your next message"

    def undo(self) -> str:
        if not self._chat.messages:
            return "nothing has been said yet"
        self._chat.undo()
        return "the last turn is taken back"

    def begin(self) -> str:
        self._chat = self._client.chat()
        return "a new conversation"

    def save(self, path: str) -> str:
        kept = {"format": FORMAT, "messages": [message.model_dump(mode="json") for message in self._chat.messages]}
        place = Path(path or "conversation.json").expanduser()
        place.write_text(json.dumps(kept, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        return f"{len(self._chat.messages)} messages are in {place}"

    def load(self, path: str) -> str:
        try:
            kept = json.loads(Path(path).expanduser().read_text(encoding="utf-8"))
            messages = [Message.model_validate(message) for message in kept["messages"]]
        except (ValueError, KeyError, TypeError) as error:
            raise ProviderConfigurationError(f"{path} is not a conversation that /save kept: {error}") from error
        self._chat = self._client.chat()
        self._chat.messages = messages
        return f"{len(messages)} messages from {path}"

    def usage(self) -> str:
        results: list[AskResult] = self._chat.results
        known = [result.cost for result in results if result.cost is not None]
        unknown = len(results) - len(known)
        spent = money(sum(known, start=type(known[0])(0)) if known else None)
        more = f" and {unknown} answers of unknown cost" if known and unknown else ""
        return f"{self._chat.total_tokens} tokens in {len(results)} answers, {spent}{more}"
