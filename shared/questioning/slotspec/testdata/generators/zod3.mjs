// Writes inputs/zod3_*.json: node zod3.mjs FOLDER, with zod@3, zod-to-json-schema
// and @asteasolutions/zod-to-openapi@7 installed beside this file.
import { writeFileSync } from "node:fs";
import { z } from "zod";
import { zodToJsonSchema } from "zod-to-json-schema";
import { extendZodWithOpenApi, OpenAPIRegistry, OpenApiGeneratorV3, OpenApiGeneratorV31 } from "@asteasolutions/zod-to-openapi";

extendZodWithOpenApi(z);
const folder = process.argv[2];
const write = (name, schema) => writeFileSync(`${folder}/zod3_${name}.json`, JSON.stringify(schema, null, 2) + "\n");

const address = z.object({ street: z.string(), city: z.string().describe("Town or city"), postcode: z.string().regex(/^\d{4,5}$/).optional() });
const guest = z.object({ name: z.string(), age: z.number().int().min(0).max(120), vegetarian: z.boolean().default(false) });
const schemas = {
  party: z.object({ occasion: z.enum(["birthday", "wedding", "other"]), date: z.string().date(), guests: z.number().int().positive().max(500), budget: z.number().nonnegative().optional() }),
  nullable: z.object({ name: z.string(), nickname: z.string().nullable(), born: z.string().date().nullish(), size: z.enum(["S", "M", "L"]).nullable() }),
  nested: z.object({ name: z.string(), address, billing: address.optional() }),
  guests: z.object({ host: z.string(), guests: z.array(guest).min(1).max(3) }),
  union: z.object({ seat: z.union([z.literal("aisle"), z.literal("window")]), amount: z.union([z.number(), z.string()]), when: z.union([z.string().date(), z.string().datetime()]) }),
  formats: z.object({ mail: z.string().email(), site: z.string().url(), id: z.string().uuid(), at: z.string().datetime(), start: z.string().time(), ip: z.string().ip(), code: z.string().startsWith("A") }),
  literal: z.object({ kind: z.literal("trip"), terms: z.literal(true), destination: z.string() }),
  lists: z.object({ tags: z.array(z.string()).min(1), extras: z.array(z.enum(["wifi", "meal"])), sizes: z.array(z.number()), nothing: z.array(z.any()).optional() }),
  odd: z.object({ name: z.string(), extra: z.record(z.string()).optional(), pair: z.tuple([z.number(), z.number()]).optional(), anything: z.any(), price: z.number().multipleOf(0.01) }),
  native: z.object({ colour: z.nativeEnum({ Red: "red", Blue: "blue" }), level: z.nativeEnum({ Low: 1, High: 2, 1: "Low", 2: "High" }) }),
  described: z.object({ budget: z.number().describe("How much may it cost in all?"), deadline: z.string().describe("ISO date") }).describe("A request"),
  intersection: z.intersection(z.object({ name: z.string() }), z.object({ email: z.string().email() })),
  discriminated: z.object({ name: z.string(), payment: z.discriminatedUnion("kind", [z.object({ kind: z.literal("cash") }), z.object({ kind: z.literal("invoice"), company: z.string() })]).optional() }),
};
for (const [name, schema] of Object.entries(schemas)) write(name, zodToJsonSchema(schema));
write("named", zodToJsonSchema(schemas.nested, "Order"));
write("openai", zodToJsonSchema(z.object({ name: z.string(), phone: z.string().nullable(), address: address.nullable() }), { target: "openAi" }));
write("openai_wrapped", { type: "json_schema", json_schema: { name: "order", strict: true, schema: zodToJsonSchema(schemas.nullable, { target: "openAi" }) } });
write("openapi3", zodToJsonSchema(schemas.nullable, { target: "openApi3" }));
write("openapi3_exclusive", zodToJsonSchema(z.object({ age: z.number().int().gt(17).lt(100), weight: z.number().positive() }), { target: "openApi3" }));
write("draft2019", zodToJsonSchema(schemas.party, { target: "jsonSchema2019-09" }));
write("refs", zodToJsonSchema(z.object({ home: address, work: address }), { definitions: { address } }));
write("root_refs", zodToJsonSchema(z.object({ home: address, work: address })));

const registry = new OpenAPIRegistry();
const Address = registry.register("Address", address.openapi({ description: "Where to deliver" }));
registry.register("Order", z.object({ id: z.string().openapi({ readOnly: true }), item: z.string().openapi({ title: "Article", example: "Chair" }), note: z.string().nullable(), deliver_to: Address, bill_to: Address.nullable() }));
write("openapi_document", new OpenApiGeneratorV3(registry.definitions).generateDocument({ openapi: "3.0.0", info: { title: "Orders", version: "1" } }));
write("openapi31_document", new OpenApiGeneratorV31(registry.definitions).generateDocument({ openapi: "3.1.0", info: { title: "Orders", version: "1" } }));
