"""Models of minimax as constants."""
