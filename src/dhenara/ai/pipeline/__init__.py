"""The path of a call from the client to the HTTP request: middleware, retries, timeouts, streams and runs."""
