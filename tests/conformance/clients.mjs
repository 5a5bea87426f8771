// Foreign MCP clients, opened alike.
import * as v1 from "@modelcontextprotocol/sdk/client/index.js";
import * as v1http from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import * as v2 from "@modelcontextprotocol/client";

const identity = { name: "conformance", version: "1.0.0" };

// Each client by the revision that it is to negotiate.
const kinds = {
  "sdk-1": { revision: "2025-11-25", make: () => new v1.Client(identity), Transport: v1http.StreamableHTTPClientTransport },
  "client-2-legacy": { revision: "2025-11-25", make: () => new v2.Client(identity), Transport: v2.StreamableHTTPClientTransport },
  "client-2": {
    revision: "2026-07-28",
    make: () => new v2.Client(identity, { versionNegotiation: { mode: "auto" } }),
    Transport: v2.StreamableHTTPClientTransport,
  },
};

// open connects a client and lists the tools, from where on it validates
// results against their output schemas.
export async function open(kind, url) {
  const { revision, make, Transport } = kinds[kind];
  const wire = { methods: [], spoil: (body) => body };
  const fetch = async (target, init) => {
    const response = await globalThis.fetch(target, init);
    if (init?.method !== "POST" || !response.ok || !response.body) return response;
    const { method } = JSON.parse(init.body);
    wire.methods.push(method);
    if (method !== "tools/call") return response;
    return new Response(wire.spoil(await response.text()), response);
  };
  const client = make();
  const transport = new Transport(new URL(url), { fetch });
  await client.connect(transport);
  const { tools } = await client.listTools();
  const call = (name, args) => client.callTool({ name, arguments: args });
  return {
    kind, revision, wire, tools, client,
    negotiated: client.getNegotiatedProtocolVersion?.() ?? transport.protocolVersion,
    call,
    // turn makes a call that has to succeed and returns what it says.
    async turn(name, args) {
      const result = await call(name, args);
      if (result.isError) throw new Error(`${name}: ${result.content[0].text}`);
      return result.structuredContent;
    },
    close: () => client.close(),
  };
}
