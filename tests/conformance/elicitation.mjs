// Conversations in which the server elicits the answers:
// node elicitation.mjs PROMISE CLIENT URL [TIMES]
import assert from "node:assert/strict";
import { newPerson, callTool, trip, values } from "./conversation.mjs";
import { keep } from "./keep.mjs";

const { batch_size, ...goal } = trip;

const ask = (client, args) => callTool(client, "sequential_questioning_automatic", args);
const opening = () => ({ ...goal, user_id: newPerson() });

/** A person who fills in every form, answers one question in own words, and says no to one. */
function willing(seen) {
  return ({ mode, message, requestedSchema }) => {
    seen.push(requestedSchema);
    assert.ok(message.includes(goal.context), message);
    assert.ok([undefined, "form"].includes(mode));
    const content = {};
    const { in_your_own_words: own, ...questions } = requestedSchema.properties;
    assert.ok(own.title);
    for (const [field, schema] of Object.entries(questions)) {
      assert.match(schema.title, /^\d+\. /, field);
      if (field in values && field !== "travellers") content[field] = typeof values[field] === "boolean" ? schema.enum[values[field] ? 0 : 1] : values[field];
      if (field === "travellers") content.in_your_own_words = `${parseInt(schema.title)}: four of us`;
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
    assert.deepEqual(style.enum, ["budget", "comfort", "luxury"]);
  },

  async cancelled(connect) {
    const closing = await connect(async () => {
      await new Promise((resolve) => setTimeout(resolve, 1100));
      return { action: "cancel" };
    });
    const left = await ask(closing, opening());
    await closing.close();
    assert.deepEqual([left.status, left.values], ["cancelled", {}]);
    assert.ok(!left.next.includes("sequential_questioning_automatic"), left.next);
    const client = await connect(willing([]));
    const result = await ask(client, { conversation_id: left.conversation_id });
    await client.close();
    assert.deepEqual([result.status, result.values], ["complete", values]);
  },

  // A client that declines faster than a person can read did not show the form.
  async unseen(connect) {
    for (const action of ["decline", "cancel"]) {
      let forms = 0;
      const client = await connect(() => (forms++, { action }));
      const result = await ask(client, opening());
      assert.equal(result.status, "batch");
      assert.deepEqual(result.open_points.filter((p) => p.state === "declined"), []);
      if (client.revision < "2026-07-28") { // later ones have no sessions
        assert.equal((await ask(client, opening())).status, "batch");
        assert.equal(forms, 1, "this session is sent no more forms");
      }
      await client.close();
    }
  },

  // A person who takes longer than the client waits: the client times out, the person answers
  // later, and the client repeats the same call.
  async slow(connect) {
    for (const early of [true, false]) {
      const seen = [];
      let submit;
      const submitted = new Promise((resolve) => { submit = resolve; });
      const fill = willing(seen);
      const client = await connect(async (form) => {
        if (seen.length === 0) {
          const filled = fill(form);
          setTimeout(submit, early ? 1500 : 4000); // the client gives up in between
          await submitted;
          return filled;
        }
        return early ? fill(form) : new Promise(() => {}); // shown again, and left alone
      });
      const args = opening(); // without user_id, a repeated call could not be recognized
      delete args.user_id;
      await assert.rejects(client.call("sequential_questioning_automatic", args, { timeout: 1200 }), /timed out|timeout/i);
      if (early) await new Promise((resolve) => setTimeout(resolve, 800));
      const result = await ask(client, args);
      assert.equal(result.status, early ? "complete" : "batch");
      if (!early) {
        await submitted;
        await new Promise((resolve) => setTimeout(resolve, 500)); // it comes in
      }
      const report = await callTool(client, "sequential_questioning_report", { conversation_id: result.conversation_id });
      const first = Object.keys(seen[0].properties).filter((field) => field in values);
      for (const field of first) assert.deepEqual(report.values[field], values[field], field);
      await callTool(client, "sequential_questioning_forget", { conversation_id: result.conversation_id });
      await client.close();
    }
  },

  async declined(connect) {
    const client = await connect(async () => {
      await new Promise((resolve) => setTimeout(resolve, 1100));
      return { action: "decline" };
    });
    const result = await ask(client, opening());
    await client.close();
    assert.equal(result.status, "declined");
    assert.deepEqual(result.open_points.filter((p) => p.state === "declined"), [], "the form is declined, not its questions");
    assert.equal(result.current_question, result.questions[0].question_text);
    assert.ok(result.next.includes("sequential_questioning_follow_up"));
  },

  async batch(connect) {
    const client = await connect();
    const result = await ask(client, opening());
    await client.close();
    assert.equal(result.status, "batch");
    assert.equal(result.current_question, result.questions[0].question_text);
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
