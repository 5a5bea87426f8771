// Calls of MCP tools, as stateless requests of revision 2026-07-28.
import http from "k6/http";
import { Rate } from "k6/metrics";

const revision = "2026-07-28";
const { TARGET, TOKEN, HOST_HEADER } = __ENV;

/** Share of calls that were not answered with a result. */
export const callsFailed = new Rate("calls_failed");

/** Makes one request and returns its result, or throws with what came instead. */
export function request(method, params = {}, timeout = "35s") {
  const headers = {
    "Content-Type": "application/json",
    Accept: "application/json, text/event-stream",
    "Mcp-Protocol-Version": revision,
    "Mcp-Method": method,
  };
  if (params.name) headers["Mcp-Name"] = params.name;
  if (TOKEN) headers.Authorization = `Bearer ${TOKEN}`;
  if (HOST_HEADER) headers.Host = HOST_HEADER;
  const _meta = {
    "io.modelcontextprotocol/protocolVersion": revision,
    "io.modelcontextprotocol/clientCapabilities": {},
  };
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params: { ...params, _meta } });
  const response = http.post(TARGET, body, { headers, timeout, tags: { name: method, tool: params.name ?? "" } });
  let answer;
  try {
    answer = response.json();
  } catch {
    throw new Error(`HTTP ${response.status}, no JSON: ${String(response.body).replace(/\s+/g, " ").slice(0, 100)}`);
  }
  if (!answer?.result) throw new Error(`HTTP ${response.status}: ${answer?.error?.message ?? JSON.stringify(answer).slice(0, 200)}`);
  return answer.result;
}

/** Calls a tool and returns its structured result, or undefined when it failed. */
export function call(tool, args) {
  let result, failure;
  try {
    result = request("tools/call", { name: tool, arguments: args });
    if (result.isError) failure = result.content?.[0]?.text;
  } catch (error) {
    failure = error.message;
  }
  callsFailed.add(failure !== undefined);
  if (failure === undefined) return result.structuredContent;
  console.warn(`${tool}: ${failure}`);
}
