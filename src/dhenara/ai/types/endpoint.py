"""An endpoint: a model together with the API it is called through."""

from .api import AIModelAPI
from .cost_data import AnyCostData
from .model import AIModel
from .model_base import DISCREET, FrozenModel


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
