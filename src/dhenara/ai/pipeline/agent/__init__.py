"""Runs: call the model, execute the requested tools, send their results, until there is a final response."""
