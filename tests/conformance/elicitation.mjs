// Conversations in which the server asks the person itself:
// node elicitation.mjs PROMISE CLIENT URL [TIMES]
import assert from "node:assert/strict";
import { newPerson, tell, trip, values } from "./conversation.mjs";
import { keep } from "./keep.mjs";

const { batch_size, ...goal } = trip;

const ask = (client, args) => tell(client, "sequential_questioning_automatic", args);
const opening = () => ({ ...goal, user_id: newPerson() });

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
  async whole(connect) {
    const seen = [];
    const client = await connect(willing(seen));
    const result = await ask(client, opening());
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

  async cancelled(connect) {
    const closing = await connect(() => ({ action: "cancel" }));
    const left = await ask(closing, opening());
    await closing.close();
    assert.deepEqual([left.status, left.values], ["cancelled", {}]);
    const client = await connect(willing([]));
    const result = await ask(client, { conversation_id: left.conversation_id });
    await client.close();
    assert.deepEqual([result.status, result.values], ["complete", values]);
  },

  // A client that declines before a person can have read the form did not show it.
  async unseen(connect) {
    const client = await connect(() => ({ action: "decline" }));
    const result = await ask(client, opening());
    await client.close();
    assert.equal(result.status, "batch");
    assert.deepEqual(result.open_points.filter((p) => p.state === "declined"), []);
  },

  async declined(connect) {
    const client = await connect(async () => {
      await new Promise((resolve) => setTimeout(resolve, 1100));
      return { action: "decline" };
    });
    const result = await ask(client, opening());
    await client.close();
    assert.equal(result.status, "declined");
    assert.equal(result.open_points.filter((p) => p.state === "declined").length, 5);
  },

  async batch(connect) {
    const client = await connect();
    const result = await ask(client, opening());
    await client.close();
    assert.equal(result.status, "batch");
    assert.match(result.current_question, /^1\. /);
    assert.ok(result.next.includes("sequential_questioning_follow_up"));
    assert.ok(result.next.includes(result.conversation_id));
  },
};

const repeated = (promise) => async (connect, times = "1") => {
  const began = performance.now();
  for (let i = 0; i < Number(times); i++) await promise(connect);
  console.log(`${times} of ${times} in ${Math.round(performance.now() - began)} ms`);
};
await keep(Object.fromEntries(Object.entries(promises).map(([name, promise]) => [name, repeated(promise)])));
