// Prints the params of the tools/call that asks for an order: node order.mjs, with zod 4.
import { z } from "zod";

export const Order = z.object({
  item: z.string().max(120).meta({ title: "Article", description: "What do you want to order?" }),
  amount: z.int().min(1).max(50),
  size: z.enum(["S", "M", "L"]),
  deliverTo: z.object({
    street: z.string(),
    city: z.string().meta({ title: "Town" }),
    floor: z.int().optional(),
  }),
  gift: z.boolean(),
  card: z.string().max(200).optional().meta({ title: "Words on the card", "x-when": { slot: "gift", equals: true } }),
  by: z.iso.date().nullable().meta({ description: "By when do you need it?" }),
});

const call = {
  name: "sequential_questioning",
  arguments: { context: "Order from the shop", information_needed: z.toJSONSchema(Order) },
};
console.log(JSON.stringify(call, null, 2));

// When a result says that the conversation is complete, the report of
// sequential_questioning_report holds the values:
//   const order = Order.parse(report.values);
