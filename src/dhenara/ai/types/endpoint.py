"""An endpoint: a model together with the API it is called through."""

from typing import TYPE_CHECKING

from .api import AIModelAPI
from .lazy_type import later
from .model import AIModel
from .model_base import DISCREET, FrozenModel

if TYPE_CHECKING:
    from .cost_data import AnyCostData
else:
    AnyCostData = later("cost_data", "AnyCostData")


class AIModelEndpoint(FrozenModel):
    """A model and the API it is called through. One model may have several endpoints.

    Attributes:
        api: Access to the provider.
        ai_model: The model.
        cost_data: Prices that replace those of the model.
        reference: Reference name of the endpoint, for your own use.
    """

    model_config = DISCREET

    api: AIModelAPI
    ai_model: AIModel
    cost_data: AnyCostData | None = None
    reference: str | None = None
