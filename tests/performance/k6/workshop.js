// What the conversations ask for, and what the people in them say. The form is
// this test's own: counts of a form's answers stay when people are forgotten,
// and those of the real ones are not to be made of chance.

export const workshop = {
  context: "Prepare a workshop (load test)",
  batch_size: 3,
  information_needed: {
    type: "object",
    properties: {
      subject: { type: "string", title: "Subject" },
      participants: { type: "integer", title: "Number of participants", minimum: 2, maximum: 60 },
      budget: { type: "number", title: "Budget in euros", minimum: 0, maximum: 20000 },
      day: { type: "string", format: "date", title: "Day" },
      begins: { type: "string", format: "time", title: "Time of day it begins" },
      contact: { type: "string", format: "email", title: "Contact's e-mail address" },
      online: { type: "boolean", title: "Held online" },
      city: { type: "string", title: "City", "x-when": { slot: "online", equals: false } },
      seating: { type: "string", title: "Seating", enum: ["rows", "tables", "circle"], "x-when": { slot: "online", equals: false } },
      level: { oneOf: [{ const: "a", title: "Beginners" }, { const: "b", title: "Advanced" }, { const: "c", title: "Experts" }], title: "Level" },
      equipment: { type: "array", title: "Equipment", items: { enum: ["projector", "whiteboard", "microphone"] } },
      topics: { type: "array", title: "Topics", items: { type: "string" } },
      remarks: { type: "string", title: "Remarks" },
    },
    additionalProperties: false,
  },
};

const whole = (from, to) => from + Math.floor(Math.random() * (to - from + 1));
const one = (list) => list[whole(0, list.length - 1)];
const digits = (number) => String(number).padStart(2, "0");
const things = ["safety", "drawing", "first aid", "beekeeping", "welding", "grammar", "chess", "gardening"];

// By type: a value, and the words that a person has for it.
const people = {
  string: () => said(`${one(things)} no. ${whole(1, 9999)}`),
  integer: () => said(whole(2, 60)),
  number: () => said(whole(0, 20000)),
  boolean: () => (Math.random() < 0.5 ? said(true, "yes, please") : said(false, "no")),
  date: () => said(`${whole(2027, 2029)}-${digits(whole(1, 12))}-${digits(whole(1, 28))}`),
  time: () => {
    const clock = `${digits(whole(7, 19))}:${one(["00", "15", "30"])}`;
    return said(`${clock}:00`, clock);
  },
  email: () => said(`person${whole(1, 9999)}@example.com`),
  choice: ({ options }) => {
    const title = one(options);
    return said(valueOf(title), title);
  },
  choices: ({ options }) => {
    const values = options.slice(0, whole(1, options.length));
    return said(values, values.join(", "));
  },
  list: () => {
    const from = whole(0, things.length - 3);
    const values = things.slice(from, from + whole(2, 3));
    return said(values, values.join("; "));
  },
};

const titled = workshop.information_needed.properties.level.oneOf;

/** The value of an option, which a question shows by its title. */
const valueOf = (title) => titled.find((option) => option.title === title)?.const ?? title;

function said(value, words = String(value)) {
  return { value, words };
}

/** What a person answers to a question, made from its type and its options. */
export function answerTo(question) {
  if (question.slot === "remarks" && Math.random() < 0.5) return { outcome: "declined", words: "I'd rather not say" };
  // The type is left out for a text and for one of the options.
  const type = question.metadata.type ?? (question.options ? "choice" : "string");
  const answer = people[type];
  if (!answer) throw new Error(`question ${question.question_number}: nobody has an answer of type "${type}"`);
  return answer(question);
}
