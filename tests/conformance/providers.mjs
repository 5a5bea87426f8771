// Checks the tools that common adapters would send to model providers:
// node providers.mjs URL. Nothing is sent to a provider.
import assert from "node:assert/strict";
import { createGoogleGenerativeAI } from "@ai-sdk/google";
import { createMCPClient } from "@ai-sdk/mcp";
import { createOpenAI } from "@ai-sdk/openai";
import { mcpToTool } from "@google/genai";
import { ChatGoogleGenerativeAI } from "@langchain/google-genai";
import { loadMcpTools } from "@langchain/mcp-adapters";
import { mcpToFunctionTool } from "@openai/agents-core";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { newPerson, people } from "./conversation.mjs";

const [url] = process.argv.slice(2);
const { TOKEN } = process.env;
const headers = TOKEN ? { Authorization: `Bearer ${TOKEN}` } : {};
const client = new Client({ name: "providers", version: "1.0.0" });
await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }));
const { tools } = await client.listTools();

/** Says where a schema breaks a rule that Gemini or OpenAI refuses a request by; tooltest/lint.go has the sources. */
function refused(schema, { strict = false } = {}, path = "") {
  const at = (what) => `${path || "root"}: ${what}`;
  if (typeof schema !== "object" || schema === null) return [at(`is a bare ${schema}`)];
  const found = [];
  for (const keyword of ["$ref", "$defs", "oneOf", "allOf"]) if (keyword in schema) found.push(at(keyword));
  if (schema.anyOf) {
    // A strict conversion turns an optional property into the type or null.
    const branches = schema.anyOf.filter((branch) => branch.type !== "null");
    if (!strict || branches.length !== 1) return [...found, at("anyOf")];
    return [...found, ...refused(branches[0], { strict }, path)];
  }
  const types = [schema.type].flat().filter((type) => !(strict && type === "null"));
  if (types.length !== 1 || typeof types[0] !== "string") found.push(at(`type ${JSON.stringify(schema.type)}`));
  const properties = Object.entries(schema.properties ?? {});
  if (types[0]?.toLowerCase() === "object") {
    if (properties.length === 0) found.push(at("an object without properties"));
    for (const name of schema.required ?? []) if (!(name in (schema.properties ?? {}))) found.push(at(`requires ${name}`));
    if (strict && (schema.additionalProperties !== false || schema.required.length !== properties.length)) found.push(at("is not strict"));
  }
  if (types[0]?.toLowerCase() === "array" && !schema.items) found.push(at("an array without items"));
  if (schema.enum && types[0]?.toLowerCase() !== "string") found.push(at("an enum of no strings"));
  for (const [name, property] of properties) found.push(...refused(property, { strict }, `${path}.${name}`));
  if (schema.items) found.push(...refused(schema.items, { strict }, `${path}[]`));
  return found;
}

/** The body of the request that a model of the AI SDK would send. */
async function requestOf(make, list) {
  let body;
  const stop = new Error("nothing is sent");
  const model = make(async (_, init) => {
    body = JSON.parse(init.body);
    throw stop;
  });
  await model.doGenerate({ prompt: [{ role: "user", content: [{ type: "text", text: "x" }] }], tools: list }).catch(() => {});
  assert.ok(body, "a request was made");
  return body;
}

const functionTools = (list) => list.map(({ name, description, inputSchema }) => ({ type: "function", name, description, inputSchema }));

/** By converter, the schemas of arguments that a provider gets for MCP tools. */
const converters = {
  async "AI SDK to Gemini"(list) {
    const body = await requestOf((fetch) => createGoogleGenerativeAI({ apiKey: "none", fetch })("gemini-2.5-flash"), functionTools(list));
    return body.tools[0].functionDeclarations.map((f) => [f.name, f.parameters ?? f.parametersJsonSchema]);
  },
  async "AI SDK to OpenAI"(list) {
    const body = await requestOf((fetch) => createOpenAI({ apiKey: "none", fetch }).responses("gpt-5"), functionTools(list));
    return body.tools.map((f) => [f.name, f.parameters]);
  },
  async "OpenAI Agents, strict"(list) {
    return list.map((tool) => {
      const made = mcpToFunctionTool(tool, { name: "server" }, true);
      assert.equal(made.strict, true, `${tool.name} can be made strict`);
      return [made.name, made.parameters, { strict: true }];
    });
  },
  async "LangChain to Gemini"(list) {
    const loaded = await loadMcpTools("server", { listTools: async () => ({ tools: structuredClone(list) }) });
    const model = new ChatGoogleGenerativeAI({ apiKey: "none", model: "gemini-2.5-flash" });
    return model.invocationParams({ tools: loaded }).tools[0].functionDeclarations.map((f) => [f.name, f.parameters]);
  },
  async "Google GenAI"(list) {
    const { functionDeclarations } = await mcpToTool({ listTools: async () => ({ tools: list }) }).tool();
    return functionDeclarations.map((f) => [f.name, f.parametersJsonSchema]);
  },
};

for (const [name, convert] of Object.entries(converters)) {
  const converted = await convert(tools);
  assert.deepEqual(converted.map(([tool]) => tool), tools.map((tool) => tool.name), name);
  for (const [tool, schema, options] of converted) {
    assert.deepEqual(refused(schema, options), [], `${name}: ${tool}`);
    const declared = tools.find((one) => one.name === tool).inputSchema.properties;
    assert.deepEqual(Object.keys(schema.properties), Object.keys(declared), `${name}: ${tool} keeps its arguments`);
  }
}

// One check for what providers refuse, for every adapter.
const wrong = { type: "object", properties: { wanted: { type: ["object", "array"] }, list: { type: "array" }, free: { type: "object" } } };
for (const [name, convert] of Object.entries(converters)) {
  const sees = await convert([{ name: "wrong", description: "x", inputSchema: wrong }]).then(
    (converted) => converted.flatMap(([, schema, options]) => refused(schema, options)),
    (error) => [error.message],
  );
  assert.notDeepEqual(sees, [], `${name} is checked`);
}

// Tools as the AI SDK and LangChain show them to a model, called with arguments that match
// the shown schemas.
const context = "Book a trip";
const wanted = { slots: [{ key: "destination" }, { key: "travellers", type: "integer" }, { key: "extras", type: "choices", options: ["wifi", "meal"] }] };
const calls = {
  async "AI SDK"() {
    const mcp = await createMCPClient({ transport: { type: "http", url, headers } });
    const set = await mcp.tools();
    return {
      call: async (name, args) => (await set[name].execute(args, { messages: [], toolCallId: "1" })).structuredContent,
      close: () => mcp.close(),
    };
  },
  async LangChain() {
    const set = Object.fromEntries((await loadMcpTools("server", client)).map((tool) => [tool.name, tool]));
    return {
      call: async (name, args) => {
        const message = await set[name].invoke({ type: "tool_call", id: "1", name, args });
        return message.artifact.find((one) => one.type === "mcp_structured_content").data;
      },
      close() {},
    };
  },
};
for (const [name, open] of Object.entries(calls)) {
  const { call, close } = await open();
  const known = [{ slot: "destination", value: "Lisbon", text: "somewhere warm, say Lisbon" }];
  let turn = await call("sequential_questioning", { context, user_id: newPerson(), information_needed: wanted, known, batch_size: 3 });
  assert.deepEqual(turn.questions.map((q) => q.slot).sort(), ["extras", "travellers"], `${name}: what is known is not asked for`);
  const values = { travellers: "3", extras: '["wifi"]' };
  const user_id = people.at(-1);
  const answers = Object.entries(values).map(([slot, value]) => ({ slot, value, text: value }));
  turn = await call("sequential_questioning_follow_up", { conversation_id: turn.conversation_id, user_id, answers });
  assert.equal(turn.metadata.complete, true, name);
  const report = await call("sequential_questioning_report", { conversation_id: turn.conversation_id, user_id });
  assert.deepEqual(report.values, { destination: "Lisbon", travellers: 3, extras: ["wifi"] }, name);
  assert.equal(turn.metadata.warnings, undefined, `${name}: what is declared is not taken differently`);
  await close();
}

// A JSON Schema object is accepted as declaration of slots, also by LangChain, which
// validates arguments against the shown schema.
const { call } = await calls.LangChain();
const schema = { type: "object", properties: { title: { type: "string" } }, required: ["title"] };
assert.equal((await call("sequential_questioning", { context, user_id: newPerson(), information_needed: schema })).questions[0].slot, "title");
if (process.env.FORGET === "1") {
  for (const user_id of people) await client.callTool({ name: "sequential_questioning_forget", arguments: { user_id, everything: true } });
}
await client.close();
