// `$.jsonwebtoken`: sign, verify and decode as the npm package of that name, without "none".
(function (host) {
  "use strict";
  const HASHES = { 256: "SHA-256", 384: "SHA-384", 512: "SHA-512" };
  const CURVES = { ES256: "P-256", ES384: "P-384", ES512: "P-521" };
  const KINDS = { HS: "secret", RS: "rsa", ES: "ec" };
  const ALGORITHMS = Object.keys(KINDS).flatMap((kind) => Object.keys(HASHES).map((bits) => kind + bits));
  const CLAIMS = { audience: "aud", issuer: "iss", subject: "sub", jwtid: "jti" };
  const SPAN = 'should be a number of seconds or string representing a timespan eg: "1d", "20h", 60';
  const LEAST_BITS = 2048;
  const UNITS = [
    [/^(milliseconds?|msecs?|ms)?$/, 0.001],
    [/^(seconds?|secs?|s)$/, 1],
    [/^(minutes?|mins?|m)$/, 60],
    [/^(hours?|hrs?|h)$/, 3600],
    [/^(days?|d)$/, 86400],
    [/^(weeks?|w)$/, 604800],
    [/^(years?|yrs?|y)$/, 31557600],
  ];

  class JsonWebTokenError extends Error {
    constructor(message, inner = undefined) {
      super(message);
      this.name = "JsonWebTokenError";
      if (inner) this.inner = inner;
    }
  }

  class TokenExpiredError extends JsonWebTokenError {
    constructor(message, expiredAt) {
      super(message);
      this.name = "TokenExpiredError";
      this.expiredAt = expiredAt;
    }
  }

  class NotBeforeError extends JsonWebTokenError {
    constructor(message, date) {
      super(message);
      this.name = "NotBeforeError";
      this.date = date;
    }
  }

  const encode = (bytes) => bytes.toBase64({ alphabet: "base64url", omitPadding: true });
  const encodeJson = (value) => encode(host.utf8(host.toText(value)));
  const seconds = () => Math.floor(Date.now() / 1000);

  // Bytes of base64url text; undefined unless it is the one way to write them.
  function decodeBytes(part) {
    try {
      const bytes = Uint8Array.fromBase64(part, { alphabet: "base64url" });
      return encode(bytes) === part ? bytes : undefined;
    } catch {
      return undefined;
    }
  }

  // When a span of time after a moment ends, in seconds; undefined when it is not one.
  function after(span, moment) {
    if (typeof span === "number") return moment + span;
    const [, number, unit = ""] = /^(-?\d*\.?\d+) *([a-z]*)$/i.exec(span) ?? [];
    const factor = UNITS.find(([names]) => names.test(unit.toLowerCase()))?.[1];
    return number === undefined || !factor ? undefined : Math.floor(moment + Number(number) * factor);
  }

  // A secret, or the key that PEM text holds: PEM is never used as a secret.
  function keyOf(given, fault) {
    const value = given?.key ?? given;
    if (given?.passphrase !== undefined) throw fault("a key with a passphrase is not supported");
    const isBytes = value instanceof ArrayBuffer || ArrayBuffer.isView(value);
    if (!isBytes && typeof value !== "string") throw fault("the key must be text or bytes");
    const bytes = isBytes ? host.view(value, "the key").slice() : host.utf8(value);
    if (bytes.length === 0) throw fault("the key is empty");
    const pem = isBytes ? host.latin1(bytes) : value;
    if (!host.isPem(pem)) return { kind: "secret", isPrivate: true, bytes };
    try {
      return host.keyOf(pem);
    } catch (error) {
      throw fault(error.message);
    }
  }

  function checkKey(key, algorithm, name, fault) {
    const kind = KINDS[algorithm.slice(0, 2)];
    if (kind === "secret" && key.kind !== kind) throw fault(`${name} must be a symmetric key when using ${algorithm}`);
    if (kind !== "secret" && key.kind === "secret")
      throw fault(`${name} must be an asymmetric key when using ${algorithm}`);
    if (key.kind !== kind) throw fault(`"alg" parameter ${algorithm} does not fit the kind of key, ${key.kind}`);
    if (kind === "ec" && CURVES[algorithm] !== key.curve)
      throw fault(`"alg" parameter ${algorithm} does not fit the key's curve, ${key.curve}`);
  }

  function signature(key, algorithm, message) {
    const hash = HASHES[algorithm.slice(2)];
    if (key.kind === "secret") return host.hmac(hash, key.bytes, message);
    return key.kind === "rsa" ? host.rsaSign(key, hash, message) : host.ecSign(key, hash, message);
  }

  function isSigned(key, algorithm, message, signed) {
    const hash = HASHES[algorithm.slice(2)];
    if (key.kind === "secret") return host.sameBytes(host.hmac(hash, key.bytes, message), signed);
    return key.kind === "rsa" ? host.rsaVerify(key, hash, message, signed) : host.ecVerify(key, hash, message, signed);
  }

  const isText = (value) => typeof value === "string";
  const isSpan = (value) => Number.isInteger(value) || (isText(value) && value !== "");
  const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
  const OPTIONS = {
    algorithm: [(value) => ALGORITHMS.includes(value), `must be one of ${ALGORITHMS.join(", ")}`],
    expiresIn: [isSpan, "should be a number of seconds or string representing a timespan"],
    notBefore: [isSpan, "should be a number of seconds or string representing a timespan"],
    audience: [(value) => isText(value) || Array.isArray(value), "must be a string or array"],
    issuer: [isText, "must be a string"],
    subject: [isText, "must be a string"],
    jwtid: [isText, "must be a string"],
    keyid: [isText, "must be a string"],
    header: [isObject, "must be an object"],
    noTimestamp: [(value) => typeof value === "boolean", "must be a boolean"],
    mutatePayload: [(value) => typeof value === "boolean", "must be a boolean"],
  };

  function checkOptions(options) {
    for (const name of Object.keys(options)) {
      if (!Object.hasOwn(OPTIONS, name)) throw new Error(`"${name}" is not allowed in "options"`);
      const [holds, told] = OPTIONS[name];
      if (options[name] !== undefined && !holds(options[name])) throw new Error(`"${name}" ${told}`);
    }
  }

  function checkPayload(payload, options) {
    for (const claim of ["iat", "exp", "nbf"]) {
      const value = payload[claim];
      if (value !== undefined && !Number.isFinite(value)) throw new Error(`"${claim}" should be a number of seconds`);
    }
    for (const [name, claim] of Object.entries({ expiresIn: "exp", notBefore: "nbf", ...CLAIMS })) {
      if (options[name] === undefined || payload[claim] === undefined) continue;
      throw new Error(`Bad "options.${name}" option. The payload already has an "${claim}" property.`);
    }
  }

  function claims(payload, options) {
    checkPayload(payload, options);
    const made = options.mutatePayload ? payload : { ...payload };
    const now = made.iat || seconds();
    if (options.noTimestamp) delete made.iat;
    else made.iat = now;
    for (const [name, claim] of [
      ["notBefore", "nbf"],
      ["expiresIn", "exp"],
    ]) {
      if (options[name] === undefined) continue;
      made[claim] = after(options[name], now);
      if (made[claim] === undefined) throw new Error(`"${name}" ${SPAN}`);
    }
    for (const name in CLAIMS) if (options[name] !== undefined) made[CLAIMS[name]] = options[name];
    return made;
  }

  function checkText(options, type) {
    const wrong = ["expiresIn", "notBefore", "noTimestamp", ...Object.keys(CLAIMS)].filter(
      (name) => options[name] !== undefined,
    );
    if (wrong.length) throw new Error(`invalid ${wrong.join(",")} option for ${type} payload`);
  }

  function signed(payload, secretOrPrivateKey, options) {
    if (!secretOrPrivateKey) throw new Error("secretOrPrivateKey must have a value");
    if (payload === undefined) throw new Error("payload is required");
    checkOptions(options);
    const structured = isObject(payload) || Array.isArray(payload);
    const header = {
      alg: options.algorithm ?? "HS256",
      typ: structured ? "JWT" : undefined,
      kid: options.keyid,
      ...options.header,
    };
    if (!ALGORITHMS.includes(header.alg)) throw new Error(`"algorithm" must be one of ${ALGORITHMS.join(", ")}`);
    const key = keyOf(secretOrPrivateKey, (why) => new Error(`secretOrPrivateKey is not valid: ${why}`));
    checkKey(key, header.alg, "secretOrPrivateKey", (why) => new Error(why));
    if (!key.isPrivate) throw new Error(`secretOrPrivateKey must be a private key when using ${header.alg}`);
    if (key.kind === "rsa" && host.rsaBits(key) < LEAST_BITS)
      throw new Error(`secretOrPrivateKey has a minimum key size of ${LEAST_BITS} bits for ${header.alg}`);
    if (!structured) checkText(options, typeof payload);
    const body = structured ? encodeJson(claims(payload, options)) : encode(host.utf8(String(payload)));
    const message = `${encodeJson(header)}.${body}`;
    return `${message}.${encode(signature(key, header.alg, host.utf8(message)))}`;
  }

  function parsed(part) {
    const bytes = decodeBytes(part);
    return bytes === undefined ? undefined : host.text(bytes);
  }

  function payloadOf(part) {
    const content = parsed(part);
    try {
      const value = JSON.parse(content);
      return isObject(value) || Array.isArray(value) ? value : content;
    } catch {
      return content;
    }
  }

  function taken(token) {
    if (!/^[\w-]+\.[\w-]+\.[\w-]*$/.test(token)) return null;
    const [head, body, signature] = token.split(".");
    try {
      const header = JSON.parse(parsed(head));
      const payload = payloadOf(body);
      return isObject(header) && payload !== undefined ? { header, payload, signature } : null;
    } catch {
      return null;
    }
  }

  function decode(token, options = {}) {
    const found = taken(String(token));
    return options?.complete ? found : (found?.payload ?? null);
  }

  const fault = (message) => new JsonWebTokenError(message);

  function checkTimes(payload, options, now) {
    const tolerance = options.clockTolerance || 0;
    if (payload.nbf !== undefined && !options.ignoreNotBefore) {
      if (typeof payload.nbf !== "number") throw fault("invalid nbf value");
      if (payload.nbf > now + tolerance) throw new NotBeforeError("jwt not active", new Date(payload.nbf * 1000));
    }
    if (payload.exp !== undefined && !options.ignoreExpiration) {
      if (typeof payload.exp !== "number") throw fault("invalid exp value");
      if (now >= payload.exp + tolerance) throw new TokenExpiredError("jwt expired", new Date(payload.exp * 1000));
    }
    if (options.maxAge === undefined) return;
    if (typeof payload.iat !== "number") throw fault("iat required when maxAge is specified");
    const oldest = after(options.maxAge, payload.iat);
    if (oldest === undefined) throw fault(`"maxAge" ${SPAN}`);
    if (now >= oldest + tolerance) throw new TokenExpiredError("maxAge exceeded", new Date(oldest * 1000));
  }

  const listed = (value) => (Array.isArray(value) ? value : [value]);

  function checkClaims(payload, options) {
    const { audience, issuer, subject, jwtid, nonce } = options;
    if (audience !== undefined) {
      const fits = (said) =>
        listed(audience).some((wanted) =>
          wanted instanceof RegExp ? said !== undefined && wanted.test(said) : wanted === said,
        );
      if (!listed(payload.aud).some(fits))
        throw fault(`jwt audience invalid. expected: ${listed(audience).join(" or ")}`);
    }
    if (issuer !== undefined && !listed(issuer).includes(payload.iss))
      throw fault(`jwt issuer invalid. expected: ${issuer}`);
    if (subject !== undefined && payload.sub !== subject) throw fault(`jwt subject invalid. expected: ${subject}`);
    if (jwtid !== undefined && payload.jti !== jwtid) throw fault(`jwt jwtid invalid. expected: ${jwtid}`);
    if (nonce !== undefined && payload.nonce !== nonce) throw fault(`jwt nonce invalid. expected: ${nonce}`);
  }

  function opened(token) {
    if (!token) throw fault("jwt must be provided");
    if (!isText(token)) throw fault("jwt must be a string");
    if (token.split(".").length !== 3) throw fault("jwt malformed");
    const found = taken(token);
    if (!found) throw fault("invalid token");
    if (found.signature === "") throw fault("jwt signature is required");
    return found;
  }

  function verified(token, found, secretOrPublicKey, options) {
    const { header, payload } = found;
    if (!secretOrPublicKey) throw fault("secret or public key must be provided");
    const key = keyOf(secretOrPublicKey, (why) => fault(`secretOrPublicKey is not valid key material: ${why}`));
    const allowed = options.algorithms ?? ALGORITHMS.filter((name) => KINDS[name.slice(0, 2)] === key.kind);
    if (!Array.isArray(allowed) || !allowed.includes(header.alg) || !ALGORITHMS.includes(header.alg))
      throw fault("invalid algorithm");
    if (header.crit !== undefined) throw fault('the header\'s "crit" is not supported');
    checkKey(key, header.alg, "secretOrPublicKey", fault);
    const bytes = decodeBytes(found.signature);
    const message = host.utf8(token.slice(0, token.lastIndexOf(".")));
    if (!bytes || !holds(key, header.alg, message, bytes)) throw fault("invalid signature");
    const now = options.clockTimestamp ?? seconds();
    if (typeof now !== "number") throw fault("clockTimestamp must be a number");
    checkTimes(payload, options, now);
    checkClaims(payload, options);
    return options.complete ? found : payload;
  }

  function holds(key, algorithm, message, bytes) {
    try {
      return isSigned(key, algorithm, message, bytes);
    } catch (error) {
      throw fault(`secretOrPublicKey is not valid key material: ${error.message}`);
    }
  }

  // Without a callback a function answers or throws at once; with one, it is called soon after.
  function answered(callback, make) {
    if (typeof callback !== "function") return make();
    let outcome;
    try {
      outcome = [null, make()];
    } catch (error) {
      outcome = [error];
    }
    queueMicrotask(() => callback(...outcome));
    return undefined;
  }

  function sign(payload, secretOrPrivateKey, options, callback) {
    if (typeof options === "function") [options, callback] = [undefined, options];
    return answered(callback, () => signed(payload, secretOrPrivateKey, options ?? {}));
  }

  function verify(token, secretOrPublicKey, options, callback) {
    if (typeof options === "function") [options, callback] = [undefined, options];
    const given = options ?? {};
    if (typeof secretOrPublicKey !== "function") {
      return answered(callback, () => verified(token, opened(token), secretOrPublicKey, given));
    }
    if (typeof callback !== "function")
      throw fault("verify must be called asynchronous if secret or public key is provided as a callback");
    let found;
    try {
      found = opened(token);
    } catch (error) {
      return answered(callback, () => {
        throw error;
      });
    }
    return secretOrPublicKey(found.header, (error, key) =>
      answered(callback, () => {
        if (error) throw fault(`error in secret or public key callback: ${error.message}`);
        return verified(token, found, key, given);
      }),
    );
  }

  (globalThis.$ ??= {}).jsonwebtoken = { sign, verify, decode, JsonWebTokenError, TokenExpiredError, NotBeforeError };
})
