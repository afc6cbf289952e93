"""Models of google as constants."""
