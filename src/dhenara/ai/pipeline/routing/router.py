"""The outermost layer of a client with a route: sends each call to the deployment that the decision names."""

from __future__ import annotations

from collections.abc import Mapping

from ...io.protocol import IO
from ...types.config.call import Call
from ...types.config.route_reports import RouteExplanation
from ...types.config.routes import ModelRoute
from ..streaming.stream import Stream
from ..timeouts import with_deadline
from ..tracing import Observer
from .board import HealthBoard, HealthStore
from .decision import decide, explain
from .route_context import PROCESS_RETRIES, DeploymentPipeline, RetryBudget, RouteContext, read_call
from .routed_call import RoutedCall


def make_board(route: ModelRoute, store: HealthStore | None = None) -> HealthBoard:
    """Return the board of a client, which all its routers share.

    Args:
        route: The route.
        store: Where other processes see the health; None for this client alone.
    """
    return HealthBoard(route, store)


class Router:
    """Sends the calls of one client along its route.

    Args:
        io: Clock, sleep, random numbers and threads.
        board: Health of the deployments.
        pipelines: What sends to each deployment, by its number in the route.
        observer: Called with each decision.
        retries: The retry budget.
    """

    def __init__(
        self,
        io: IO,
        board: HealthBoard,
        pipelines: Mapping[int, DeploymentPipeline],
        observer: Observer | None = None,
        retries: RetryBudget = PROCESS_RETRIES,
    ) -> None:
        self._context = RouteContext(io, board, pipelines, observer, retries)

    async def route_call(self, call: Call) -> Stream:
        """Send the call to the first deployment that can take it, and to others when that one fails."""
        return await RoutedCall(self._context, with_deadline(call, self._context.io)).send()

    async def explain_call(self, call: Call) -> RouteExplanation:
        """Return where the call would go now, without sending it."""
        io, board = self._context.io, self._context.board
        await board.refresh(io)
        facts, now = read_call(self._context, call), io.monotonic()
        decision = decide(board.route, board.standings, facts, now, io.random())
        return explain(board.route, board.standings, facts, decision, now)
