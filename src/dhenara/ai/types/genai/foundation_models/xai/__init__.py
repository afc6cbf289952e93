"""Models of xai as constants."""
