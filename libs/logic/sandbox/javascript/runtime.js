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
  // Requests for the host, the plain result, or nothing when report.js has to put it into words. Joined, as the
  // binding can't read what a template makes of long texts beyond Latin-1: a rope.
  host.poll = () => {
    if (host.waiting && !host.threw) return ["W[", host.queued.splice(0), "]"].join("");
    if (!host.done || !host.text || host.lines.length || host.text.includes("\\ud")) return "";
    return ['D{"value":', host.text, "}"].join("");
  };
  host.install = (library, entropy) => library(host, entropy);
  return (operation, given, more) => host[operation](given, more);
})()
