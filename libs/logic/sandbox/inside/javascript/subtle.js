// `crypto.subtle`: digests and HMAC; what else it has elsewhere is refused by name.
(function (host) {
  "use strict";
  const LONG_BYTES = 32768;

  const failure = (name, message) => new DOMException(message, name);

  function nameOf(algorithm) {
    return String(algorithm?.name ?? algorithm).toUpperCase();
  }

  function hashOf(algorithm) {
    const name = nameOf(algorithm);
    if (host.hashes.includes(name)) return name;
    throw failure("NotSupportedError", `the digest ${name} is not supported, only ${host.hashes.join(", ")}`);
  }

  class CryptoKey {
    #bytes;

    constructor(bytes, hash, extractable, usages) {
      this.#bytes = bytes;
      this.type = "secret";
      this.extractable = extractable;
      this.algorithm = { name: "HMAC", hash: { name: hash }, length: bytes.length * 8 };
      this.usages = usages;
      Object.freeze(this);
    }

    static bytesFor(key, usage) {
      if (!(key instanceof CryptoKey)) throw new TypeError("the key must come from crypto.subtle.importKey");
      if (key.usages.includes(usage)) return key.#bytes;
      throw failure("InvalidAccessError", `the key was not imported for "${usage}"`);
    }

    static exported(key) {
      if (key.extractable) return key.#bytes.slice().buffer;
      throw failure("InvalidAccessError", "the key was imported as not extractable");
    }
  }

  function onlyHmac(algorithm) {
    if (nameOf(algorithm) === "HMAC") return;
    throw failure("NotSupportedError", `the algorithm ${nameOf(algorithm)} is not supported, only HMAC`);
  }

  function onlyRaw(format) {
    if (format === "raw") return;
    throw failure("NotSupportedError", `the key format ${format} is not supported, only raw`);
  }

  // What is long is hashed by the host, which is a thousand times quicker at it.
  async function hashed(hash, bytes, key) {
    if (bytes.length <= LONG_BYTES) return key ? host.hmac(hash, key, bytes) : host.sha(hash, bytes);
    const made = await host.call({ hash, key: key?.toBase64(), base64: bytes.toBase64() });
    return Uint8Array.fromBase64(made.base64);
  }

  async function mac(algorithm, key, data, usage) {
    onlyHmac(algorithm);
    const bytes = CryptoKey.bytesFor(key, usage);
    return hashed(key.algorithm.hash.name, host.view(data, "the data"), bytes);
  }

  const subtle = {
    async digest(algorithm, data) {
      return (await hashed(hashOf(algorithm), host.view(data, "the data"))).buffer;
    },

    async importKey(format, data, algorithm, extractable, usages) {
      onlyRaw(format);
      onlyHmac(algorithm);
      const bytes = host.view(data, "the key").slice();
      if (bytes.length === 0) throw failure("DataError", "the key is empty");
      const unknown = [...usages].find((usage) => usage !== "sign" && usage !== "verify");
      if (unknown !== undefined) throw new SyntaxError(`an HMAC key can't be used to ${unknown}`);
      return new CryptoKey(bytes, hashOf(algorithm.hash), Boolean(extractable), [...usages]);
    },

    async exportKey(format, key) {
      onlyRaw(format);
      return CryptoKey.exported(key);
    },

    async sign(algorithm, key, data) {
      return (await mac(algorithm, key, data, "sign")).buffer;
    },

    async verify(algorithm, key, signature, data) {
      const given = host.view(signature, "the signature").slice();
      return host.sameBytes(await mac(algorithm, key, data, "verify"), given);
    },
  };

  const missing = ["encrypt", "decrypt", "deriveBits", "deriveKey", "generateKey", "wrapKey", "unwrapKey"];
  for (const name of missing) {
    subtle[name] = async () => {
      throw failure("NotSupportedError", `crypto.subtle.${name} is not supported, only digests and HMAC are`);
    };
  }

  crypto.subtle = subtle;
  Object.assign(globalThis, { CryptoKey });
})
