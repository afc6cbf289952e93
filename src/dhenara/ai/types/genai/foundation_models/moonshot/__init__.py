"""Models of moonshot as constants."""
