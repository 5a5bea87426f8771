// Foreign MCP clients, made to look alike.
import { Client as Client1 } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as Transport1 } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { Client as Client2, StreamableHTTPClientTransport as Transport2 } from "@modelcontextprotocol/client";

const me = { name: "conformance", version: "1.0.0" };

const kinds = {
  "sdk-1": { revision: "2025-11-25", client: () => new Client1(me), Transport: Transport1 },
  "client-2-legacy": { revision: "2025-11-25", client: () => new Client2(me), Transport: Transport2 },
  "client-2": {
    revision: "2026-07-28",
    client: () => new Client2(me, { versionNegotiation: { mode: { pin: "2026-07-28" } } }),
    Transport: Transport2,
  },
};

/** Connects a client. wire notes what goes out, and can falsify what comes back from a tool. */
export async function connect(kind, url) {
  const { revision, client: make, Transport } = kinds[kind];
  const wire = { methods: [], revisions: new Set(), falsify: (body) => body };
  const fetch = async (target, init) => {
    const response = await globalThis.fetch(target, init);
    if (init.method !== "POST") return response;
    const { method } = JSON.parse(init.body);
    wire.methods.push(method);
    wire.revisions.add(new Headers(init.headers).get("mcp-protocol-version"));
    return method === "tools/call" ? new Response(wire.falsify(await response.text()), response) : response;
  };
  const client = make();
  const transport = new Transport(new URL(url), { fetch });
  await client.connect(transport);
  const { tools } = await client.listTools(); // from here on, results are held against their output schemas
  return {
    revision, wire, tools,
    negotiated: transport.protocolVersion,
    server: client.getServerVersion(),
    call: (name, args) => client.callTool({ name, arguments: args }),
    close: () => client.close(),
  };
}
