"""Models of amazon as constants."""
