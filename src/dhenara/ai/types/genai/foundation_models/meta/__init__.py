"""Models of meta as constants."""
