"""IO for sync code, asyncio and trio: sockets, TLS, timers and threads."""
