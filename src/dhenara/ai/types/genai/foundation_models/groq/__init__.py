"""Models of groq as constants."""
