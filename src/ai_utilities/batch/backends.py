"""Where a bulk run happens: in this process, through the provider's batches, or on a cluster."""

from __future__ import annotations

from ..exceptions import ProviderConfigurationError
from .provider_options import OnProvider
from .ray_options import OnRay

Where = str | OnRay | OnProvider
HERE = "here"


def parse_backend(on: Where) -> OnRay | OnProvider | None:
    """None where this process asks by itself."""
    if isinstance(on, OnRay | OnProvider):
        return on
    match on:
        case "here":
            return None
        case "ray":
            return OnRay()
        case "provider":
            return OnProvider()
    raise ProviderConfigurationError(f"a bulk run is on 'provider', on 'here' or on 'ray', not on {on!r}")
