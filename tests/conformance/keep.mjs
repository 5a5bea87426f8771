import assert from "node:assert/strict";
import { connect } from "./clients.mjs";
import { people, callTool } from "./conversation.mjs";

/**
 * Keeps the promise that the command line names: PROMISE CLIENT URL [MORE].
 * Each takes a function that connects a client, with a person for its forms or
 * without. With FORGET=1, everybody who was asked is forgotten at the end.
 */
export async function keep(promises) {
  const [promise, kind, url, more] = process.argv.slice(2);
  assert.ok(promise in promises, `there is no promise "${promise}", but ${Object.keys(promises).join(", ")}`);
  let failed;
  try {
    await promises[promise]((person) => connect(kind, url, person), more);
  } catch (error) {
    failed = error;
  }
  try {
    if (process.env.FORGET === "1" && people.length > 0) await forget(await connect(kind, url));
  } catch (error) {
    failed ??= error;
  }
  if (failed) throw failed;
}

async function forget(client) {
  for (const user_id of people) {
    const { conversations } = await callTool(client, "sequential_questioning_forget", { user_id, everything: true });
    assert.ok(conversations > 0, `${user_id} was asked, and nothing is there to forget`);
  }
  await client.close();
}
