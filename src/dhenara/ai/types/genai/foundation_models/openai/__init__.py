"""Models of openai as constants."""
