"""Holds a conversation with the program by a client library for Python:
conversation.py LIBRARY PROGRAM. The library starts the program, lists its tools, converts
their schemas for a model, and calls them as a model would. Where it shows forms, a person
fills them in."""

import asyncio
import json
import os
import sys
from contextlib import asynccontextmanager

ARGS = ["--stdio"]
ENV = {name: os.environ[name] for name in ("PATH", "HOME", "XDG_DATA_HOME") if name in os.environ}
TOOLS = {
    "sequential_questioning", "sequential_questioning_follow_up", "sequential_questioning_automatic",
    "sequential_questioning_report", "sequential_questioning_revise", "sequential_questioning_recall",
    "sequential_questioning_forget",
}
WANTED = {
    "context": "Book a trip",
    "user_id": "python",
    "information_needed": {
        "type": "object",
        "required": ["destination", "travellers", "pets"],
        "properties": {
            "destination": {"type": "string"},
            "travellers": {"type": "integer", "minimum": 1, "maximum": 9},
            "pets": {"type": "boolean", "title": "Pets come along"},
        },
    },
}
SAID = {"destination": "Lisbon", "travellers": 4, "pets": False}


def structured(result):
    """What a call returned, from structured content or from text."""
    for name in ("structuredContent", "structured_content"):
        content = getattr(result, name, None)
        if content:
            return content
    return result


def fill(schema):
    """A person's answers to a form."""
    if not isinstance(schema, dict):
        schema = schema.model_dump(by_alias=True, exclude_none=True)
    fields = schema["properties"]
    return {slot: shown(value, fields[slot]) for slot, value in SAID.items() if slot in fields}


def shown(value, field):
    """The option that a person picks for a value: a form shows yes and no as options."""
    if isinstance(value, bool) and "enum" in field:
        return field["enum"][0 if value else 1]
    return value


@asynccontextmanager
async def official(program):
    import mcp
    from mcp.types import ElicitResult

    async def person(context, params):
        return ElicitResult(action="accept", content=fill(params.requested_schema))

    server = mcp.StdioServerParameters(command=program, args=ARGS, env=ENV)
    async with mcp.Client(server, elicitation_callback=person) as client:
        tools = {tool.name: tool.input_schema for tool in (await client.list_tools()).tools}

        async def call(name, arguments):
            return structured(await client.call_tool(name, arguments))

        yield tools, call, True


@asynccontextmanager
async def fastmcp(program):
    from fastmcp import Client
    from fastmcp.client.elicitation import ElicitResult
    from fastmcp.client.transports import StdioTransport

    async def person(message, response_type, params, context):
        return ElicitResult(action="accept", content=fill(params.requested_schema))

    async with Client(StdioTransport(program, ARGS, env=ENV), elicitation_handler=person) as client:
        tools = {tool.name: tool.input_schema for tool in await client.list_tools()}

        async def call(name, arguments):
            return structured(await client.call_tool(name, arguments))

        yield tools, call, True


@asynccontextmanager
async def pydantic_ai(program):
    from fastmcp.client.transports import StdioTransport
    from pydantic_ai import RunContext, RunUsage
    from pydantic_ai.mcp import MCPToolset
    from pydantic_ai.models.test import TestModel

    async with MCPToolset(StdioTransport(program, ARGS, env=ENV)) as toolset:
        context = RunContext(deps=None, model=TestModel(), usage=RunUsage())
        listed = await toolset.get_tools(context)
        tools = {name: tool.tool_def.parameters_json_schema for name, tool in listed.items()}

        async def call(name, arguments):
            tool = listed[name]
            return structured(await toolset.call_tool(name, tool.args_validator.validate_python(arguments), context, tool))

        yield tools, call, False


@asynccontextmanager
async def openai_agents(program):
    from agents.mcp import MCPServerStdio, MCPUtil

    params = {"command": program, "args": ARGS, "env": ENV}
    async with MCPServerStdio(params, client_session_timeout_seconds=60) as server:
        listed = await server.list_tools()
        converted = [MCPUtil.to_function_tool(tool, server, convert_schemas_to_strict=True) for tool in listed]
        tools = {tool.name: tool.params_json_schema for tool in converted}

        async def call(name, arguments):
            return structured(await server.call_tool(name, arguments))

        yield tools, call, False


@asynccontextmanager
async def langchain(program):
    from langchain_mcp_adapters.client import MultiServerMCPClient
    from langchain_mcp_adapters.tools import load_mcp_tools

    client = MultiServerMCPClient({"sq": {"transport": "stdio", "command": program, "args": ARGS, "env": ENV}})
    async with client.session("sq") as session:
        listed = {tool.name: tool for tool in await load_mcp_tools(session)}
        tools = {name: tool.args_schema for name, tool in listed.items()}

        async def call(name, arguments):
            message = await listed[name].ainvoke({"type": "tool_call", "id": "1", "name": name, "args": arguments})
            return structured(message.artifact)["structured_content"]

        yield tools, call, False


LIBRARIES = {"mcp": official, "fastmcp": fastmcp, "pydantic-ai": pydantic_ai, "openai-agents": openai_agents, "langchain-mcp-adapters": langchain}


async def main(library, program):
    async with LIBRARIES[library](program) as (tools, call, forms):
        assert set(tools) == TOOLS, tools
        for name, schema in tools.items():
            assert schema["type"] == "object" and schema["properties"], (name, schema)
        turn = await call("sequential_questioning", WANTED)
        for _ in range(5):
            if turn["metadata"]["complete"]:
                break
            answers = [{"question_number": q["question_number"], "value": SAID[q["slot"]], "text": str(SAID[q["slot"]])} for q in turn["questions"]]
            turn = await call("sequential_questioning_follow_up", {"conversation_id": turn["conversation_id"], "user_id": "python", "answers": answers})
        assert turn["metadata"]["complete"], turn
        report = await call("sequential_questioning_report", {"conversation_id": turn["conversation_id"], "user_id": "python"})
        assert report["values"] == SAID, report
        if forms:
            asked = await call("sequential_questioning_automatic", WANTED | {"user_id": library})
            assert (asked["status"], asked["values"]) == ("complete", SAID), asked
        print(json.dumps({"library": library, "tools": len(tools), "forms": forms}))


asyncio.run(main(*sys.argv[1:]))
