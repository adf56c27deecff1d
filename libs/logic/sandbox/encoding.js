// TextEncoder and TextDecoder, for UTF-8.
(function () {
  "use strict";

  class TextEncoder {
    encoding = "utf-8";

    encode(text = "") {
      const signs = unescape(encodeURIComponent(String(text).toWellFormed()));
      return Uint8Array.from(signs, (sign) => sign.charCodeAt(0));
    }
  }

  // Length of the sequence that a first byte begins, and the smallest code point it may stand for.
  function sequence(first) {
    if (first >= 0xc2 && first < 0xe0) return [2, 0x80];
    if (first >= 0xe0 && first < 0xf0) return [3, 0x800];
    if (first >= 0xf0 && first < 0xf5) return [4, 0x10000];
    return [1, 0];
  }

  // The code point at a position and the bytes it takes; -1 for bytes that are not UTF-8.
  function codePointAt(bytes, at) {
    const first = bytes[at];
    if (first < 0x80) return [first, 1];
    const [length, smallest] = sequence(first);
    if (length === 1) return [-1, 1];
    let point = first & (0x7f >> length);
    for (let taken = 1; taken < length; taken += 1) {
      const next = bytes[at + taken];
      if (next === undefined || (next & 0xc0) !== 0x80) return [-1, taken];
      point = (point << 6) | (next & 0x3f);
    }
    const valid = point >= smallest && point <= 0x10ffff && (point < 0xd800 || point > 0xdfff);
    return valid ? [point, length] : [-1, 1];
  }

  class TextDecoder {
    encoding = "utf-8";

    constructor(label = "utf-8", options = {}) {
      if (!/^utf-?8$/i.test(label)) throw new RangeError("TextDecoder knows only utf-8");
      this.fatal = options.fatal === true;
    }

    decode(given = new Uint8Array()) {
      const bytes = given instanceof ArrayBuffer
        ? new Uint8Array(given)
        : new Uint8Array(given.buffer, given.byteOffset, given.byteLength);
      const marked = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
      const parts = [];
      for (let at = marked ? 3 : 0; at < bytes.length;) {
        const [point, length] = codePointAt(bytes, at);
        if (point < 0 && this.fatal) throw new TypeError("the bytes are not UTF-8");
        parts.push(String.fromCodePoint(point < 0 ? 0xfffd : point));
        at += length;
      }
      return parts.join("");
    }
  }

  Object.assign(globalThis, { TextEncoder, TextDecoder });
})
