"""Print which provider and model the settings choose, and where each value comes from. Nothing is sent.

Run it: python examples/settings.py
"""

from ai_utilities import ConfigurationResolver, ProviderConfigurationError

resolver = ConfigurationResolver()
print(resolver.explain())
try:
    print("\nready:", resolver.validate().provider)
except ProviderConfigurationError as missing:
    print(f"\n{missing}")
