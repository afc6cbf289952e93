"""Models of alibaba as constants."""
