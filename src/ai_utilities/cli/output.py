"""Output of the command line: tables, notes, wrapped text, and messages in the words of the command line."""

from __future__ import annotations

import logging
import os
import re
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from decimal import Decimal
from enum import IntEnum
from itertools import zip_longest
from typing import Protocol, TextIO

from dhenara.ai.types import CallWarning, ImageResponse, OperationResponse

from ..exceptions import AIUtilitiesError, JsonObject, JsonParseError, ProviderAPIError
from ..results import AskResult
from ..usage.amounts import format_units
from .streams import OutputFailed, command_streams

Replacement = str | Callable[[re.Match[str]], str]


def as_variable(match: re.Match[str]) -> str:
    """The `config` of an `AIModelAPI` as the variable that holds it as JSON."""
    written = match["config"].replace("'", '"')
    return f"set AI_PROVIDER_CONFIG='{written}'"


CONFIG = r"pass config=(?P<config>\{[^}]*\})(?: to AIModelAPI)?"
PHRASES: tuple[tuple[str, Replacement], ...] = (
    # Keys, addresses, models
    (r"^fallbacks, (?=')", "AI_FALLBACKS, "),
    (r",? or pass api_key='?\.\.\.'?(?: or credentials=\.\.\.)?(?: to AIModelAPI)?", ""),
    (r" or api_key=\.\.\.", ""),
    (r"Pass api_key=\.\.\. to AIModelAPI", "Set AI_API_KEY"),
    (r",? or pass base_url='[^']*'", ""),
    (r"with base_url=\.\.\.", "with AI_BASE_URL"),
    (r", or register_provider\([^)]*\) to add a provider", ""),
    (r"list_providers\(\) lists all names", "`ai-utilities providers` lists all names"),
    (r"list_models\(\) lists them", "`ai-utilities models` lists them"),
    (r"--model or model='?\.\.\.'?", "--model NAME"),
    (r"\bmodel='?\.\.\.'?", "--model NAME"),
    (r"\bprovider='?\.\.\.'?", "--provider NAME"),
    # What platforms need
    (r"pass credentials=\{[^}]*\} or \{[^}]*\} to AIModelAPI, ", ""),
    (
        r"pass credentials=\{'access_key_id'[^}]*\} and config=\{[^}]*\} to AIModelAPI",
        "set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION",
    ),
    (r",? or pass credentials=\{'token': a_function\}", ""),
    (r" For another source of tokens pass credentials=\{'token': a_function\}\.", ""),
    (r"pass config=\{'headers': \{\.\.\.\}\} instead", "use AI_EXTRA_HEADERS"),
    (CONFIG, as_variable),
    (r"Set routes=\{\.\.\.\}, or AI_ROUTES_FILE", "Set AI_ROUTES_FILE"),
    (r"Pass url=\.\.\.", "Pass --url"),
    # How calls are made
    (r",? or raise Timeouts\(\w+=\.\.\.\)", ""),
    (r"; raise Timeouts\(\w+=\.\.\.\)", ""),
    (r"\b(Raise|raise) `timeout`", r"\1 --timeout"),
    (r"raise `retries`", "raise AI_MAX_RETRIES"),
    (r"\b(Raise|Lower|Set|raise|lower|set) max_output_tokens( \(max_tokens in the kit\))?", r"\1 --max-tokens"),
    (r"With strict=False this is a warning on the response", "With AI_STRICT=0 this is a warning"),
    (r"; with strict=True this is an error", ""),
    (r"Set options=\{'num_ctx': \.\.\.\} to a larger value, or send less", "Send less"),
    (r"Pass transport='(\w+)' to the client", r"Set AI_TRANSPORT=\1"),
    (r"\btransport='(\w+)'", r"AI_TRANSPORT=\1"),
    (r"pass verify='ca\.pem' to the client or set SSL_CERT_FILE", "set AI_VERIFY=ca.pem or SSL_CERT_FILE"),
    (r"pass cert='client\.pem'", "set AI_CERT=client.pem"),
    (r"limit_wait_s \(wait of LimitLayer\)", "AI_LIMIT_WAIT_S"),
    (
        r"AiSettings\(cache_enabled=True\), AI_CACHE_ENABLED=1, or AiClient\(cache=\.\.\.\)",
        "pass --cache or set AI_CACHE_ENABLED=1",
    ),
    # Files
    (r"Pass overwrite=True to replace it", "Pass --force to replace it"),
    (r"pass it in files=\[\.\.\.\]", "pass it with --file"),
    (r"config\.fetching = Fetching\([^)]*\), or pass the bytes", "Download the file, and pass it with --file"),
    (r"Raise Fetching\(max_bytes=\.\.\.\)", "Download the file, and pass it with --file"),
    (r"Pass mime_type=\.\.\., such as mime_type='[^']*'", "Give the file the extension of its type, such as .pdf"),
    (r" If this one supports it, declare it: AIModel\(\.\.\., settings=.*\)\.", ""),
    (r"Pass a larger most_bytes=\.\.\.", "Pass a smaller file"),
    (r"Pass a larger timeout=\.\.\.", "Pass a shorter recording"),
)
"""Each phrase with parameters, and what is said instead; the first ones are applied first."""

COMPILED = tuple((re.compile(phrase), instead) for phrase, instead in PHRASES)


def for_command_line(message: str) -> str:
    """The message with flags and variables where it names parameters."""
    for phrase, instead in COMPILED:
        message = phrase.sub(instead, message)
    return message


NARROWEST = 40


def wrap_text(text: str, stream: TextIO, indent: int = 0) -> str:
    """Each line wrapped to the width of the terminal, with the following lines indented."""
    if not stream.isatty():
        return text
    width = max(NARROWEST, shutil.get_terminal_size().columns)
    return "\n".join(
        textwrap.fill(
            line,
            width,
            subsequent_indent=" " * indent,
            drop_whitespace=True,
            replace_whitespace=False,
            break_long_words=False,
            break_on_hyphens=False,
        )
        for line in text.splitlines()
    )


TRACEBACK = "AI_UTILITIES_TRACEBACK"
"""Set this variable to 1 to get the traceback of an unexpected error."""


class Exit(IntEnum):
    """The documented exit codes."""

    OK = 0
    FAILED = 1
    MISUSED = 2
    PARTLY = 3
    INTERRUPTED = 130


def run_guarded(work: Callable[[], int | None]) -> int:
    """Runs a command; errors become one line on standard error and an exit code."""
    with command_streams(), logged_notes():
        try:
            code = int(outcome(work))
            sys.stdout.flush()
        except BrokenPipeError:
            # The reader of the output has closed the pipe; the interpreter must not write to it at exit either.
            discard_output(sys.stdout)
            return Exit.OK
        except OutputFailed as error:
            discard_output(sys.stdout)
            print_error(describe_error(error))
            return Exit.MISUSED
        return code


class NoteHandler(logging.Handler):
    """Writes what the library logs, such as misspelt variables, as notes of one line."""

    def emit(self, record: logging.LogRecord) -> None:
        print_note(f"warning: {for_command_line(record.getMessage())}")


@contextmanager
def logged_notes() -> Iterator[None]:
    """Shows warnings of the library's log while a command runs."""
    log, handler = logging.getLogger("ai_utilities"), NoteHandler(logging.WARNING)
    log.addHandler(handler)
    try:
        yield
    finally:
        log.removeHandler(handler)


def outcome(work: Callable[[], int | None]) -> int:
    try:
        return int(work() or Exit.OK)
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except (BrokenPipeError, OutputFailed):
        raise
    except (ProviderAPIError, JsonParseError) as error:
        print_error(str(error))
        return Exit.FAILED
    except (AIUtilitiesError, OSError) as error:
        print_error(describe_error(error))
        return Exit.MISUSED
    except Exception as error:
        if os.environ.get(TRACEBACK):
            raise
        print_error(f"{type(error).__name__}: {error}. This is a bug; set {TRACEBACK}=1 to see the traceback")
        return Exit.FAILED


def discard_output(stream: TextIO) -> None:
    """Discards buffered output, so that the interpreter does not fail at exit."""
    with suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def describe_error(error: Exception) -> str:
    """The message of an error; for operating system errors the path and reason without the number."""
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        return f"{os.fsdecode(error.filename) if not isinstance(error.filename, int) else 'a file'}: {error.strerror}"
    return str(error)


def print_error(message: str) -> None:
    """Prints one line on standard error."""
    with suppress(OSError):
        sys.stdout.flush()
    with suppress(OutputFailed):
        line = " ".join(for_command_line(message).split())
        sys.stderr.write(wrap_text(f"ai-utilities: {line}", sys.stderr, indent=2) + "\n")


def print_note(message: str) -> None:
    """Prints a note on standard error, apart from the output."""
    with suppress(OutputFailed):
        sys.stderr.write(wrap_text(message, sys.stderr, indent=2) + "\n")


def to_json(result: AskResult) -> JsonObject:
    """The result as JSON."""
    usage, counts = result.usage, ("prompt_tokens", "completion_tokens", "total_tokens")
    return {
        "text": result.text,
        "provider": result.provider,
        "model": result.model,
        "finish_reason": result.finish_reason,
        "usage": {name: getattr(usage, name) if usage.known else None for name in counts},
        "cost": None if result.cost.amount is None else str(result.cost.amount),
        "cached": result.cached,
        "duration_s": result.duration_s,
        "warnings": [warning.message for warning in result.warnings],
    }


class HasWarnings(Protocol):
    """An answer or another result with warnings."""

    @property
    def warnings(self) -> Sequence[CallWarning]: ...


def show_warnings(result: HasWarnings) -> None:
    for warning in result.warnings:
        print_note(f"warning: {for_command_line(warning.message)}")


def show_usage(result: AskResult) -> None:
    """Prints provider, model, tokens and other units, cost and duration in one line."""
    usage, counts = result.usage, "tokens unknown"
    if usage.known:
        counts = ", ".join([f"{usage.prompt_tokens} + {usage.completion_tokens} tokens", *format_units(usage.units)])
    took = f", {result.duration_s:.1f} s" if result.duration_s is not None else ""
    print_note(
        f"[{result.provider} {result.model}: {counts}, "
        f"{format_cost(result.cost.amount)}{took}{', cached' if result.cached else ''}]"
    )


def show_operation_usage(result: OperationResponse | ImageResponse) -> None:
    """Prints provider, model, units, tokens and cost of an operation other than chat in one line."""
    usage, counts = result.usage, []
    if usage.known:
        tokens = [f"{usage.prompt_tokens} + {usage.completion_tokens} tokens"] if usage.total_tokens else []
        counts = [*format_units(usage.units), *tokens]
    used = ", ".join(counts) or "usage unknown"
    model = " ".join(filter(None, (result.provider, result.model)))
    print_note(f"[{model}: {used}, {format_cost(result.cost.amount)}]")


def format_cost(cost: Decimal | None) -> str:
    """The cost in dollars; `cost unknown` for None."""
    if cost is None:
        return "cost unknown"
    return f"${cost:.2f}" if cost >= 1 else f"${cost.normalize():f}"


GAP = 2
"""Spaces between two columns."""

MIN_WIDTH = 8
"""Minimum width of text columns."""


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table: numbers right-aligned, text left-aligned, a dash for empty cells. Long text is wrapped on a terminal."""
    cells = [[cell_text(cell) for cell in row] for row in rows]
    columns = [[name, *(row[place] for row in cells)] for place, name in enumerate(head)]
    widths = fit_widths([max(map(len, column)) for column in columns], columns, terminal_width())
    filled = [align_column(column, width) for column, width in zip(columns, widths, strict=True)]
    lines = [line for row in zip(*filled, strict=True) for line in layout_row(row, widths)]
    heads = len(layout_row([column[0] for column in filled], widths))
    return "\n".join([*lines[:heads], (" " * GAP).join("-" * width for width in widths), *lines[heads:]])


def terminal_width() -> int | None:
    """The width of the terminal; None if output is not a terminal."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def fit_widths(widths: Sequence[int], columns: Sequence[Sequence[str]], most: int | None) -> list[int]:
    """Narrows the widest text columns until the table fits, or none can be narrowed further."""
    fitted = list(widths)
    minimum = [MIN_WIDTH if not any(map(is_number, column[1:])) else len_of_words(column) for column in columns]
    while most is not None and sum(fitted) + GAP * (len(fitted) - 1) > most:
        spare = [width - least for width, least in zip(fitted, minimum, strict=True)]
        if max(spare) <= 0:
            break
        fitted[max((width, place) for place, width in enumerate(fitted) if spare[place] > 0)[1]] -= 1
    return fitted


def len_of_words(column: Sequence[str]) -> int:
    """The minimum width of a number column: numbers are not wrapped, the heading may be."""
    return max(len(word) for word in [*column[0].split(), *column[1:]])


def layout_row(row: Sequence[Sequence[str]], widths: Sequence[int]) -> list[str]:
    """One row, with as many lines as its tallest cell."""
    padded = [[*cell] for cell in row]
    lines = zip_longest(*padded, fillvalue="")
    return [
        (" " * GAP).join(part.ljust(width) for part, width in zip(line, widths, strict=True)).rstrip() for line in lines
    ]


def cell_text(cell: object) -> str:
    return "-" if cell is None or cell == "" else str(cell)


def align_column(column: Sequence[str], width: int) -> list[list[str]]:
    """The cells wrapped to this width; the heading of a number column is right-aligned too."""
    numbers = [is_number(cell) for cell in column]
    whole = any(numbers[1:]) and all(n or cell == "-" for n, cell in zip(numbers[1:], column[1:], strict=True))
    return [
        [line.rjust(width) if whole or number else line for line in textwrap.wrap(cell, width) or [""]]
        for cell, number in zip(column, numbers, strict=True)
    ]


def is_number(cell: str) -> bool:
    return cell.strip("<$+%kMG").replace(",", "").replace(".", "").isdigit()
