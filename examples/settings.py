"""Which provider would be asked, with which model, and who said so. Asks nobody."""

from ai_utilities import ConfigurationResolver, ProviderConfigurationError

resolver = ConfigurationResolver()
print(resolver.explain())
try:
    print("\nready:", resolver.validate().provider)
except ProviderConfigurationError as missing:
    print(f"\n{missing}")
