"""A Ray cluster of two processors, and a Redis server that its workers share."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from typing import Any

import pytest

from stores.conftest import redis_url as redis_url, running_redis as running_redis


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    ray = pytest.importorskip("ray")
    patch = pytest.MonkeyPatch()
    # What the workers import of these tests is in the same folder.
    patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
    patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    patch.setenv("RAY_AUTH_MODE", "disabled")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ray.init(address="local", num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    yield ray
    ray.shutdown()
    patch.undo()
