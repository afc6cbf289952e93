"""The kit on top of the engine."""
