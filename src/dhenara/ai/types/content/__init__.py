"""Content parts: what messages and answers consist of."""
