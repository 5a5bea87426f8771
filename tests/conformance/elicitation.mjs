// Conversations in which the server asks the person itself:
// node elicitation.mjs PROMISE CLIENT URL [TIMES]
import assert from "node:assert/strict";
import { Client as Client1 } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as Transport1 } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { ElicitRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import { Client as Client2, StreamableHTTPClientTransport as Transport2 } from "@modelcontextprotocol/client";
import { trip } from "./conversation.mjs";

const tool = "sequential_questioning_automatic";
const me = { name: "conformance", version: "1.0.0" };
const forms = { capabilities: { elicitation: { form: {} } } };

const kinds = {
  "sdk-1": {
    make: (options) => new Client1(me, options),
    Transport: Transport1,
    ask: (client, answer) => client.setRequestHandler(ElicitRequestSchema, answer),
  },
  "client-2-legacy": {
    make: (options) => new Client2(me, options),
    Transport: Transport2,
    ask: (client, answer) => client.setRequestHandler("elicitation/create", answer),
  },
  "client-2": {
    make: (options) => new Client2(me, { ...options, versionNegotiation: { mode: { pin: "2026-07-28" } } }),
    Transport: Transport2,
    ask: (client, answer) => client.setRequestHandler("elicitation/create", answer),
  },
};

/** Connects a client behind which a person answers forms; without one it shows none. */
async function connect(kind, url, person) {
  const { make, Transport, ask } = kinds[kind];
  const client = make(person ? forms : {});
  if (person) ask(client, (request) => person(request.params));
  await client.connect(new Transport(new URL(url)));
  await client.listTools(); // from here on, results are held against their output schema
  return client;
}

async function call(client, args) {
  const result = await client.callTool({ name: tool, arguments: args });
  assert.ok(!result.isError, result.content[0]?.text);
  assert.ok(result.content[0].text.trim());
  return result.structuredContent;
}

const { batch_size, ...goal } = trip;
const values = {
  destination: "Lisbon", travellers: 4, style: "comfort", insured: true,
  departure: "2027-03-04", nights: 10, board: "breakfast", pets: false,
};

/** A person who fills in every form, one question in own words, and says no to one. */
function willing(seen) {
  return ({ mode, message, requestedSchema }) => {
    seen.push(requestedSchema);
    assert.ok(message.includes(goal.context), message);
    assert.ok([undefined, "form"].includes(mode));
    const content = {};
    for (const [field, schema] of Object.entries(requestedSchema.properties)) {
      assert.ok(schema.title, field);
      if (field in values && field !== "travellers") content[field] = values[field];
      if (field === "travellers_instead") content[field] = "four of us";
      if (field === "remarks") content[field] = "rather not say";
    }
    return { action: "accept", content };
  };
}

const promises = {
  async whole(kind, url) {
    const seen = [];
    const client = await connect(kind, url, willing(seen));
    const result = await call(client, goal);
    await client.close();
    assert.equal(result.status, "complete");
    assert.equal(result.rounds, seen.length);
    assert.equal(seen.length, 2, "few rounds are needed");
    assert.deepEqual(result.values, values);
    assert.deepEqual([result.valid, result.problems, result.contradictions], [true, [], []]);
    assert.equal(result.citations.travellers[0].words, "four of us");
    const style = seen.flatMap(({ properties }) => properties.style ?? [])[0];
    assert.deepEqual(style.oneOf.map((o) => o.const), ["budget", "comfort", "luxury"]);
  },

  async cancelled(kind, url) {
    const closing = await connect(kind, url, () => ({ action: "cancel" }));
    const left = await call(closing, goal);
    await closing.close();
    assert.deepEqual([left.status, left.values], ["cancelled", {}]);
    const client = await connect(kind, url, willing([]));
    const result = await call(client, { conversation_id: left.conversation_id });
    await client.close();
    assert.deepEqual([result.status, result.values], ["complete", values]);
  },

  // A client that declines before a person can have read the form did not show it.
  async unseen(kind, url) {
    const client = await connect(kind, url, () => ({ action: "decline" }));
    const result = await call(client, goal);
    await client.close();
    assert.equal(result.status, "batch");
    assert.deepEqual(result.open_points.filter((p) => p.state === "declined"), []);
  },

  async declined(kind, url) {
    const client = await connect(kind, url, async () => {
      await new Promise((resolve) => setTimeout(resolve, 1100));
      return { action: "decline" };
    });
    const result = await call(client, goal);
    await client.close();
    assert.equal(result.status, "declined");
    assert.equal(result.open_points.filter((p) => p.state === "declined").length, 5);
  },

  async batch(kind, url) {
    const client = await connect(kind, url);
    const result = await call(client, goal);
    await client.close();
    assert.equal(result.status, "batch");
    assert.match(result.current_question, /^1\. /);
    assert.ok(result.next.includes("sequential_questioning_follow_up"));
    assert.ok(result.next.includes(result.conversation_id));
  },
};

const [promise, kind, url, times = "1"] = process.argv.slice(2);
const began = performance.now();
for (let i = 0; i < Number(times); i++) await promises[promise](kind, url);
console.log(`${times} of ${times} in ${Math.round(performance.now() - began)} ms`);
