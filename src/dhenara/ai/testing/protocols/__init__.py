"""Protocols of the fake provider: their responses, streams and errors, and the requests they reject."""
