"""The engine: one typed client for every LLM provider."""
