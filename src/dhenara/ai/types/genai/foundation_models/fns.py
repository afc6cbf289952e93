"""Search for a model constant by name."""

from __future__ import annotations

from collections.abc import Iterable

from ...config.model import AIModel
from .. import foundation_models


class FoundationModelFns:
    """Search functions for the model constants."""

    @staticmethod
    def get_foundation_model(model_name: str, all_models: Iterable[AIModel] | None = None) -> AIModel | None:
        """Return the model constant with this name.

        Args:
            model_name: Name of the model.
            all_models: Models to search. Default None: all constants.

        Returns:
            The model, or None if there is none with this name.
        """
        among = foundation_models.ALL_FOUNDATION_MODELS if all_models is None else all_models
        return next((model for model in among if model.model_name == model_name), None)
