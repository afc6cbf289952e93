"""Response and error formats of each provider protocol."""
