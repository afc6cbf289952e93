"""IO: how the pipeline reaches the network, clock, threads and tasks, in sync and async code."""
