// Third-party MCP clients behind one interface. TOKEN is their bearer token.
import assert from "node:assert/strict";
import { Client as Client1 } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport as Stdio1 } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport as Transport1 } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { ElicitRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import { Client as Client2, StreamableHTTPClientTransport as Transport2 } from "@modelcontextprotocol/client";
import { StdioClientTransport as Stdio2 } from "@modelcontextprotocol/client/stdio";

const me = { name: "conformance", version: "1.0.0" };
const pinned = { versionNegotiation: { mode: { pin: "2026-07-28" } } };

const kinds = {
  "sdk-1": { revision: "2025-11-25", make: (options) => new Client1(me, options), Transport: Transport1, Stdio: Stdio1, form: ElicitRequestSchema, within: (options) => [undefined, options] },
  "client-2-legacy": { revision: "2025-11-25", make: (options) => new Client2(me, options), Transport: Transport2, Stdio: Stdio2, form: "elicitation/create", within: (options) => [options] },
  "client-2": { revision: "2026-07-28", make: (options) => new Client2(me, { ...options, ...pinned }), Transport: Transport2, Stdio: Stdio2, form: "elicitation/create", within: (options) => [options] },
};

const { TOKEN } = process.env;

/** Starts the program of stdio:PATH?VARIABLE=value, and notes what the client sends to it. */
function piped(Stdio, url, wire) {
  const { pathname, searchParams } = new URL(url);
  const transport = new Stdio({ command: pathname, args: ["--stdio"], env: Object.fromEntries(searchParams), stderr: "inherit" });
  const send = transport.send.bind(transport);
  transport.send = (message, ...rest) => {
    wire.methods.push(message.method);
    wire.revisions.add(message.params?._meta?.["io.modelcontextprotocol/protocolVersion"] ?? transport.protocolVersion);
    return send(message, ...rest);
  };
  transport.setProtocolVersion = (revision) => { transport.protocolVersion = revision; };
  return transport;
}

/**
 * Connects a client to a URL, or to a program at its standard input and output. A person, if there is one, answers the forms that it is
 * shown. wire notes what goes out, and can falsify what comes back from a tool.
 */
export async function connect(kind, url, person) {
  assert.ok(kind in kinds, `there is no client "${kind}", but ${Object.keys(kinds).join(", ")}`);
  const { revision, make, Transport, Stdio, form, within } = kinds[kind];
  const wire = { methods: [], revisions: new Set(), falsify: undefined };
  const fetch = async (target, init) => {
    const response = await globalThis.fetch(target, init);
    if (init.method !== "POST") return response;
    const { method } = JSON.parse(init.body);
    wire.methods.push(method);
    wire.revisions.add(new Headers(init.headers).get("mcp-protocol-version"));
    return method === "tools/call" && wire.falsify ? new Response(wire.falsify(await response.text()), response) : response;
  };
  const client = make(person ? { capabilities: { elicitation: { form: {} } } } : {});
  if (person) client.setRequestHandler(form, (request) => person(request.params));
  const requestInit = TOKEN ? { headers: { Authorization: `Bearer ${TOKEN}` } } : {};
  const transport = url.startsWith("stdio:") ? piped(Stdio, url, wire) : new Transport(new URL(url), { fetch, requestInit });
  await client.connect(transport);
  const { tools } = await client.listTools(); // from here on, results are held against their output schemas
  return {
    revision, wire, tools, piped: url.startsWith("stdio:"),
    negotiated: transport.protocolVersion,
    server: client.getServerVersion(),
    resources: () => client.listResources(),
    read: (uri) => client.readResource({ uri }),
    prompts: () => client.listPrompts(),
    prompt: (name, args) => client.getPrompt({ name, arguments: args }),
    complete: (ref, argument) => client.complete({ ref, argument }),
    call: (name, args, options) => client.callTool({ name, arguments: args }, ...within(options)),
    close: async () => {
      const spoken = [...wire.revisions].filter(Boolean); // initialize names none
      assert.deepEqual(spoken, [revision]);
      await client.close();
    },
  };
}
