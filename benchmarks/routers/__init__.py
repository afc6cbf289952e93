"""Routers in the same simulated outages; see `benchmarks/README.md`."""
