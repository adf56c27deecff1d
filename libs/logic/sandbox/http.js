// Requests to the host: queued here, fetched by the process between jobs; their answers settle promises.
(function (host) {
  const calls = [];

  // The error is made where the script called, so that its stack names the script's line.
  host.call = (request) => {
    const error = new Error("");
    return new Promise((resolve, reject) => {
      calls.push({ resolve, reject, error });
      host.waiting += 1;
      host.queued.push(host.toText({ ...request, id: calls.length }));
    });
  };

  host.settle = (answer) => {
    const { resolve, reject, error } = calls[answer.id - 1];
    host.waiting -= 1;
    if (!answer.error) {
      resolve(answer);
      return;
    }
    Object.assign(error, answer.error);
    reject(host.marked(error, answer.id));
  };

  host.lowered = (headers) => {
    const lowered = {};
    for (const name in headers) if (headers[name] != null) lowered[name.toLowerCase()] = String(headers[name]);
    return lowered;
  };

  // A body as {text} or {base64}.
  host.encoded = (body) => {
    if (body == null) return {};
    if (body instanceof ArrayBuffer) return { base64: new Uint8Array(body).toBase64() };
    if (!ArrayBuffer.isView(body)) return { text: String(body) };
    return { base64: new Uint8Array(body.buffer, body.byteOffset, body.byteLength).toBase64() };
  };

  host.bytes = ({ text, base64 }) => (base64 ? Uint8Array.fromBase64(base64) : host.utf8(text)).buffer;
})
