"""HTTP/1.1 client: protocol, transports, connection pool, proxies and TLS."""
