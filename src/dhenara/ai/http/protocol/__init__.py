"""HTTP without sockets: messages, URLs, the HTTP/1.1 reader and writer, limits, and the Transport protocol."""
