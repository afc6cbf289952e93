"""Bedrock's own description of its API: what is asked of it is what it describes."""

from __future__ import annotations

import json

import pytest
from botocore.serialize import create_serializer
from botocore.session import Session
from botocore.validate import ParamValidator

from dhenara.ai import AIModelClient
from dhenara.ai.testing import FakeServer, Raw, SampleOperations
from dhenara.ai.types import ToolDefinition
from support.worlds import endpoint

LOOK = ToolDefinition(name="look", parameters={"type": "object", "properties": {}})
RANKED = Raw(json.dumps({"results": [{"index": 0, "relevanceScore": 0.5}]}).encode())


@pytest.mark.parametrize(
    ("service", "operation", "model"),
    [
        ("bedrock-agent-runtime", "Rerank", "cohere.rerank-v3-5:0"),
        ("bedrock-runtime", "CountTokens", "anthropic.claude-sonnet-4-20250514-v1:0"),
    ],
)
def test_requests_follow_the_service_model_of_amazon(
    service: str, operation: str, model: str, server: FakeServer
) -> None:
    server.add_replies(RANKED if operation == "Rerank" else SampleOperations())
    with AIModelClient(endpoint(server.url, "amazon_bedrock", model, region="us-east-1")) as client:
        if operation == "Rerank":
            client.rerank("red", ["a", "b"], top_n=1)
        else:
            client.count_tokens("How many?", instructions="Be brief.", tools=[LOOK], reasoning_effort="low")
    described = Session().get_service_model(service).operation_model(operation)
    requested = server.exchanges[0]
    provided = {**requested.json, **({"modelId": model} if operation == "CountTokens" else {})}
    assert ParamValidator().validate(provided, described.input_shape).generate_report() == ""
    written = create_serializer(described.metadata["protocol"]).serialize_to_request(provided, described)
    assert (requested.method, requested.path) == (written["method"], written["url_path"])
    assert requested.json == json.loads(written["body"])
