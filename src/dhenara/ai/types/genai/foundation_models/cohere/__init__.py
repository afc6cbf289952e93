"""Models of cohere as constants."""
