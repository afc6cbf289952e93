"""Models, access to providers, and the configuration of a call."""
