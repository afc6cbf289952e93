"""Responses built from deltas, converted back to deltas, and shown as chunks while they are streamed."""
