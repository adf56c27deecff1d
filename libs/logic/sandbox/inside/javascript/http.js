// Requests to the host: queued here, fetched by the process between jobs; their answers settle promises.
(function (host) {
  "use strict";
  // How long a script that has returned still waits for answers that it didn't wait for itself.
  const LINGER_MS = 500;
  const now = performance.now.bind(performance);
  const calls = [];
  let until = 0;

  // The error is made where the script called, so that its stack names the script's line.
  host.call = (request, signal) => {
    const error = new TypeError("");
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      const id = calls.push({ resolve, reject, error });
      host.waiting += 1;
      const text = host.toText({ ...request, id });
      host.queued.push(text.includes("\\ud") ? host.wellFormed(text) : text);
      signal?.addEventListener("abort", () => {
        const open = taken(id);
        if (open) open.reject(signal.reason);
      });
    });
  };

  function taken(id) {
    const call = calls[id - 1];
    if (call) host.waiting -= 1;
    calls[id - 1] = undefined;
    return call;
  }

  const { poll } = host;
  host.poll = () => {
    if (host.done && host.waiting) {
      until ||= now() + LINGER_MS;
      host.queued.push(`{"wake":${Math.max(until - now(), 0)}}`);
    }
    return poll();
  };

  host.settle = (answer) => {
    if (answer.wake) {
      if (until && now() >= until - 1) host.waiting = 0;
      return;
    }
    const call = taken(answer.id);
    if (!call) return;
    if (!answer.error) {
      call.resolve(answer);
      return;
    }
    Object.assign(call.error, answer.error);
    call.reject(host.marked(call.error, answer.id));
  };

  host.lowered = (headers) => {
    const lowered = {};
    for (const name in headers) if (headers[name] != null) lowered[name.toLowerCase()] = String(headers[name]);
    return lowered;
  };

  // A body as {text} or {base64}.
  host.encoded = (body) => {
    if (body == null) return {};
    const bytes = body instanceof ArrayBuffer || ArrayBuffer.isView(body);
    return bytes ? { base64: host.view(body, "the body").toBase64() } : { text: String(body) };
  };

  host.bytes = ({ text, base64 }) => (base64 ? Uint8Array.fromBase64(base64) : host.utf8(text)).buffer;
})
