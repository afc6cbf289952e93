"""`ai-utilities chat`: a conversation at the terminal, which can be saved and continued."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import typer

from dhenara.ai import mcp as mcp_servers
from dhenara.ai.conversation import SavedConversation, Turn, read_saved
from dhenara.ai.errors import OutputExistsError, UnsupportedError
from dhenara.ai.types import ChatResponse, ChatResponseChoice, Message, Tool, ToolCallContent

from ...chat import Chat
from ...client import AiClient
from ...exceptions import AIUtilitiesError, ProviderConfigurationError
from ...operations.ask_options import AskOptions
from ..clients import client_for
from ..inputs import EnvFileFlag, ModelFlag, ProviderFlag, SystemFlag, TagFlag, read_lines
from ..output import describe_error, format_cost, print_error, show_warnings
from ..streams import require_output, show

LoadFlag = Annotated[Path | None, typer.Option("--load", metavar="FILE", help="Continue a saved conversation.")]

McpFlag = Annotated[
    Path | None,
    typer.Option(
        "--mcp",
        metavar="FILE",
        help="File of MCP servers whose tools the model may call; asks before calls that may change something.",
    ),
]


def register_chat(app: typer.Typer) -> None:
    app.command("chat")(chat)


def chat(
    provider: ProviderFlag = None,
    model: ModelFlag = None,
    system: SystemFlag = None,
    load: LoadFlag = None,
    mcp: McpFlag = None,
    tag: TagFlag = None,
    env_file: EnvFileFlag = None,
) -> None:
    """Start an interactive chat.

    /help lists the commands; Ctrl-C stops an answer, Ctrl-D ends the chat.
    """
    require_output()
    with client_for(provider, model, env_file, tag) as client, open_servers(mcp) as tools:
        repl = Repl(client, system, tools)
        if load is not None:
            show(repl.load(str(load)))
        if sys.stdin.isatty():
            show(f"{repl.current_model()}. /help lists the commands; Ctrl-D ends.")
        repl.run(read_lines())


@contextmanager
def open_servers(path: Path | None) -> Iterator[list[Tool]]:
    """The tools of all servers of a file; the servers end with the block."""
    with ExitStack() as inside:
        servers = {} if path is None else mcp_servers.load_mcp_servers(path, needs_approval="changes")
        yield [tool for server in servers.values() for tool in inside.enter_context(server).tools()]


def read_saved_chat(path: Path) -> SavedConversation:
    stored = path.read_bytes()
    try:
        document = json.loads(stored)
        if isinstance(document, dict) and "messages" in document:
            return SavedConversation(
                turns=turns_of([Message.model_validate(message) for message in document["messages"]])
            )
        return read_saved(stored)
    except (ValueError, TypeError, ProviderConfigurationError) as error:
        raise ProviderConfigurationError(f"{path} is not a saved conversation: {error}") from error


def turns_of(messages: Sequence[Message]) -> list[Turn]:
    """One turn per answer. The older format has no usage and cost."""
    turns: list[Turn] = []
    prompt: list[Message] = []
    for message in messages:
        if message.role != "assistant":
            prompt.append(message)
            continue
        answer = ChatResponse(choices=[ChatResponseChoice(contents=message.contents)])
        turns.append(Turn(prompt=prompt, answer=answer))
        prompt = []
    return turns


HELP = """/model NAME      switch the model               /provider NAME  switch the provider
/system TEXT     set the system instructions     /file PATH      attach a file to the next message
/undo            remove the last turn            /new            start a new conversation
/plan            show what would not be sent to the current model
/save PATH       save the conversation           /load PATH      load a saved one
/save! PATH      save it, and replace any other file
/usage           show tokens and cost            /exit           end (or Ctrl-D)
A line that ends with \\ continues on the next one. Ctrl-C stops an answer."""


class Repl:
    """Reads lines and runs commands until the input ends."""

    def __init__(self, client: AiClient, system: str | None = None, tools: Sequence[Tool] = ()) -> None:
        self._client = client
        options: AskOptions = {"system": system or ()}
        if tools:
            options |= {"tools": tools, "approve": self.approve}
        self._chat: Chat = client.chat(**options)
        self._files: list[str] = []
        self._lines: Iterator[str] = iter(())

    def run(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        for line in self._lines:
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
        """Sends a message. Ctrl-C stops the answer, not the program; the text received so far stays on the screen."""
        pieces = self._chat.ask_stream(text, files=tuple(self._files)) if self._files else self._chat.ask_stream(text)
        try:
            for piece in pieces:
                show(piece, end=False)
        except KeyboardInterrupt:
            pieces.close()
            show(" [stopped; /undo removes this turn]")
            return
        show()
        self._files = []
        show_warnings(pieces.result)

    def approve(self, call: ToolCallContent) -> bool:
        """Asks before a call of a tool; the next line is the answer."""
        show(f"Call {call.name} with {json.dumps(call.arguments)}? Type y to allow it.")
        return next(self._lines, "").strip().lower() in ("y", "yes")

    def current_model(self) -> str:
        """Provider and model of this conversation."""
        provider, model = self._client._operations.current_model(self._chat.options)
        return f"{provider} {model}" if model else provider

    def command(self, line: str) -> str | None:
        """Runs a command and returns its output; None ends the chat."""
        name, _, argument = line[1:].partition(" ")
        if name in ("exit", "quit", "q"):
            return None
        known = self.commands()
        if name not in known:
            raise ProviderConfigurationError(f"unknown command /{name}. /help lists the commands.")
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
            "save!": lambda path: self.save(path, overwrite=True),
            "load": self.load,
            "usage": lambda _: self.usage(),
        }

    def model(self, name: str) -> str:
        self._chat.switch(model=missing_argument("model", name))
        return f"model: {name}"

    def provider(self, name: str) -> str:
        """Switches the provider; the model is not kept, as it belongs to the old provider."""
        self._chat.switch(provider=missing_argument("provider", name))
        return f"provider: {name}"

    def set_system(self, text: str) -> str:
        self._chat.instructions = (missing_argument("system", text),)
        return f"system: {text}"

    def attach(self, path: str) -> str:
        if not Path(path).expanduser().is_file():
            raise ProviderConfigurationError(f"file not found: {path!r}")
        self._files.append(str(Path(path).expanduser()))
        return f"{path} is attached to the next message"

    def undo(self) -> str:
        if not self._chat.turns:
            return "there is no turn to remove"
        self._chat.undo()
        return "removed the last turn"

    def start_over(self) -> str:
        self._chat = self._chat.branch(0)
        return "started a new conversation"

    def plan(self, text: str) -> str:
        """What would not be sent to the current model."""
        try:
            plan = self._chat.plan(text or "...")
        except UnsupportedError as refused:
            return str(refused)
        lost = [f"\n  {part.kind} {part.outcome.replace('_', ' ')}: {part.reason}" for part in plan.omitted]
        return (
            f"{plan.provider} {plan.model} would receive {len(plan.parts) - len(lost)} of {len(plan.parts)} parts"
            + ("".join(lost))
        )

    def save(self, path: str, *, overwrite: bool = False) -> str:
        place = Path(path or "conversation.json").expanduser()
        try:
            self._chat.save(place, overwrite=overwrite)
        except OutputExistsError:
            raise ProviderConfigurationError(
                f"{place} exists and is not this conversation. Type /save! {place} to replace it."
            ) from None
        return f"saved {format_turns(self._chat)} to {place}"

    def load(self, path: str) -> str:
        saved = read_saved_chat(Path(missing_argument("load", path)).expanduser())
        options = {**self._chat.options, "system": tuple(saved.instructions) or self._chat.instructions}
        self._chat = Chat(self._client, options, saved.turns)
        self._chat.remember_file(Path(path).expanduser())
        return f"loaded {format_turns(self._chat)} from {path}"

    def usage(self) -> str:
        amounts = [turn.cost.amount for turn in self._chat.turns if turn.cost.amount is not None]
        unknown = len(self._chat.turns) - len(amounts)
        spent = format_cost(sum(amounts, start=Decimal(0)) if amounts else None)
        more = f" and {unknown} answers of unknown cost" if amounts and unknown else ""
        tokens = self._chat.total_tokens if self._chat.usage.known else "unknown"
        return f"{tokens} tokens in {len(self._chat.turns)} answers, {spent}{more}"


def missing_argument(name: str, argument: str) -> str:
    if not argument:
        raise ProviderConfigurationError(f"/{name} needs an argument.")
    return argument


def format_turns(chat: Chat) -> str:
    many = len(chat.turns)
    return f"{many} turn{'' if many == 1 else 's'}"
