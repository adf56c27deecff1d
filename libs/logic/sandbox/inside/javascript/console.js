// `console`: what a script prints is kept with its execution.
(function (host) {
  "use strict";
  // One more than are kept, so that the service sees that there were more.
  const MOST_LINES = 201;
  const LONGEST_LINE = 2000;

  function shown(value) {
    if (typeof value === "string") return value;
    try {
      return value instanceof Error ? String(value) : (host.toText(value) ?? String(value));
    } catch {
      return String(value);
    }
  }

  function print(...values) {
    if (host.lines.length === MOST_LINES) return;
    host.lines.push(values.map(shown).join(" ").slice(0, LONGEST_LINE));
  }

  const names = ["log", "info", "warn", "error", "debug", "trace", "dir", "table"];
  globalThis.console = Object.fromEntries(names.map((name) => [name, print]));
})
