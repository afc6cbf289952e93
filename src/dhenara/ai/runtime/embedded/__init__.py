"""A model in the process of the user: no server, no key, no network."""
