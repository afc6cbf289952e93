"""The conversation behind the prompt: what is said goes to a model, what begins with / changes how."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from pathlib import Path

from dhenara.ai.errors import UnsupportedError

from ..chat import Chat
from ..client import AiClient
from ..exceptions import AIUtilitiesError, ProviderConfigurationError
from .kept import read_kept
from .outcome import complain, told
from .results import money, show_warnings
from .screen import show

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
                    self.say(line)
            except (AIUtilitiesError, OSError) as error:
                complain(told(error))

    def say(self, text: str) -> None:
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

    def who(self) -> str:
        """Whom this conversation is with."""
        said = self._chat.options
        provider = said.get("provider") or self._client.provider.provider_name
        model = said.get("model") or ("provider" not in said and getattr(self._client.provider, "model", None))
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
            "system": self.system,
            "plan": self.plan,
            "file": self.attach,
            "undo": lambda _: self.undo(),
            "new": lambda _: self.begin(),
            "save": self.save,
            "load": self.load,
            "usage": lambda _: self.usage(),
        }

    def model(self, name: str) -> str:
        self._chat.switch(model=needed("model", name))
        return f"from now on: model {name}"

    def provider(self, name: str) -> str:
        """A model belongs to its provider, so it does not come along."""
        self._chat.switch(provider=needed("provider", name))
        return f"from now on: provider {name}"

    def system(self, text: str) -> str:
        self._chat.instructions = (needed("system", text),)
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

    def begin(self) -> str:
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
        return f"{place} keeps {turns(self._chat)}"

    def load(self, path: str) -> str:
        found = read_kept(Path(needed("load", path)).expanduser())
        said = {**self._chat.options, "system": tuple(found.instructions) or self._chat.instructions}
        self._chat = Chat(self._client, said, found.turns)
        return f"{turns(self._chat)} from {path}"

    def usage(self) -> str:
        known = [turn.cost.amount for turn in self._chat.turns if turn.cost is not None]
        amounts = [amount for amount in known if amount is not None]
        unknown = len(self._chat.turns) - len(amounts)
        spent = money(sum(amounts, start=Decimal(0)) if amounts else None)
        more = f" and {unknown} answers of unknown cost" if amounts and unknown else ""
        return f"{self._chat.total_tokens} tokens in {len(self._chat.turns)} answers, {spent}{more}"


def needed(name: str, argument: str) -> str:
    if not argument:
        raise ProviderConfigurationError(f"/{name} needs a word more")
    return argument


def turns(chat: Chat) -> str:
    many = len(chat.turns)
    return f"{many} turn{'' if many == 1 else 's'}"
