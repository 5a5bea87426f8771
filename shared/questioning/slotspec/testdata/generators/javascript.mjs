// Schemas as JavaScript's libraries write them: node javascript.mjs FOLDER. README.md has
// the versions; zod and effect are installed in two each, under the names imported here.
import fs from "node:fs";
import path from "node:path";

const save = (name, schema) => fs.writeFileSync(path.join(process.argv[2], `${name}.json`), JSON.stringify(schema, null, 1));

{
  const { z } = await import("zod4");
  const Person = z.object({ firstName: z.string().min(1), lastName: z.string().min(1), email: z.email().optional() }).meta({ id: "Person", title: "Person" });
  const Booking = z.object({
    guest: Person,
    companions: z.array(Person).max(2).default([]),
    checkIn: z.iso.date(), checkOut: z.iso.date(),
    arrivalTime: z.iso.time().nullish(),
    roomType: z.enum(["single", "double", "suite"]).describe("Type of room"),
    nights: z.int().positive(),
    budgetPerNight: z.number().positive().nullable(),
    pets: z.boolean().default(false),
    extras: z.array(z.enum(["breakfast", "parking", "spa"])).optional(),
    phone: z.e164().optional(),
    floor: z.union([z.literal(1), z.literal(2), z.literal(3)]).optional(),
    acceptTerms: z.literal(true),
    notes: z.string().max(500).optional(),
  });
  save("zod4_hotel", z.toJSONSchema(Booking));
  save("zod4_openapi30", z.toJSONSchema(Booking, { target: "openapi-3.0" }));
}
{
  const { z } = await import("zod3"); const { zodToJsonSchema } = await import("zod-to-json-schema");
  const Addr = z.object({ street: z.string(), city: z.string(), postalCode: z.string().regex(/^\d{5}$/) });
  const S = z.object({ company: z.string().describe("Legal name of the company"), billing: Addr, shipping: Addr.optional(), employees: z.number().int().min(1).max(100000).describe("How many people work there?"),
    founded: z.date().optional(), site: z.string().url().nullable(), plan: z.nativeEnum({ Free: "free", Pro: "pro" }), contactBy: z.union([z.literal("mail"), z.literal("phone")]), vat: z.string().optional().nullable(), seats: z.number().nonnegative().default(1) }); save("zod3_openai_nullish", zodToJsonSchema(S, { target: "openAi" }));
}
{
  const { z } = await import("zod4"); const { zodResponseFormat } = await import("openai/helpers/zod");
  const S = z.object({ topic: z.string(), level: z.enum(["beginner", "advanced"]), hours_per_week: z.number().nullable(), goals: z.array(z.object({ goal: z.string(), by: z.iso.date().nullable() })) });
  save("openai_response_format", zodResponseFormat(S, "learning"));
}
{
  const v = await import("valibot"); const { toJsonSchema } = await import("@valibot/to-json-schema");
  const S = v.object({ name: v.pipe(v.string(), v.minLength(2), v.title("Your name")), age: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(120))), color: v.picklist(["red", "blue"]), size: v.optional(v.nullable(v.union([v.literal("S"), v.literal("M")]))),
    when: v.pipe(v.string(), v.isoDate()), at: v.optional(v.pipe(v.string(), v.isoTime())), mail: v.pipe(v.string(), v.email()), items: v.pipe(v.array(v.object({ sku: v.string(), amount: v.number() })), v.minLength(1), v.maxLength(3)), agree: v.literal(true), v: v.variant("t", [v.object({ t: v.literal("a"), x: v.string() }), v.object({ t: v.literal("b"), y: v.number() })]) });
  save("valibot_variant", toJsonSchema(S));
}
{
  const { type } = await import("arktype");
  const S = type({ name: "string > 1", "age?": "0 <= number.integer <= 130", email: "string.email", plan: "'basic' | 'pro' | 'team'", "seats?": "1 <= number.integer < 50", "tags?": "string[]", starts: "string.date.iso", "invoice?": { vat: "string", "note?": "string" }, people: type({ first: "string", "role?": "'admin'|'user'" }).array(), "active?": "boolean", "n?": "number | null" });
  save("arktype_booking", S.toJsonSchema()); 
  const T = type({ budget: "number > 0", unit: "'EUR' | 'USD'", id: "string.uuid", "score?": "number % 5" }); save("arktype_budget", T.toJsonSchema());
}
{
  const { Type } = await import("@sinclair/typebox");
  const S = Type.Object({ title: Type.String({ maxLength: 60 }), priority: Type.Union([Type.Literal("low"), Type.Literal("high")]), due: Type.Optional(Type.String({ format: "date" })), estimate_hours: Type.Integer({ minimum: 1, exclusiveMaximum: 100 }), owner: Type.Composite([Type.Object({ name: Type.String() }), Type.Object({ email: Type.String({ format: "email" }) })]),
    labels: Type.Array(Type.String(), { uniqueItems: true }), meta: Type.Optional(Type.Record(Type.String(), Type.String())), kind: Type.Enum({ Bug: "bug", Task: "task" }), maybe: Type.Union([Type.Number(), Type.Null()]), date: Type.Optional(Type.Date()), re: Type.RegExp(/^[a-z]+$/i), blob: Type.Optional(Type.Uint8Array()) }, { $id: "Task", additionalProperties: false });
  save("typebox_javascript", S);
  const M = Type.Module({ Item: Type.Object({ sku: Type.String(), qty: Type.Integer() }), Cart: Type.Object({ items: Type.Array(Type.Ref("Item")), coupon: Type.Optional(Type.String()) }) }); save("typebox_module", M.Import("Cart"));
}
{
  const { Schema, JSONSchema } = await import("effect3");
  const S = Schema.Struct({ name: Schema.NonEmptyString.annotations({ title: "Name", description: "Your full name" }), age: Schema.Int.pipe(Schema.between(0, 120)), nick: Schema.optional(Schema.String), plan: Schema.Literal("free", "pro"), since: Schema.DateFromString, amount: Schema.Positive, tags: Schema.Array(Schema.String), at: Schema.NullOr(Schema.Number), uid: Schema.UUID, kind: Schema.Enums({ A: "a", B: "b" }), addr: Schema.optionalWith(Schema.Struct({ city: Schema.String }), { nullable: true }), guests: Schema.Array(Schema.Struct({ who: Schema.String, veg: Schema.Boolean })).pipe(Schema.maxItems(2)) });
  save("effect3_signup", JSONSchema.make(S));
  class C extends Schema.Class("Customer")({ id: Schema.Number, email: Schema.String.pipe(Schema.pattern(/^\S+@\S+$/)) }) {}
  save("effect3_class", JSONSchema.make(C));
}
{
  const g = await import("graphql"); const { fromIntrospectionQuery } = await import("graphql-2-json-schema");
  const schema = g.buildSchema(`
    enum Cabin { ECONOMY BUSINESS }
    "A search for flights"
    input FlightSearch { "Airport of departure" from: String! to: String! date: String! passengers: Int! = 1 cabin: Cabin direct: Boolean stops: [String!] traveller: Traveller! }
    input Traveller { name: String! age: Int }
    type Flight { id: ID! }
    type Query { flights(search: FlightSearch!): [Flight!]! }`);
  const r = g.graphqlSync({ schema, source: g.getIntrospectionQuery() });
  const js = fromIntrospectionQuery(r.data, { ignoreInternals: true }); save("graphql_input", { $ref: "#/definitions/FlightSearch", definitions: js.definitions }); save("graphql_arguments", { ...js.properties.Query.properties.flights.properties.arguments, definitions: js.definitions });
}
{
  const y = await import("yup"); const { convertSchema } = await import("@sodaru/yup-to-json-schema");
  save("yup_person", convertSchema(y.object({ name: y.string().required().min(2), mail: y.string().email(), site: y.string().url(), born: y.date(), age: y.number().integer().positive().required(), plan: y.string().oneOf(["a", "b"]), ok: y.boolean().default(false), list: y.array().of(y.string()).min(1), sub: y.object({ x: y.string().label("The X") }) })));
}
{
  const S = (await import("fluent-json-schema")).default;
  save("fluent_user", (S.object().id("http://foo/user").title("My First Fluent JSON Schema").description("A simple user").prop("email", S.string().format(S.FORMATS.EMAIL).required()).prop("nick", S.anyOf([S.string(), S.null()])).prop("role", S.enum(["ADMIN", "USER"]).default("USER")).prop("birthday", S.raw({ type: "string", format: "date", formatMaximum: "2020-01-01" })).definition("address", S.object().id("#address").prop("line1", S.anyOf([S.string(), S.null()])).prop("country", S.string()).required(["country"])).prop("address", S.ref("#address"))).valueOf());
}
{ const t = (await import("to-json-schema")).default; save("tojsonschema_inferred", t({ name: "Ann", age: 3, when: new Date(), mail: "a@b.cd", tags: ["x"], nested: { a: 1, b: [true] }, nothing: null, people: [{ n: "x" }, { n: "y", z: 1 }] })); }
{ const mongoose = (await import("mongoose")).default; (await import("mongoose-schema-jsonschema")).default(mongoose); const B = new mongoose.Schema({ title: { type: String, required: true, title: "Book title" }, year: { type: Number, min: 1900 }, author: { name: String, born: Date }, genres: [{ type: String, enum: ["novel", "poem"] }], price: mongoose.Schema.Types.Decimal128, owner: mongoose.Schema.Types.ObjectId }); save("mongoose_book", B.jsonSchema("Book")); }
{
  const { Schema } = await import("effect");
  const S = Schema.Struct({ name: Schema.String, seats: Schema.Int, plan: Schema.Literals(["free", "pro"]), since: Schema.optionalKey(Schema.String), guests: Schema.Array(Schema.Struct({ who: Schema.String })) });
  save("effect4_signup", Schema.toJsonSchemaDocument(S));
}
{ const { pgTable, serial, text, integer, date, boolean, pgEnum, varchar, numeric, timestamp } = await import("drizzle-orm/pg-core"); const { createInsertSchema } = await import("drizzle-zod"); const { z } = await import("zod4"); const st = pgEnum("status", ["open", "closed"]); const T = pgTable("orders", { id: serial("id").primaryKey(), customer: varchar("customer", { length: 80 }).notNull(), amount: integer("amount").notNull(), due: date("due"), paid: boolean("paid").default(false), status: st("status"), price: numeric("price"), at: timestamp("at").defaultNow() }); save("drizzle_order", z.toJSONSchema(createInsertSchema(T), { unrepresentable: "any", io: "input" })); }
{
  const Joi = (await import("joi")).default, parse = (await import("joi-to-json")).default;
  const S = Joi.object({ username: Joi.string().alphanum().min(3).max(30).required(), birthYear: Joi.number().integer().min(1900).max(2013), email: Joi.string().email().required(), when: Joi.date().iso(), mode: Joi.string().valid("a", "b", null), level: Joi.number().valid(1, 2, 3).required(), alt: Joi.alternatives().try(Joi.string(), Joi.number()), tags: Joi.array().items(Joi.string()).max(5), nested: Joi.object({ a: Joi.string().label("Label of A").description("the A") }), other: Joi.when("mode", { is: "a", then: Joi.string().required(), otherwise: Joi.number() }) });
  save("joi_user", parse(S, "json"));
}
