"""The conversation behind the prompt: what is said goes to a model, what begins with / changes how."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from pathlib import Path

from dhenara.ai.errors import UnsupportedError

from ..chat import Chat
from ..client import AiClient
from ..exceptions import AIUtilitiesError, ProviderConfigurationError
from .exit_codes import describe_error, print_error
from .results import format_cost, show_warnings
from .saved_chats import read_saved_chat
from .terminal_escape import show

HELP = """/model NAME      go on with another model       /provider NAME  go on with another provider
/system TEXT     other instructions              /file PATH      send a file with the next message
/undo            take the last turn back         /new            begin again
/plan            what would be lost on the way to the model that is asked next
/save PATH       keep the conversation           /load PATH      go on with a kept one
/usage           what it has used and cost       /exit           end (or Ctrl-D)
A line that ends with \\ goes on in the next one. Ctrl-C stops an answer."""


class Repl:
    """Runs until the lines are over."""

    def __init__(self, client: AiClient, system: str | None = None) -> None:
        self._client = client
        self._chat: Chat = client.chat(system=system or ())
        self._files: list[str] = []

    def run(self, lines: Iterable[str]) -> None:
        for line in lines:
            if not line.strip():
                continue
            try:
                if line.startswith("/"):
                    reply = self.command(line)
                    if reply is None:
                        return
                    show(reply)
                else:
                    self.send(line)
            except (AIUtilitiesError, OSError) as error:
                print_error(describe_error(error))

    def send(self, text: str) -> None:
        """Ctrl-C ends the answer and not the program; what was said of it stays on the screen."""
        pieces = self._chat.ask_stream(text, files=tuple(self._files)) if self._files else self._chat.ask_stream(text)
        try:
            for piece in pieces:
                show(piece, end=False)
        except KeyboardInterrupt:
            pieces.close()
            show(" [stopped; /undo takes this turn back]")
            return
        show()
        self._files = []
        show_warnings(pieces.result)

    def current_model(self) -> str:
        """Whom this conversation is with."""
        text = self._chat.options
        provider = text.get("provider") or self._client.provider.provider_name
        model = text.get("model") or ("provider" not in text and getattr(self._client.provider, "model", None))
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
            "model": self.model,
            "provider": self.provider,
            "system": self.set_system,
            "plan": self.plan,
            "file": self.attach,
            "undo": lambda _: self.undo(),
            "new": lambda _: self.start_over(),
            "save": self.save,
            "load": self.load,
            "usage": lambda _: self.usage(),
        }

    def model(self, name: str) -> str:
        self._chat.switch(model=missing_argument("model", name))
        return f"from now on: model {name}"

    def provider(self, name: str) -> str:
        """A model belongs to its provider, so it does not come along."""
        self._chat.switch(provider=missing_argument("provider", name))
        return f"from now on: provider {name}"

    def set_system(self, text: str) -> str:
        self._chat.instructions = (missing_argument("system", text),)
        return f"from now on: system {text}"

    def attach(self, path: str) -> str:
        if not Path(path).expanduser().is_file():
            raise ProviderConfigurationError(f"there is no file {path!r}")
        self._files.append(str(Path(path).expanduser()))
        return f"{path} goes with your next message"

    def undo(self) -> str:
        if not self._chat.turns:
            return "nothing has been said yet"
        self._chat.undo()
        return "the last turn is taken back"

    def start_over(self) -> str:
        self._chat = self._chat.branch(0)
        return "a new conversation"

    def plan(self, text: str) -> str:
        """What would be lost on the way to whoever is asked next."""
        try:
            plan = self._chat.plan(text or "...")
        except UnsupportedError as refused:
            return str(refused)
        lost = [f"\n  {part.kind} {part.fate.replace('_', ' ')}: {part.reason}" for part in plan.stays_home]
        return f"{plan.provider} {plan.model} would hear {len(plan.parts) - len(lost)} of {len(plan.parts)} parts" + (
            "".join(lost)
        )

    def save(self, path: str) -> str:
        place = Path(path or "conversation.json").expanduser()
        self._chat.save(place)
        return f"{place} keeps {format_turns(self._chat)}"

    def load(self, path: str) -> str:
        match = read_saved_chat(Path(missing_argument("load", path)).expanduser())
        text = {**self._chat.options, "system": tuple(match.instructions) or self._chat.instructions}
        self._chat = Chat(self._client, text, match.turns)
        return f"{format_turns(self._chat)} from {path}"

    def usage(self) -> str:
        known = [turn.cost.amount for turn in self._chat.turns if turn.cost is not None]
        amounts = [amount for amount in known if amount is not None]
        unknown = len(self._chat.turns) - len(amounts)
        spent = format_cost(sum(amounts, start=Decimal(0)) if amounts else None)
        more = f" and {unknown} answers of unknown cost" if amounts and unknown else ""
        return f"{self._chat.total_tokens} tokens in {len(self._chat.turns)} answers, {spent}{more}"


def missing_argument(name: str, argument: str) -> str:
    if not argument:
        raise ProviderConfigurationError(f"/{name} needs a word more")
    return argument


def format_turns(chat: Chat) -> str:
    many = len(chat.turns)
    return f"{many} turn{'' if many == 1 else 's'}"
