"""Writes the API reference in `docs/reference/` from docstrings, annotations and declared limits."""
