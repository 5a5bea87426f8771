// Writes inputs/zod4_*.json, valibot_*.json and typebox_*.json: node zod4.mjs FOLDER,
// with zod@4, valibot, @valibot/to-json-schema and @sinclair/typebox installed
// beside this file.
import { writeFileSync } from "node:fs";
import { z } from "zod";
import * as v from "valibot";
import { toJsonSchema } from "@valibot/to-json-schema";
import { Type } from "@sinclair/typebox";

const folder = process.argv[2];
const write = (name, schema) => writeFileSync(`${folder}/${name}.json`, JSON.stringify(schema, null, 2) + "\n");

const address = z.object({ street: z.string(), city: z.string().meta({ title: "Town" }), postcode: z.string().optional() });
const registered = z.object({ street: z.string(), city: z.string() }).meta({ id: "Address", title: "Address", description: "A postal address" });
const schemas = {
  party: z.object({ occasion: z.enum(["birthday", "wedding", "other"]), date: z.iso.date(), guests: z.int().positive(), budget: z.number().optional() }),
  integers: z.object({ count: z.int(), year: z.int().min(1900), small: z.int32(), unsigned: z.uint32(), f: z.float32().optional() }),
  nullable: z.object({ name: z.string(), nickname: z.string().nullable(), born: z.iso.date().nullish(), size: z.enum(["S", "M"]).nullable() }),
  formats: z.object({ mail: z.email(), site: z.url(), id: z.uuid(), at: z.iso.datetime(), start: z.iso.time(), ip: z.ipv4(), phone: z.e164(), nano: z.nanoid().optional(), long: z.iso.duration().optional() }),
  mail_patterns: z.object({ html5: z.email({ pattern: z.regexes.html5Email }), unicode: z.email({ pattern: z.regexes.unicodeEmail }), rfc: z.email({ pattern: z.regexes.rfc5322Email }) }),
  nested: z.object({ customer: z.object({ name: z.string(), address }), gift: z.boolean() }),
  registered: z.object({ home: registered, work: registered.optional() }),
  passengers: z.object({ destination: z.string(), passengers: z.array(z.object({ name: z.string().meta({ title: "Full name" }), birthday: z.iso.date(), meal: z.enum(["any", "vegan"]).optional() })).max(2) }),
  literals: z.object({ kind: z.literal("trip"), seat: z.literal(["aisle", "window"]), terms: z.literal(true), rank: z.union([z.literal(1).describe("First"), z.literal(2).describe("Second")]) }),
  odd: z.object({ name: z.string(), map: z.record(z.string(), z.number()).optional(), pair: z.tuple([z.string(), z.number()]).optional(), step: z.number().multipleOf(5), never: z.never().optional(), any: z.any() }),
  meta: z.object({ budget: z.number().meta({ title: "Budget", description: "What may it cost?", examples: [500] }), note: z.string().max(200).default("none") }),
  read_only: z.object({ name: z.string(), id: z.string().readonly().optional() }),
  strict: z.strictObject({ title: z.string(), due: z.iso.date() }),
  loose: z.looseObject({ title: z.string(), due: z.iso.date() }),
};
for (const [name, schema] of Object.entries(schemas)) write(`zod4_${name}`, z.toJSONSchema(schema));
write("zod4_draft7", z.toJSONSchema(schemas.nullable, { target: "draft-7" }));
write("zod4_draft4", z.toJSONSchema(z.object({ age: z.int().gt(17), size: z.number().lt(10) }), { target: "draft-4" }));
write("zod4_openapi", z.toJSONSchema(schemas.nullable, { target: "openapi-3.0" }));
write("zod4_input", z.toJSONSchema(schemas.meta, { io: "input" }));
write("zod4_reused", z.toJSONSchema(z.object({ from: address, to: address }), { reused: "ref" }));
write("zod4_wrapped", { name: "trip", strict: true, schema: z.toJSONSchema(schemas.strict) });

write("valibot_order", toJsonSchema(v.object({ item: v.pipe(v.string(), v.title("Article"), v.minLength(2)), amount: v.pipe(v.number(), v.integer(), v.minValue(1)), note: v.nullable(v.string()), mail: v.optional(v.pipe(v.string(), v.email())), size: v.picklist(["S", "M"]) })));
write("typebox_order", Type.Object({ item: Type.String({ title: "Article" }), size: Type.Union([Type.Literal("S"), Type.Literal("M")]), tags: Type.Array(Type.String()), address: Type.Object({ city: Type.String() }), note: Type.Optional(Type.String()), amount: Type.Union([Type.Integer({ minimum: 1 }), Type.Null()]) }));
