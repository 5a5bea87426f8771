// A client's conversation: its slots, the person's answers, and the checks of every turn.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";

export const trip = {
  context: "Book a trip for a family",
  batch_size: 2,
  information_needed: {
    type: "object",
    properties: {
      destination: { type: "string", title: "Destination" },
      travellers: { type: "integer", title: "Number of travellers", minimum: 1, maximum: 9 },
      style: { type: "string", title: "Travel style", enum: ["budget", "comfort", "luxury"] },
      insured: { type: "boolean", title: "Travel insurance wanted" },
      departure: { type: "string", format: "date", title: "Departure date" },
      nights: { type: "integer", title: "Number of nights", minimum: 1, maximum: 60 },
      board: { type: "string", title: "Board", enum: ["none", "breakfast", "half"] },
      pets: { type: "boolean", title: "Pets come along" },
      remarks: { type: "string", title: "Remarks" },
    },
    required: ["destination", "travellers", "style", "insured", "departure", "nights", "board", "pets"],
    additionalProperties: false,
  },
};

const one = (list) => list[Math.floor(Math.random() * list.length)];

// Options are chosen at random: a server with many equal earlier answers would assume them
// instead of asking.
const said = {
  destination: { value: "Lisbon", words: "Lisbon" },
  travellers: { value: 4, words: "four of us" },
  style: one([{ value: "comfort", words: "Comfort, please" }, { value: "budget", words: "budget" }, { value: "luxury", words: "Luxury!" }]),
  insured: one([{ value: true, words: "yes please" }, { value: false, words: "no thanks" }]),
  departure: { value: "2027-03-04", words: "March 4, 2027" },
  nights: { value: 10, words: "10" },
  board: one([{ value: "breakfast", words: "breakfast" }, { value: "half", words: "half" }]),
  pets: one([{ value: false, words: "No, the dog stays at home" }, { value: true, words: "yes" }]),
  remarks: { outcome: "declined", words: "I'd rather not say" },
};

/** What was said to everything that is required, by slot. */
export const values = Object.fromEntries(trip.information_needed.required.map((slot) => [slot, said[slot].value]));

/** Everybody who was asked. */
export const people = [];

/** Somebody whom nobody asked before. */
export function newPerson() {
  const user_id = `conformance-${randomUUID()}`;
  people.push(user_id);
  return user_id;
}

/** Answers to a batch, as values; questions are named in each of the three ways. */
export function structured(turn) {
  const names = [
    (q) => ({ question_number: q.question_number }),
    (q) => ({ question_id: q.question_id }),
    (q) => ({ slot: q.slot }),
  ];
  const answers = turn.questions.map((q) => {
    const { words, ...answer } = said[q.slot];
    return { ...names[q.question_number % names.length](q), ...answer, text: words };
  });
  return { conversation_id: turn.conversation_id, answers };
}

/** Answers to a batch, as the person would type them. */
export function typed(turn, words = (q) => said[q.slot].words) {
  return {
    conversation_id: turn.conversation_id,
    previous_messages: [
      { role: "assistant", content: turn.questions.map((q) => `${q.question_number}. ${q.question_text}`).join("\n") },
      { role: "user", content: turn.questions.map((q) => `${q.question_number}. ${words(q)}`).join("\n") },
    ],
  };
}

/** The user of each conversation, which every call about it names, as production requires. */
const asked = new Map();

/** What a client's model read of slots in the chat before it asked, as values with the words they rest on. */
export const toldOf = (...slots) => slots.map((slot) => ({ slot, value: said[slot].value, text: said[slot].words }));

/** Calls a tool, which must succeed, and returns its structured content. */
export async function callTool(client, tool, args) {
  const user_id = args.user_id ?? asked.get(args.conversation_id);
  const result = await client.call(tool, user_id === undefined ? args : { user_id, ...args });
  assert.ok(!result.isError, `${tool}(${JSON.stringify(args)}): ${result.content[0]?.text}`);
  assert.equal(result.content[0].type, "text");
  assert.ok(result.content[0].text.trim(), "a result can be shown as text");
  if (user_id !== undefined && result.structuredContent.conversation_id) asked.set(result.structuredContent.conversation_id, user_id);
  return result.structuredContent;
}

export async function open(client, args) {
  const turn = await callTool(client, "sequential_questioning", { user_id: newPerson(), ...args });
  assert.equal(turn.metadata.revision, 1);
  return check(turn);
}

/** Brings answers to all questions of the last turn. */
export async function answer(client, last, args) {
  const turn = await callTool(client, "sequential_questioning_follow_up", args);
  assert.equal(turn.conversation_id, last.conversation_id);
  assert.equal(turn.metadata.answers_recorded, last.questions.length);
  assert.equal(turn.metadata.unmatched, undefined);
  assert.ok(turn.metadata.revision > last.metadata.revision, "a revision is new");
  if (!turn.metadata.complete) {
    assert.equal(turn.current_question_number, last.questions.at(-1).question_number + 1);
  }
  return check(turn);
}

function check(turn) {
  const { questions } = turn;
  assert.equal(turn.total_questions_in_batch, questions.length);
  assert.equal(turn.metadata.complete, questions.length === 0, "it is complete when nothing is asked");
  assert.equal(turn.current_question_number, questions[0]?.question_number ?? 0);
  if (questions.length > 0) assert.equal(turn.current_question, questions[0].question_text);
  assert.ok(turn.next);
  questions.forEach((q, i) => {
    assert.equal(q.question_number, turn.current_question_number + i);
    assert.ok(q.metadata.importance);
    assert.equal(turn.coverage.find((c) => c.slot === q.slot), undefined, "what is known is not asked again");
  });
  assert.ok(turn.total_questions_estimated >= (questions.at(-1)?.question_number ?? 0));
  if (turn.metadata.complete) {
    assert.ok(turn.metadata.stop_reason);
    assert.ok(!turn.next_batch_needed);
  }
  return turn;
}

/** Answers whatever is asked, each batch in the next of the given ways, until it is complete. */
export async function finish(client, turn, ways) {
  for (let round = 0; !turn.metadata.complete; round++) {
    assert.ok(round < 20, "it comes to an end");
    turn = await answer(client, turn, ways[Math.min(round, ways.length - 1)](turn));
  }
  return turn;
}

/** Reads the report on a trip and holds it against what the person said. */
export async function reported(client, turn) {
  const report = await callTool(client, "sequential_questioning_report", { conversation_id: turn.conversation_id });
  assert.deepEqual(report.values, values);
  assert.deepEqual([report.valid, report.problems, report.contradictions], [true, [], []]);
  assert.deepEqual([report.complete, report.stop_reason], [true, turn.metadata.stop_reason]);
  for (const slot of Object.keys(values)) {
    const [citation, ...more] = report.citations[slot];
    assert.equal(more.length, 0);
    assert.equal(citation.words, said[slot].words);
    assert.ok(citation.question_number && citation.question_text);
  }
  assert.deepEqual(report.open_points.map((p) => p.slot), ["remarks"]);
  return report;
}
