// TextEncoder and TextDecoder, for UTF-8.
(function (host) {
  "use strict";

  const SECOND = { 0xe0: [0xa0, 0xbf], 0xed: [0x80, 0x9f], 0xf0: [0x90, 0xbf], 0xf4: [0x80, 0x8f] };

  function lengthOf(first) {
    if (first >= 0xc2 && first < 0xe0) return 2;
    if (first >= 0xe0 && first < 0xf0) return 3;
    return first >= 0xf0 && first < 0xf5 ? 4 : 1;
  }

  // The code point at a position and the bytes it takes; -1 for bytes that are not UTF-8.
  function codePointAt(bytes, at) {
    const first = bytes[at];
    if (first < 0x80) return [first, 1];
    const length = lengthOf(first);
    if (length === 1) return [-1, 1];
    let point = first & (0x7f >> length);
    for (let taken = 1; taken < length; taken += 1) {
      const [least, most] = (taken === 1 && SECOND[first]) || [0x80, 0xbf];
      const next = bytes[at + taken];
      if (!(next >= least && next <= most)) return [-1, taken];
      point = (point << 6) | (next & 0x3f);
    }
    return [point, length];
  }

  function repaired(bytes) {
    const parts = [];
    for (let at = 0; at < bytes.length;) {
      const [point, length] = codePointAt(bytes, at);
      parts.push(String.fromCodePoint(point < 0 ? 0xfffd : point));
      at += length;
    }
    return parts.join("");
  }

  // The text of UTF-8 bytes; what is none of it becomes U+FFFD, or is an error.
  host.text = (bytes, fatal = false) => {
    try {
      return decodeURIComponent(escape(host.latin1(bytes)));
    } catch {
      if (fatal) throw new TypeError("the bytes are not UTF-8");
      return repaired(bytes);
    }
  };

  class TextEncoder {
    encoding = "utf-8";

    encode(text = "") {
      return host.utf8(String(text));
    }

    encodeInto(text, target) {
      let [read, written] = [0, 0];
      for (const sign of String(text)) {
        const bytes = host.utf8(sign);
        if (written + bytes.length > target.length) break;
        target.set(bytes, written);
        read += sign.length;
        written += bytes.length;
      }
      return { read, written };
    }
  }

  class TextDecoder {
    encoding = "utf-8";

    constructor(label = "utf-8", options = {}) {
      if (!/^(unicode-1-1-)?utf-?8$/i.test(String(label).trim())) throw new RangeError("TextDecoder knows only utf-8");
      this.fatal = Boolean(options?.fatal);
      this.ignoreBOM = Boolean(options?.ignoreBOM);
    }

    decode(given = new Uint8Array(), options = {}) {
      if (options?.stream) throw new TypeError("TextDecoder decodes a whole text at once, not as a stream");
      const bytes = host.view(given, "what is to be decoded");
      const marked = !this.ignoreBOM && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
      return host.text(marked ? bytes.subarray(3) : bytes, this.fatal);
    }
  }

  Object.assign(globalThis, { TextEncoder, TextDecoder });
})
