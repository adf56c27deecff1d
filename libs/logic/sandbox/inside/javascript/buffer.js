// `Buffer`: as much of Node's as an author needs to turn text into bytes and bytes into text.
(function (host) {
  "use strict";
  const readers = {
    utf8: (text) => host.utf8(text),
    latin1: (text) => host.ofLatin1(text),
    base64: (text) => fromBase64(text),
    base64url: (text) => fromBase64(text),
    hex: (text) => Uint8Array.fromHex(/^(?:[\da-f]{2})*/i.exec(text)[0]),
    utf16le: (text) => new Uint8Array(Uint16Array.from({ length: text.length }, (_, at) => text.charCodeAt(at)).buffer),
  };
  const writers = {
    utf8: (bytes) => host.text(bytes),
    latin1: (bytes) => host.latin1(bytes),
    ascii: (bytes) => host.latin1(bytes.map((byte) => byte & 0x7f)),
    base64: (bytes) => bytes.toBase64(),
    base64url: (bytes) => bytes.toBase64({ alphabet: "base64url", omitPadding: true }),
    hex: (bytes) => bytes.toHex(),
    utf16le: (bytes) => String.fromCharCode(...new Uint16Array(bytes.slice(0, bytes.length & ~1).buffer)),
  };
  const SAME = { "utf-8": "utf8", binary: "latin1", "ucs-2": "utf16le", ucs2: "utf16le", "utf-16le": "utf16le" };

  // Both alphabets, with or without padding; other signs are skipped.
  function fromBase64(text) {
    const signs = text
      .replace(/=.*$/s, "")
      .replace(/-/g, "+")
      .replace(/_/g, "/")
      .replace(/[^A-Za-z\d+/]/g, "");
    return Uint8Array.fromBase64(signs.length % 4 === 1 ? signs.slice(0, -1) : signs);
  }

  function coder(kinds, encoding) {
    const name = String(encoding ?? "utf8").toLowerCase();
    const known = SAME[name] ?? name;
    if (Object.hasOwn(kinds, known)) return kinds[known];
    if (known === "ascii") return kinds.latin1;
    throw new TypeError(`Unknown encoding: ${encoding}`);
  }

  const encoded = (text, encoding) => coder(readers, encoding)(text);

  class Buffer extends Uint8Array {
    static from(given, encoding, length) {
      if (typeof given === "string") return Buffer.#on(encoded(given, encoding));
      if (given instanceof ArrayBuffer) return new Buffer(given, encoding, length);
      if (given?.type === "Buffer" && Array.isArray(given.data)) return Buffer.from(given.data);
      if (ArrayBuffer.isView(given)) return Buffer.#on(new Uint8Array(given));
      if (given != null && typeof given === "object") return Buffer.#on(Uint8Array.from(given));
      throw new TypeError("Buffer.from needs text, bytes or an array of numbers");
    }

    static #on(bytes) {
      return new Buffer(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }

    static alloc(size, fill = 0, encoding = undefined) {
      return new Buffer(size).fill(fill, 0, size, encoding);
    }

    static allocUnsafe(size) {
      return new Buffer(size);
    }

    static concat(list, length = list.reduce((sum, bytes) => sum + bytes.length, 0)) {
      const joined = new Buffer(length);
      let at = 0;
      for (const bytes of list) {
        joined.set(bytes.subarray(0, length - at), at);
        at = Math.min(at + bytes.length, length);
      }
      return joined;
    }

    static byteLength(given, encoding) {
      return typeof given === "string" ? encoded(given, encoding).length : given.byteLength;
    }

    static compare(one, other) {
      return Buffer.prototype.compare.call(one, other);
    }

    static isBuffer(given) {
      return given instanceof Buffer;
    }

    static isEncoding(encoding) {
      const name = String(encoding).toLowerCase();
      return Object.hasOwn(writers, SAME[name] ?? name);
    }

    toString(encoding, start = 0, end = this.length) {
      return coder(
        writers,
        encoding,
      )(new Uint8Array(this.buffer, this.byteOffset, this.byteLength).subarray(start, end));
    }

    toJSON() {
      return { type: "Buffer", data: [...this] };
    }

    equals(other) {
      return this.compare(other) === 0;
    }

    compare(other) {
      for (let at = 0; at < Math.min(this.length, other.length); at += 1) {
        if (this[at] !== other[at]) return this[at] < other[at] ? -1 : 1;
      }
      return Math.sign(this.length - other.length);
    }

    // Like Node's, shares its bytes.
    slice(start, end) {
      return this.subarray(start, end);
    }

    fill(value, start = 0, end = this.length, encoding = undefined) {
      if (typeof value !== "string") return super.fill(value, start, end);
      const bytes = encoded(value, encoding);
      for (let at = start; at < end; at += 1) this[at] = bytes.length ? bytes[(at - start) % bytes.length] : 0;
      return this;
    }

    write(text, offset = 0) {
      const bytes = host.utf8(String(text)).subarray(0, this.length - offset);
      this.set(bytes, offset);
      return bytes.length;
    }

    indexOf(value, from = 0) {
      if (typeof value === "number") return super.indexOf(value, from);
      const bytes = typeof value === "string" ? host.utf8(value) : value;
      for (let at = from; at + bytes.length <= this.length; at += 1) {
        if (bytes.every((byte, place) => this[at + place] === byte)) return at;
      }
      return -1;
    }

    includes(value, from) {
      return this.indexOf(value, from) >= 0;
    }
  }

  for (const [name, size] of [
    ["UInt8", 1],
    ["Int8", 1],
    ["UInt16", 2],
    ["Int16", 2],
    ["UInt32", 4],
    ["Int32", 4],
  ]) {
    const [getter, setter] = [`get${name.replace("UInt", "Uint")}`, `set${name.replace("UInt", "Uint")}`];
    const view = (bytes) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (const order of size === 1 ? [""] : ["LE", "BE"]) {
      Buffer.prototype[`read${name}${order}`] = function (at = 0) {
        return view(this)[getter](at, order === "LE");
      };
      Buffer.prototype[`write${name}${order}`] = function (value, at = 0) {
        view(this)[setter](at, value, order === "LE");
        return at + size;
      };
    }
  }

  globalThis.Buffer = Buffer;
})
