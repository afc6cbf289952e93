"""Connections of sync code, asyncio and trio: name lookup, sockets, TLS."""
