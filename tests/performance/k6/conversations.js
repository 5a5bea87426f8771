// Load of whole conversations: `run --help` says how to use it.
//
// A turn is one request, and turns come at a constant rate however slow the
// server is. Each virtual user leads one conversation after the other, and
// makes its next call when it gets a turn.
import { check, sleep } from "k6";
import exec from "k6/execution";
import { Counter } from "k6/metrics";
import { call, request } from "./mcp.js";
import { table } from "./summary.js";
import { answerTo, workshop } from "./workshop.js";

const { TARGET, RUN = "by-hand", PHASE = "measure", SUMMARY = "" } = __ENV;
const rate = Number(__ENV.RATE || 120);
const p95 = Number(__ENV.P95 || 500);
const duration = __ENV.DURATION || "5m";

const opening = "sequential_questioning";
const tools = ["", "_follow_up", "_report", "_revise", "_recall"].map((end) => opening + end);
const [ask, followUp, report, revise, recall] = tools;
const forget = `${opening}_forget`;

const completed = new Counter("conversations_completed");

const turns = {
  executor: "constant-arrival-rate", exec: "turn",
  rate, timeUnit: "1s", duration,
  preAllocatedVUs: Math.ceil(rate / 4), maxVUs: rate,
  gracefulStop: "35s",
};

const phases = {
  discover: { scenarios: { discover: { executor: "shared-iterations", exec: "discovered" } } },
  "warm-up": { scenarios: { conversations: turns } },
  measure: {
    scenarios: { conversations: turns },
    thresholds: {
      "http_req_duration{scenario:conversations}": [`p(95)<${p95}`],
      ...Object.fromEntries(tools.map((tool) => [`http_req_duration{tool:${tool}}`, [`p(95)<${p95}`]])),
      "http_req_failed{scenario:conversations}": ["rate<0.01"],
      calls_failed: ["rate<0.01"],
      "http_reqs{scenario:conversations}": [`rate>${Math.min(100, 0.95 * rate)}`],
      checks: ["rate==1"],
      conversations_completed: ["count>0"],
    },
  },
  forget: {
    scenarios: { forget: { executor: "shared-iterations", exec: "forgotten", vus: Math.min(8, rate), iterations: rate, maxDuration: "30m" } },
    thresholds: { checks: ["rate==1"] },
  },
};

export const options = {
  ...phases[PHASE],
  throw: true, // a request without a response; mcp.js takes it
  summaryTrendStats: ["count", "avg", "p(50)", "p(95)", "p(99)", "max"],
};

export function discovered() {
  try {
    const offered = request("tools/list").tools.map(({ name }) => name);
    const missing = [...tools, forget].filter((tool) => !offered.includes(tool));
    if (missing.length > 0) throw new Error(`it has no ${missing.join(", ")}`);
  } catch (error) {
    exec.test.abort(`TARGET ${TARGET} is not this server: ${error.message}`);
  }
}

const person = (phase, user, number) => `load-${RUN}-${phase}-${user}-${number}`;

let going;
let begun = 0;

export function turn() {
  try {
    if (!going || going.next().done) {
      going = conversation(begun++);
      going.next();
    }
  } catch (error) {
    check(error, { [`a result can be read, not: ${error.message}`]: () => false });
  }
}

// conversation yields after each of its calls. How it goes depends on its number,
// so that the mix of calls is the same in every run.
function* conversation(number) {
  const kind = number + __VU;
  const user_id = person(PHASE, __VU, number);
  const told = kind % 2 === 0 ? { subject: `told in the chat ${number}`, participants: 2 + (number % 50) } : {};
  const known = Object.entries(told).map(([slot, value]) => ({ slot, value, text: String(value) }));
  let last = yield* made(ask, { ...workshop, known, user_id, metadata: { idempotency_key: user_id } });
  if (!last) return;
  check(last, {
    "a conversation opens with questions": ({ questions, metadata }) => questions.length > 0 && metadata.revision === 1,
    "what the chat tells is not asked for": ({ questions }) => questions.every(({ slot }) => !(slot in told)),
  });
  const { conversation_id } = last;
  const given = { ...told };
  for (let batch = 0; !last.metadata.complete; batch++) {
    if (!check(batch, { "a conversation comes to its end": (batch) => batch < 20 })) return;
    const { questions } = last;
    check(questions, { "nothing is asked twice": (questions) => questions.every(({ slot }) => !(slot in given)) });
    const answers = questions.map((question) => ({ question, ...answerTo(question) }));
    for (const { question, value } of answers) given[question.slot] = value;
    const unreadable = kind % 5 === 1 && batch === 0 ? questions.find(({ metadata }) => ["integer", "number", "date", "time"].includes(metadata.type)) : undefined;
    if (unreadable) {
      const { slot } = unreadable;
      const handed = yield* made(followUp, { user_id, conversation_id, answers: [{ slot, text: "as we said at lunch" }] });
      if (!handed) return;
      check(handed, { "words that nobody can read come back": ({ unread, metadata }) => unread?.length === 1 && unread[0].slot === slot && !metadata.complete });
    }
    const args = { user_id, conversation_id, ...(kind % 3 === 0 && !unreadable ? typed(last, answers) : structured(answers)) };
    last = yield* made(followUp, args);
    if (!last) return;
    check(last.metadata, { "every answer is recorded": ({ answers_recorded }) => answers_recorded === questions.length });
    if (batch === 0 && kind % 4 === 0) {
      const again = yield* made(followUp, args);
      if (!again) return;
      check(again, { "a doubled call has the same result": (again) => same(again, last) });
    }
    if (batch === 1 && kind % 5 === 0) {
      const midway = yield* made(report, { user_id, conversation_id });
      if (!midway) return;
      check(midway, { "a report midway has the values given so far": ({ values }) => same(values, held(given)) });
    }
  }
  if (kind % 6 === 0) {
    given.participants = given.participants === 60 ? 59 : given.participants + 1;
    const revised = yield* made(revise, { user_id, conversation_id, slot: "participants", value: given.participants });
    if (!revised) return;
    check(revised, { "a revision holds at once": ({ changed, revised }) => changed && revised.value === given.participants });
  }
  const end = yield* made(report, { user_id, conversation_id });
  if (!end) return;
  check(end, {
    "the report has the values given": ({ values }) => same(values, held(given)),
    "the report is complete": ({ complete, valid, contradictions }) => complete && valid && contradictions.length === 0,
  });
  if (kind % 10 === 0) {
    const recalled = yield* made(recall, { user_id, query: "number of participants" });
    if (!recalled) return;
    check(recalled, {
      "what is recalled was said by this person": ({ found }) =>
        found.every((f) => f.conversation_id === conversation_id && (f.value === undefined || same(f.value, given[f.slot]) || f.slot === "participants")),
    });
  }
  completed.add(1);
}

const attempts = 3;

// made makes a call, and the same again in the next turns while it fails:
// a repeated call is never counted twice.
function* made(tool, args) {
  for (let attempt = 1; ; attempt++) {
    const result = call(tool, args);
    if (result || attempt === attempts) {
      check(result, { [`a call succeeds within ${attempts} attempts`]: Boolean });
      yield;
      return result;
    }
    yield;
  }
}

const structured = (answers) => ({
  answers: answers.map(({ question, value, outcome, words }) => ({ slot: question.slot, value, outcome, text: words })),
});

const typed = (last, answers) => ({
  previous_messages: [
    { role: "assistant", content: last.current_question },
    { role: "user", content: answers.map(({ question, words }) => `${question.question_number}. ${words}`).join("\n") },
  ],
});

/** What a report has to hold: not what was declined. */
const held = (given) => Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));

function same(a, b) {
  if (typeof a !== "object" || a === null || b === null) return a === b;
  if (typeof b !== "object" || Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => key in b && same(a[key], b[key]));
}

/** Forgets everybody with whom one virtual user may have talked in this run. */
export function forgotten() {
  const user = exec.scenario.iterationInTest + 1;
  for (const phase of ["warm-up", "measure"]) {
    // An opening that failed leaves a gap, three in a row are the end.
    for (let number = 0, gap = 0; gap < 3; number++) {
      const args = { user_id: person(phase, user, number), everything: true };
      let result;
      for (let attempt = 0; !result && attempt < attempts; attempt++) {
        if (attempt > 0) sleep(attempt);
        result = call(forget, args);
      }
      check(result, { [`a person is forgotten within ${attempts} attempts`]: Boolean });
      gap = result?.conversations ? 0 : gap + 1;
    }
  }
}

export function handleSummary(data) {
  if (PHASE !== "measure") return {};
  const out = { stdout: table(data, { TARGET, duration, rate, tools }) };
  if (SUMMARY) out[SUMMARY] = JSON.stringify(data, null, 2) + "\n";
  return out;
}
