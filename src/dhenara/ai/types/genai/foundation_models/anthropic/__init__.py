"""Models of anthropic as constants."""
