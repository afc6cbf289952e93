"""The operations of both clients: their options, the calls that they become, and typed answers."""
