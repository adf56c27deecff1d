// Bytes: of text, of whatever kind of buffer an author has, and in base64.
(function (host) {
  "use strict";
  // The engine's own base64 is by far the quickest way between bytes and text.
  const { atob, btoa } = globalThis;

  // Text whose signs are the bytes.
  host.latin1 = (bytes) => atob(bytes.toBase64());

  host.ofLatin1 = (text) => {
    if (/[^\0-\xff]/.test(text)) return Uint8Array.from({ length: text.length }, (_, at) => text.charCodeAt(at));
    return Uint8Array.fromBase64(btoa(text));
  };

  host.utf8 = (text) => host.ofLatin1(unescape(encodeURIComponent(text.toWellFormed())));

  // The bytes of a buffer or of a view on one, not copied.
  host.view = (data, what) => {
    if (data instanceof ArrayBuffer) return new Uint8Array(data);
    if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    throw new TypeError(`${what} must be an ArrayBuffer or a typed array, such as new TextEncoder().encode(text)`);
  };
})
