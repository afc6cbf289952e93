"""How a command ends: its exit code, and words for what went wrong instead of a traceback."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from enum import IntEnum

from ..exceptions import AIUtilitiesError, JsonParseError, ProviderAPIError
from .wrapping import fitted


class Exit(IntEnum):
    """Documented, so that scripts may rest on it."""

    OK = 0
    FAILED = 1
    MISUSED = 2
    PARTLY = 3
    INTERRUPTED = 130


def guarded(work: Callable[[], int | None]) -> int:
    """Runs a command. Mistakes and failures of a provider become one line; anything else is a bug of ours."""
    try:
        return int(work() or Exit.OK)
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has had enough; nothing may be written at exit either.
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.OK
    except (ProviderAPIError, JsonParseError) as error:
        complain(str(error))
        return Exit.FAILED
    except (AIUtilitiesError, OSError) as error:
        complain(told(error))
        return Exit.MISUSED


def told(error: Exception) -> str:
    """What went wrong, in words; of the system's errors without their numbers."""
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        return f"{os.fsdecode(error.filename) if not isinstance(error.filename, int) else 'a file'}: {error.strerror}"
    return str(error)


def complain(message: str) -> None:
    sys.stdout.flush()
    sys.stderr.write(fitted(f"ai-utilities: {message}", sys.stderr, indent=2) + "\n")


def note(message: str) -> None:
    """Something worth knowing that is not part of the answer."""
    sys.stderr.write(fitted(message, sys.stderr, indent=2) + "\n")
