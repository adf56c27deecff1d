// What every script runs in. It is compiled anew for each call, so it holds only what a script needs that
// goes well; the rest is in files of their own, evaluated when a script mentions it or when it fails.
(function () {
  const host = { toText: JSON.stringify, waiting: 0, queued: [], lines: [] };
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
    if (host.waiting && !host.threw) return `W[${host.queued.splice(0)}]`;
    if (!host.done || !host.text || host.lines.length || host.text.includes("\\ud")) return "";
    return `D{"value":${host.text}}`;
  };
  host.install = (library, entropy) => library(host, entropy);
  return (operation, ...given) => host[operation](...given);
})()
