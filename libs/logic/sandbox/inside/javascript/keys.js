// Keys from PEM text: PKCS#1 and PKCS#8, SPKI, SEC1, and the key in an X.509 certificate.
(function (host) {
  "use strict";
  const BLOCK = /-----BEGIN ([A-Z\d ]+)-----([^-]*)-----END \1-----/g;
  const RSA = "2a864886f70d010101";
  const EC = "2a8648ce3d0201";
  const CURVES = { "2a8648ce3d030107": "P-256", "2b81040022": "P-384", "2b81040023": "P-521" };
  const [INTEGER, BITS, OCTETS, OID, SEQUENCE, FIRST, SECOND] = [0x02, 0x03, 0x04, 0x06, 0x30, 0xa0, 0xa1];

  const broken = () => new Error("the key's PEM text is not a key that can be read");

  // The parts of a DER value one after another: their tags and contents, every length checked.
  class Reader {
    constructor(bytes) {
      this.bytes = bytes;
      this.at = 0;
    }

    get ended() {
      return this.at === this.bytes.length;
    }

    next() {
      const tag = this.#byte();
      const length = this.#length();
      if (this.at + length > this.bytes.length) throw broken();
      this.at += length;
      return [tag, this.bytes.subarray(this.at - length, this.at)];
    }

    take(expected) {
      const [tag, content] = this.next();
      if (tag !== expected) throw broken();
      return content;
    }

    inside() {
      return new Reader(this.take(SEQUENCE));
    }

    number() {
      const bytes = this.take(INTEGER);
      if (bytes.length === 0 || bytes[0] > 0x7f) throw broken();
      return host.number(bytes);
    }

    bits() {
      const bytes = this.take(BITS);
      if (bytes[0] !== 0) throw broken();
      return bytes.subarray(1);
    }

    #byte() {
      if (this.ended) throw broken();
      this.at += 1;
      return this.bytes[this.at - 1];
    }

    #length() {
      const first = this.#byte();
      if (first < 0x80) return first;
      if (first === 0x80 || first > 0x84) throw broken();
      let length = 0;
      for (let left = first & 0x7f; left > 0; left -= 1) length = length * 256 + this.#byte();
      return length;
    }
  }

  host.number = (bytes) => BigInt(`0x${bytes.toHex() || "0"}`);

  // A number as so many bytes, the highest first.
  host.bytesOfNumber = (number, length) => Uint8Array.fromHex(number.toString(16).padStart(length * 2, "0"));

  function rsaPrivate(bytes) {
    const reader = new Reader(bytes).inside();
    if (reader.number() !== 0n) throw broken();
    const [n, e, d, p, q, dp, dq, qi] = Array.from({ length: 8 }, () => reader.number());
    if (p * q !== n) throw broken();
    return { kind: "rsa", isPrivate: true, n, e, d, p, q, dp, dq, qi };
  }

  function rsaPublic(bytes) {
    const reader = new Reader(bytes).inside();
    return { kind: "rsa", isPrivate: false, n: reader.number(), e: reader.number() };
  }

  function curveOf(oid) {
    const curve = CURVES[oid.toHex()];
    if (!curve) throw new Error("the key's curve is not supported, only P-256, P-384 and P-521");
    return curve;
  }

  function ecPrivate(bytes, given = undefined) {
    const reader = new Reader(bytes).inside();
    if (reader.number() !== 1n) throw broken();
    const d = host.number(reader.take(OCTETS));
    let curve = given;
    while (!reader.ended) {
      const [tag, content] = reader.next();
      if (tag === FIRST) curve ??= curveOf(new Reader(content).take(OID));
      else if (tag !== SECOND) throw broken();
    }
    if (!curve) throw broken();
    return { kind: "ec", isPrivate: true, curve, d };
  }

  function ecPublic(bytes, curve) {
    const size = (bytes.length - 1) / 2;
    if (bytes[0] !== 4) throw new Error("the key's point must be uncompressed");
    const [x, y] = [bytes.subarray(1, 1 + size), bytes.subarray(1 + size)].map(host.number);
    return { kind: "ec", isPrivate: false, curve, x, y };
  }

  // The kind of key that an algorithm identifier names: "rsa", or an elliptic curve.
  function algorithm(reader) {
    const inside = reader.inside();
    const oid = inside.take(OID).toHex();
    if (oid === RSA) return "rsa";
    if (oid === EC) return curveOf(inside.take(OID));
    throw new Error("the key's kind is not supported, only RSA and elliptic curves are");
  }

  function pkcs8(bytes) {
    const reader = new Reader(bytes).inside();
    reader.number();
    const kind = algorithm(reader);
    const inner = reader.take(OCTETS);
    return kind === "rsa" ? rsaPrivate(inner) : ecPrivate(inner, kind);
  }

  function spki(bytes) {
    const reader = new Reader(bytes).inside();
    const kind = algorithm(reader);
    return kind === "rsa" ? rsaPublic(reader.bits()) : ecPublic(reader.bits(), kind);
  }

  function certificate(bytes) {
    const reader = new Reader(bytes).inside().inside();
    if (reader.bytes[0] === FIRST) reader.next();
    // Serial number, signature algorithm, issuer, validity and subject come before the key.
    for (let skipped = 0; skipped < 5; skipped += 1) reader.next();
    const start = reader.at;
    reader.next();
    return spki(reader.bytes.subarray(start, reader.at));
  }

  const FORMS = {
    "RSA PRIVATE KEY": rsaPrivate,
    "RSA PUBLIC KEY": rsaPublic,
    "EC PRIVATE KEY": ecPrivate,
    "PRIVATE KEY": pkcs8,
    "PUBLIC KEY": spki,
    CERTIFICATE: certificate,
  };

  host.isPem = (text) => text.includes("-----BEGIN ");

  host.keyOf = (text) => {
    if (text.includes("ENCRYPTED")) throw new Error("the key is encrypted: give it without a passphrase");
    for (const [, label, content] of text.matchAll(BLOCK)) {
      const form = Object.hasOwn(FORMS, label) && FORMS[label];
      if (form) return form(decoded(content));
    }
    throw broken();
  };

  function decoded(content) {
    try {
      return Uint8Array.fromBase64(content);
    } catch {
      throw broken();
    }
  }
})
