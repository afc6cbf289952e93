"""An MCP server without the package mcp, so that it starts at once; its first argument says how it behaves.

It answers one line of JSON with another, as servers on standard input and output do.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

KIND, *NAMES = sys.argv[1:]
EMPTY: dict[str, Any] = {"type": "object", "properties": {}}
BROKEN: dict[str, Any] = {"type": "object", "properties": {"a": {"$ref": "#/$defs/missing"}}}
NO_METHOD = {"code": -32601, "message": "Method not found"}


class Refused(Exception):
    """The request is answered with an error of JSON-RPC."""


def initialize(params: dict[str, Any]) -> dict[str, Any]:
    return {
        "protocolVersion": params["protocolVersion"],
        "capabilities": {"tools": {}},
        "serverInfo": {"name": "paged", "version": "1"},
    }


def list_tools(params: dict[str, Any]) -> dict[str, Any] | None:
    if KIND == "endless":
        return {"tools": [], "nextCursor": str(int(params.get("cursor") or 0) + 1)}
    if KIND == "circle":
        return {"tools": [], "nextCursor": "again"}
    if KIND == "silent":
        return None
    if KIND == "malformed":
        return {"tools": [{"name": "a"}]}
    schema = BROKEN if KIND == "broken" else EMPTY
    return {"tools": [{"name": name, "inputSchema": schema} for name in NAMES]}


def call_tool(params: dict[str, Any]) -> dict[str, Any]:
    if KIND == "refusing":
        raise Refused
    if KIND == "odd":
        return {"content": [{"type": "text"}]}
    if KIND == "torn":
        return {"content": [{"type": "image", "data": "not base64!", "mimeType": "image/png"}]}
    return {"content": [{"type": "text", "text": f"called {params['name']}"}]}


METHODS = {"initialize": initialize, "tools/list": list_tools, "tools/call": call_tool}


def respond(request: dict[str, Any]) -> None:
    method = METHODS.get(request["method"])
    try:
        outcome = {"result": method(request.get("params") or {})} if method else {"error": NO_METHOD}
    except Refused:
        outcome = {"error": {"code": -32603, "message": "the database is closed"}}
    if outcome.get("result", outcome) is None:
        return
    if f"latin {request['method']}" == KIND:
        sys.stdout.buffer.write(b'{"caf\xe9": 1}\n')
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", "id": request["id"], **outcome}) + "\n")
    sys.stdout.flush()


def main() -> None:
    for line in sys.stdin:
        request = json.loads(line)
        if KIND == "dying" and request["method"] == "tools/call":
            return
        if KIND != "deaf" and "id" in request:
            respond(request)


if __name__ == "__main__":
    if KIND == "stubborn":
        time.sleep(3600)
    main()
