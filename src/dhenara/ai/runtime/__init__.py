"""The two worlds, blocking and async: the only sockets, sleeps and threads."""
