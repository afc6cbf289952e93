"""Models of zai as constants."""
