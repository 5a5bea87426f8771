// The run as a table.

const pad = (text, width) => String(text).padEnd(width);
const left = (text, width) => String(text).padStart(width);
const ms = (value) => (value === undefined ? "" : value < 10 ? value.toFixed(1) : value.toFixed(0));

export function table({ metrics, root_group }, { TARGET, duration, rate, tools }) {
  const value = (metric, name) => metrics[metric]?.values[name];
  const lines = ["", `${TARGET}: ${rate} requests per second offered for ${duration}`, ""];

  const head = ["calls", "p50 ms", "p95 ms", "p99 ms", "max ms"];
  lines.push(pad("", 36) + head.map((text) => left(text, 9)).join(""));
  for (const [label, metric] of [
    ...tools.map((tool) => [tool, `http_req_duration{tool:${tool}}`]),
    ["all", "http_req_duration{scenario:conversations}"],
  ]) {
    const of = (name) => value(metric, name);
    const cells = [of("count") ?? 0, ...["p(50)", "p(95)", "p(99)", "max"].map((name) => (of("count") ? ms(of(name)) : ""))];
    lines.push(pad(label, 36) + cells.map((cell) => left(cell, 9)).join(""));
  }

  lines.push("", "Thresholds");
  for (const [name, { values, thresholds }] of Object.entries(metrics).sort(([a], [b]) => (a < b ? -1 : 1))) {
    for (const [rule, { ok }] of Object.entries(thresholds ?? {})) {
      const measured = values[rule.match(/^[a-z]+(\(\d+\))?/)[0]] ?? 0;
      const shown = Math.abs(measured) >= 10 ? measured.toFixed(1) : Number(measured.toFixed(4));
      lines.push(`  ${ok ? "pass" : "FAIL"}  ${pad(name, 62)}${pad(rule, 14)}${left(shown, 10)}`);
    }
  }

  const failed = root_group.checks.filter(({ fails }) => fails > 0);
  if (failed.length > 0) lines.push("", "Failed checks", ...failed.map(({ name, passes, fails }) => `  ${name}: ${fails} of ${passes + fails}`));

  lines.push("", `conversations led to their end   ${value("conversations_completed", "count") ?? 0}`);
  lines.push(`checks passed / failed           ${value("checks", "passes") ?? 0} / ${value("checks", "fails") ?? 0}`);
  lines.push(`turns without a free user         ${value("dropped_iterations", "count") ?? 0}`, "");
  return lines.join("\n");
}
