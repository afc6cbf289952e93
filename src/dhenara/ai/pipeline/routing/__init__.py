"""Routing: which deployment of a route a call goes to, their health, and the layer that applies it."""
