"""Models of deepseek as constants."""
