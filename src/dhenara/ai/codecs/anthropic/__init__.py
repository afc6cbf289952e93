"""Anthropic Messages: Claude, wherever it is served."""
