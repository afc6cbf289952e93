"""Exit codes of commands, and how errors and notes are printed on stderr."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from collections.abc import Callable
from contextlib import suppress
from enum import IntEnum
from typing import TextIO

from ..exceptions import AIUtilitiesError, JsonParseError, ProviderAPIError
from .streams import OutputFailed, command_streams

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
    with command_streams():
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
        sys.stderr.write(wrap_text(f"ai-utilities: {' '.join(message.split())}", sys.stderr, indent=2) + "\n")


def print_note(message: str) -> None:
    """Prints a note on standard error, apart from the output."""
    with suppress(OutputFailed):
        sys.stderr.write(wrap_text(message, sys.stderr, indent=2) + "\n")
