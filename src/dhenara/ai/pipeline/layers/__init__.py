"""The engine's own middleware: deadline and retries, learned constraints, fallbacks and tracing."""
