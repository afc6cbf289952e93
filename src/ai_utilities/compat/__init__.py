"""Names of ai-utilities 1.x that this version writes in another way. The old import paths find them here.

New programs need nothing of this package. It is loaded when an old name is used.
"""

from __future__ import annotations

from dhenara.ai.lazy_package import lazy_package

OLD_NAMES = "ai_utilities.compat.names"

__getattr__, __dir__ = lazy_package(__name__, {}, old_names=OLD_NAMES)
