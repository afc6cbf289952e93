"""An MCP server without the package mcp that misbehaves; its first argument says how.

Its second argument is a file; each start, call and cancellation is a line of it.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

KIND, LOG = sys.argv[1], Path(sys.argv[2])
TOOL = {"name": "work", "inputSchema": {"type": "object"}}
OUTPUT = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}


def note(text: str) -> int:
    """Append a line; return how often this line is in the file now."""
    with LOG.open("a") as file:
        file.write(text + "\n")
    return LOG.read_text().splitlines().count(text)


def send(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
    sys.stdout.flush()


def text(value: str) -> dict[str, Any]:
    return {"content": [{"type": "text", "text": value}]}


def initialize(request: dict[str, Any]) -> None:
    if KIND == "noisy":
        sys.stdout.write('Loading...\n{"level": "info", "id": 1}\n\n' + "x" * 100_000 + "\n")
    version = request["params"]["protocolVersion"]
    capabilities = {"tools": {"listChanged": True}}
    send(
        {
            "id": request["id"],
            "result": {
                "protocolVersion": version,
                "capabilities": capabilities,
                "serverInfo": {"name": "f", "version": "1"},
            },
        }
    )


def list_tools(request: dict[str, Any]) -> None:
    if KIND == "silent":
        note("list")
        return
    if KIND == "many":
        tools = [{"name": f"work{n}", "description": "d" * 100, "inputSchema": {"type": "object"}} for n in range(5000)]
    else:
        tools = [{**TOOL, "outputSchema": OUTPUT} if KIND == "wrong_output" else TOOL]
    send({"id": request["id"], "result": {"tools": tools}})


def call_tool(request: dict[str, Any]) -> None:
    times = note("call")
    match KIND:
        case "huge" if times == 1:
            send({"id": request["id"], "result": text("x" * 50_000_000)})
        case "endless" if times == 1:
            sys.stdout.write(f'{{"jsonrpc": "2.0", "id": {request["id"]}, "result": "')
            for _ in range(1_000):
                sys.stdout.write("x" * 50_000)
            sys.stdout.write('"}\n')
            sys.stdout.flush()
        case "invalid" if times == 1:
            sys.stdout.write(f'{{"jsonrpc": "2.0", "id": {request["id"]}, "result": {{oops}}\n')
            sys.stdout.flush()
        case "hanging" if times == 1:
            return
        case "dying" if times == 1:
            os._exit(7)
        case "always_dying":
            os._exit(7)
        case "retiring":
            send({"id": request["id"], "result": text("done")})
            os._exit(0)
        case "changing":
            send({"method": "notifications/tools/list_changed"})
            send({"method": "notifications/message", "params": {"level": "info", "data": {"a": 1}}})
            send({"method": "notifications/progress", "params": {"progressToken": 1, "progress": 0.5}})
            send({"id": request["id"], "result": text("done")})
        case _:
            send({"id": request["id"], "result": text("done")})


METHODS = {"initialize": initialize, "tools/list": list_tools, "tools/call": call_tool}


def main() -> None:
    note(f"start {os.getpid()}")
    if KIND == "not_starting":
        sys.exit(3)
    for line in sys.stdin:
        request = json.loads(line)
        if request["method"] == "notifications/cancelled":
            note("cancelled")
        elif request["method"] in METHODS:
            METHODS[request["method"]](request)
        elif "id" in request:
            send({"id": request["id"], "error": {"code": -32601, "message": "Method not found"}})


if __name__ == "__main__":
    main()
