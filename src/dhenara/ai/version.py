"""The version of the distribution, from which package metadata, `__version__` and the changelog are made."""

__version__ = "2.0.0"
