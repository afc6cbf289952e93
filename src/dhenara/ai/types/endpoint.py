"""An endpoint: a model, reached through an API."""

from .api import AIModelAPI
from .base import DISCREET, Value
from .model import AIModel, AudioModelCostData, ChatModelCostData, ImageModelCostData


class AIModelEndpoint(Value):
    """The same model may stand behind several endpoints. `cost_data` overrides the model's own."""

    model_config = DISCREET

    api: AIModelAPI
    ai_model: AIModel
    cost_data: ChatModelCostData | ImageModelCostData | AudioModelCostData | None = None
    reference: str | None = None
