// Bytes: of text, of whatever kind of buffer an author has, and in base64.
(function (host) {
  "use strict";
  const { fromCharCode } = String;
  const PIECE = 8192;

  // Text whose signs are the bytes.
  host.latin1 = (bytes) => {
    let text = "";
    for (let at = 0; at < bytes.length; at += PIECE) text += fromCharCode.apply(null, bytes.subarray(at, at + PIECE));
    return text;
  };

  host.ofLatin1 = (text) => Uint8Array.from(text, (sign) => sign.charCodeAt(0));

  host.utf8 = (text) => host.ofLatin1(unescape(encodeURIComponent(text.toWellFormed())));

  // The bytes of a buffer or of a view on one, not copied.
  host.view = (data, what) => {
    if (data instanceof ArrayBuffer) return new Uint8Array(data);
    if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    throw new TypeError(`${what} must be an ArrayBuffer or a typed array, such as new TextEncoder().encode(text)`);
  };
})
