"""Bytes and frames: HTTP values, JSON, server-sent events, NDJSON, AWS event streams. Pure."""
