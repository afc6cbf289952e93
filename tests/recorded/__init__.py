"""The recorded traffic in numbers: `make corpus`."""
