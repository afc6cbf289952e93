"""Settings for downloads of files that a provider cannot fetch itself."""

from pydantic import Field

from .model_base import FrozenModel


class Fetching(FrozenModel):
    """Rules for downloading files on behalf of a provider. Every redirect is checked with the same rules.

    Attributes:
        allowed: Whether files may be downloaded. Default True.
        private: Whether addresses outside the public internet are allowed: this machine, its networks, cloud metadata.
            Default False.
        max_bytes: Maximum size of a file in bytes. Default 50,000,000.
        max_redirects: Maximum number of redirects. Default 5.
        timeout: Timeout for each file in seconds. Default 60.
    """

    allowed: bool = True
    private: bool = False
    max_bytes: int = Field(default=50_000_000, gt=0)
    max_redirects: int = Field(default=5, ge=0)
    timeout: float = Field(default=60.0, gt=0)
