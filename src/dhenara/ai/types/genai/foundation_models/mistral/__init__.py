"""Models of mistral as constants."""
