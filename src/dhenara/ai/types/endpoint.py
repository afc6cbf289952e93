"""An endpoint: a model, reached through an API."""

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
    """The same model may stand behind several endpoints. `cost_data` overrides the model's own."""

    model_config = DISCREET

    api: AIModelAPI
    ai_model: AIModel
    cost_data: AnyCostData | None = None
    reference: str | None = None
