"""What is wrong with a sound before anybody is asked about it."""

from __future__ import annotations

from ..exceptions import AIUtilitiesError


class AudioProcessingError(AIUtilitiesError, ValueError):
    """The sound cannot be read, sent or converted."""
