"""Models as constants, by vendor."""
