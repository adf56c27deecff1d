// What every script runs in. It is compiled anew for each call, so it holds only what a script needs that
// goes well; the rest is in files of their own, evaluated when a script mentions it or when it fails.
(function () {
  "use strict";
  // Without a prototype, so that no setter of the author's on Object.prototype is ever handed it.
  const host = { __proto__: null, toText: JSON.stringify, waiting: 0, queued: [], lines: [] };
  // Deep enough for the author's line to be below our own; call sites would give away our functions.
  Error.stackTraceLimit = 50;
  Object.defineProperty(Error, "prepareStackTrace", { value: undefined, writable: false, configurable: false });
  host.give = (given) => {
    Object.assign(globalThis, given);
    globalThis.connector = given.service;
  };
  host.run = (script) => {
    script().then((value) => {
      host.value = value;
      host.text = host.toText(value);
      host.done = true;
    }).catch((error) => {
      host.threw = true;
      host.error = error;
    });
  };
  // Requests for the host, the plain result, or nothing when report.js has to put it into words.
  host.poll = () => {
    if (host.waiting && !host.threw) return ["W[", host.queued.splice(0), "]"].join("");
    if (!host.done || !host.text || host.lines.length || host.text.includes("\\ud")) return "";
    return ['D{"value":', host.text, "}"].join("");
  };
  // JSON.stringify writes half of a surrogate pair as an escape, which stands for no character.
  host.wellFormed = (text) =>
    text.replace(/\\(?:ud[89a-f][0-9a-f]{2}|.)/g, (found) => (found.length === 6 ? "\ufffd" : found));
  host.install = (library, entropy) => library(host, entropy);
  // Texts that were put together are ropes, which the binding can't read: every text leaves as a copy in one piece.
  const flat = Function.prototype.call.bind(String.prototype.slice);
  return (operation, given, more) => {
    const told = host[operation](given, more);
    return typeof told === "string" ? flat(told, 0) : undefined;
  };
})()
