"""Models of cerebras as constants."""
