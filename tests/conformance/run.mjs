// Keeps one promise with one client: node run.mjs PROMISE CLIENT URL
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { answer, finish, newPerson, open, reported, structured, callTool, toldOf, trip, typed, values } from "./conversation.mjs";
import { keep } from "./keep.mjs";

const followUp = "sequential_questioning_follow_up";

const promises = {
  async whole(client) {
    const turn = await open(client, trip);
    assert.ok(turn.next_batch_needed);
    const end = await finish(client, turn, [structured, structured, typed]);
    const report = await reported(client, end);
    assert.equal(report.revision, end.metadata.revision);
  },

  async typed(client) {
    await reported(client, await finish(client, await open(client, trip), [typed]));
  },

  // What the chat tells is passed as known; words that nobody could read go back to the model, which sends the value.
  async told(client) {
    const slots = ["destination", "travellers", "nights"];
    let turn = await open(client, { ...trip, known: toldOf(...slots) });
    assert.deepEqual(turn.coverage.map((c) => c.slot).sort(), slots.sort(), "what is known is held");
    assert.ok(turn.questions.every((q) => !slots.includes(q.slot)), "and not asked for");
    const { conversation_id } = turn;
    turn = await callTool(client, followUp, { conversation_id, answers: [{ slot: "departure", text: "some time before spring" }] });
    const [unread] = turn.unread;
    assert.deepEqual([unread.slot, unread.words, unread.schema], ["departure", "some time before spring", { type: "string", format: "date" }]);
    assert.ok(turn.next.includes("value"), "next says to send the value");
    turn = await callTool(client, followUp, { conversation_id, answers: toldOf("departure") });
    assert.equal(turn.unread, undefined);
    while (!turn.metadata.complete) turn = await callTool(client, followUp, { conversation_id, answers: structured(turn).answers });
    const report = await callTool(client, "sequential_questioning_report", { conversation_id });
    const { remarks, ...required } = report.values;
    assert.deepEqual([required, report.valid], [values, true]);
    assert.equal(report.citations.travellers[0].words, "four of us");
  },

  async discovery(client) {
    const handshake = client.revision < "2026" ? ["initialize", "notifications/initialized"] : ["server/discover"];
    // Over standard input and output, client-2 discovers before it hands the transport over.
    assert.deepEqual(client.wire.methods, client.piped && client.revision > "2026" ? ["tools/list"] : [...handshake, "tools/list"]);
    assert.equal(client.negotiated, client.revision);
    const catalogue = JSON.parse(readFileSync(new URL("../../functions/gateway/catalogue.json", import.meta.url)));
    assert.deepEqual(client.server, catalogue.server);
    assert.ok(client.server.description && client.server.websiteUrl && client.server.icons.length > 0);
    const told = ({ name, title, description, annotations }) => ({ name, title, description, annotations });
    assert.deepEqual(client.tools.map(told), catalogue.tools.map(({ tool }) => told(tool)));
    for (const tool of client.tools) {
      assert.equal(tool.inputSchema.type, "object");
      assert.equal(tool.outputSchema.type, "object");
      assert.ok(tool.title && tool.description);
    }
  },

  async playbooks(client) {
    const { resources } = await client.resources();
    const catalogue = JSON.parse(readFileSync(new URL("../../functions/gateway/catalogue.json", import.meta.url)));
    assert.deepEqual(resources.map(({ uri }) => uri).sort(), catalogue.playbooks.map(({ name }) => `playbook://${name}`).sort());
    for (const { uri, name, mimeType } of resources) {
      const { contents } = await client.read(uri);
      assert.deepEqual(contents, [{ uri, mimeType, text: catalogue.playbooks.find((p) => p.name === name).text }]);
    }
    await assert.rejects(client.read("playbook://none"), /not found/i);
    const { prompts } = await client.prompts();
    assert.deepEqual(prompts.map(({ name }) => name), ["interview"]);
    const { completion } = await client.complete({ type: "ref/prompt", name: "interview" }, { name: "playbook", value: "tra" });
    assert.deepEqual(completion.values, ["travel", "travel-insurance"]);
    const { messages } = await client.prompt("interview", { goal: "See the fjords", playbook: completion.values[0] });
    assert.match(messages[0].content.text, /See the fjords[^]*playbook "travel"/);
    const turn = await open(client, { context: "See the fjords", playbook: completion.values[0] });
    assert.equal(turn.metadata.playbook, "travel");
    const changed = await callTool(client, "sequential_questioning", { context: "See the fjords", conversation_id: turn.conversation_id, playbook: "generic" });
    assert.equal(changed.metadata.playbook, "generic");
  },

  // This client reports results that do not match their output schema.
  async validation(client) {
    client.wire.falsify = (body) => body.replaceAll('"coverage":[', '"coverage":7,"was":[');
    await assert.rejects(open(client, trip), /coverage/);
  },

  async replay(client) {
    let turn = await open(client, trip);
    for (const way of [structured, typed]) {
      const args = way(turn);
      const first = await callTool(client, followUp, args);
      assert.deepEqual(await callTool(client, followUp, args), first);
      turn = first;
    }
    const twice = await answer(client, turn, { ...structured(turn), ...typed(turn) });
    assert.equal(twice.metadata.answers_recorded, turn.questions.length, "values and words of one answer are one answer");
    const waiting = await callTool(client, followUp, { conversation_id: turn.conversation_id });
    assert.equal(waiting.metadata.revision, 4);
  },

  async playbook(client) {
    const words = (q) => `What I have to say about ${q.slot.replaceAll("_", " ")}`;
    const turn = await open(client, { context: "Name our new cat" });
    assert.equal(turn.metadata.playbook, "generic");
    const end = await finish(client, turn, [(t) => typed(t, words)]);
    const report = await callTool(client, "sequential_questioning_report", { conversation_id: end.conversation_id });
    assert.deepEqual([report.complete, report.valid, report.problems], [true, true, []]);
    for (const { slot, required } of report.coverage) {
      if (required) assert.equal(report.values[slot], words({ slot }));
    }
    assert.equal(Object.keys(report.values).length + report.open_points.length, report.coverage.length);
  },

  // Arguments as models and their hosts write them.
  async loosely(client) {
    const wanted = JSON.stringify(trip.information_needed);
    const opened = await callTool(client, "sequential_questioning", { context: trip.context, batch_size: "2", information_needed: wanted, user_id: newPerson(), session_id: "", metadata: null });
    assert.equal(opened.questions.length, 2);
    assert.deepEqual(opened.metadata.warnings, ['batch_size: "2" taken as 2', "information_needed: read from JSON in a string"]);
    const { conversation_id } = opened;
    const tellMore = (more) => callTool(client, followUp, { conversation_id, ...more });
    let turn = await tellMore({ answers: JSON.stringify([{ slot: "destination", value: "Lisbon" }, { slot: "travellers", value: "4" }]) });
    turn = await tellMore({ answers: { style: "comfort", insured: "true", departure: { value: "2027-03-04", words: "4 March" } } });
    turn = await tellMore({ answers: [{ slot: "nights", answer: 10.0, outcome: null }, { slot: "pets", value: false, text: "" }] });
    const said = { board: "half", remarks: "nothing" };
    turn = await tellMore({ answers: turn.questions.map((q) => said[q.slot]) });
    turn = turn.metadata.complete ? turn : await tellMore({ previous_messages: said[turn.questions[0].slot] });
    const { values } = await callTool(client, "sequential_questioning_report", { conversation_id, include_history: "false" });
    const { remarks, ...required } = values;
    assert.deepEqual(required, { destination: "Lisbon", travellers: 4, style: "comfort", insured: true, departure: "2027-03-04", nights: 10, board: "half", pets: false });
  },

  async mistakes(client) {
    const { conversation_id } = await open(client, trip);
    const answers = (...all) => ({ conversation_id, answers: all });
    const cases = [
      ["sequential_questioning", {}, /context/],
      ["sequential_questioning", { context: "" }, /context/],
      ["sequential_questioning", { context: "  \n" }, /context: is empty/],
      ["sequential_questioning", { context: 5 }, /context: .*string/],
      ["sequential_questioning", { context: "x", batch_size: "three" }, /batch_size: .*integer/],
      ["sequential_questioning", { context: "x", batch_size: 99 }, /batch_size: .*10/],
      ["sequential_questioning", { context: "x", size: 3 }, /'size'/],
      ["sequential_questioning", { context: "x", information_needed: 7 }, /information_needed: .*object/],
      ["sequential_questioning", { context: "x", information_needed: { type: "object" } }, /information_needed: .*properties/],
      ["sequential_questioning", { context: "x", information_needed: { properties: { a: { type: "objekt" } } } }, /information_needed\.properties\.a.*objekt/],
      ["sequential_questioning", { context: "x", previous_messages: [{ role: "narrator", content: "y" }] }, /previous_messages\[0\]\.role: .*user.*assistant.*system/],
      ["sequential_questioning", { context: "x", conversation_id: "none" }, /conversation_id: .*"none"/],
      [followUp, {}, /conversation_id/],
      [followUp, { conversation_id: "none" }, /conversation_id: .*"none"/],
      [followUp, { conversation_id: "01a206b9-0000-7000-8000-000000000000" }, /conversation_id: .*01a206b9/],
      [followUp, { conversation_id, answers: "yes" }, /answers: .*array/],
      [followUp, answers({ value: 1 }), /answers\[0\].*question_number.*question_id.*slot/],
      [followUp, answers({ slot: "pets" }), /answers\[0\].*value.*text/],
      [followUp, answers({ slot: "pets", value: false }, { slot: "hat", value: 1 }), /answers\[1\]\.slot: .*"hat".*destination/],
      [followUp, answers({ question_number: 99, value: 1 }), /answers\[0\]\.question_number: .*99.*1, 2/],
      [followUp, answers({ question_id: "x", value: 1 }), /answers\[0\]\.question_id: "x"/],
      [followUp, answers({ slot: "pets", outcome: "maybe" }), /answers\[0\]\.outcome: .*answered.*unknown.*declined.*not_applicable/],
      [followUp, answers({ slot: "style", value: "posh" }), /answers\[0\]\.value: "posh".*budget, comfort, luxury/],
      [followUp, answers({ slot: "travellers", value: 12 }), /answers\[0\]\.value: 12.*from 1 to 9/],
      [followUp, answers({ slot: "travellers", value: true }), /answers\[0\]\.value: .*whole number/],
      [followUp, answers({ slot: "departure", value: "2027-02-30" }), /answers\[0\]\.value: "2027-02-30".*no such date/],
      ["sequential_questioning_report", {}, /conversation_id/],
      ["sequential_questioning_report", { conversation_id: 5 }, /conversation_id: .*string/],
      ["sequential_questioning_report", { conversation_id: "none" }, /conversation_id: .*"none"/],
    ];
    for (const [tool, args, says] of cases) {
      const call = `${tool}(${JSON.stringify(args)})`;
      const result = await client.call(tool, args);
      assert.equal(result.isError, true, call);
      assert.match(result.content[0].text, says, call);
    }
    const after = await callTool(client, followUp, { conversation_id });
    assert.equal(after.metadata.revision, 1, "a bad call stores nothing");
  },

  // The next two are the halves of a conversation with a restart in between.
  async begin(client) {
    const first = await open(client, trip);
    console.log(JSON.stringify(await answer(client, first, structured(first))));
  },

  async resume(client, left) {
    const turn = await callTool(client, followUp, { conversation_id: left.conversation_id });
    assert.deepEqual(turn.questions, left.questions, "the same questions are waiting");
    await reported(client, await finish(client, turn, [typed]));
  },
};

const connected = (promise) => async (connect, left) => {
  const client = await connect();
  await promise(client, left && JSON.parse(left));
  await client.close();
};
await keep(Object.fromEntries(Object.entries(promises).map(([name, promise]) => [name, connected(promise)])));
