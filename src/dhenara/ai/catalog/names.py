"""Names: one model goes by many, with regions, vendors, dates and versions around its own."""

from __future__ import annotations

import re
from functools import lru_cache

# What stands before or after the name itself, outermost first.
WRAPPINGS = (
    re.compile(r"^.*/(?=[^/]+$)"),  # paths: models/…, publishers/google/models/…, openai/…, an ARN's profile
    re.compile(r"^(us|eu|apac|global|jp|au|ca|us-gov|regional)\.(?=[a-z0-9-]+\.)"),
    re.compile(r"^(?:anthropic|amazon|meta|mistral|openai|cohere|deepseek|qwen|google|moonshotai|moonshot|zai|ai21)\."),
    re.compile(r":(?!\d+b)[a-z0-9_.-]+$"),  # routes and variants: :free, :fastest, :0
    re.compile(r"-v\d+$"),
    re.compile(r"@[a-z0-9-]+$"),
    re.compile(r"[-@](20\d\d-\d\d-\d\d|20\d{6}|latest|default)$"),
    re.compile(r"-\d{2}-\d{4}$"),
)
FINE_TUNED = re.compile(r"^ft:([^:]+):")


@lru_cache(1_024)
def names_of(name: str) -> tuple[str, ...]:
    """The name as it is, then with less and less around it; the last is the plainest."""
    result = [name.lower()]
    tuned = FINE_TUNED.match(result[0])
    if tuned:
        result.append(tuned[1])
    for wrapping in WRAPPINGS:
        plainer = wrapping.sub("", result[-1])
        if plainer and plainer != result[-1]:
            result.append(plainer)
    return tuple(result)
