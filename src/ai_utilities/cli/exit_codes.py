"""How a command ends: its exit code, and words for what went wrong instead of a traceback."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from enum import IntEnum
from typing import TextIO

from ..exceptions import AIUtilitiesError, JsonParseError, ProviderAPIError
from .streams import OutputFailed, command_streams
from .wrapping import wrap_text

TRACEBACK = "AI_UTILITIES_TRACEBACK"
"""The variable by which whoever looks for a mistake of ours gets its traceback."""


class Exit(IntEnum):
    """Documented, so that scripts may rest on it."""

    OK = 0
    FAILED = 1
    MISUSED = 2
    PARTLY = 3
    INTERRUPTED = 130


def run_guarded(work: Callable[[], int | None]) -> int:
    """Runs a command. Mistakes and failures of a provider become one line; anything else is a bug of ours."""
    with command_streams():
        try:
            code = int(outcome(work))
            sys.stdout.flush()
        except BrokenPipeError:
            # Whoever read our output has had enough; nothing may be written at exit either.
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
        print_error(
            f"{type(error).__name__}: {error}. This is a mistake of ours; {TRACEBACK}=1 shows where it happened"
        )
        return Exit.FAILED


def discard_output(stream: TextIO) -> None:
    """Sends what is still in the buffers nowhere, so that the interpreter does not fail at its end."""
    with suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def describe_error(error: Exception) -> str:
    """What went wrong, in words; of the system's errors without their numbers."""
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        return f"{os.fsdecode(error.filename) if not isinstance(error.filename, int) else 'a file'}: {error.strerror}"
    return str(error)


def print_error(message: str) -> None:
    """One line on standard error."""
    with suppress(OSError):
        sys.stdout.flush()
    with suppress(OutputFailed):
        sys.stderr.write(wrap_text(f"ai-utilities: {' '.join(message.split())}", sys.stderr, indent=2) + "\n")


def print_note(message: str) -> None:
    """Something worth knowing that is not part of the answer."""
    with suppress(OutputFailed):
        sys.stderr.write(wrap_text(message, sys.stderr, indent=2) + "\n")
