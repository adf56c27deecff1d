// `fetch`, with as much of Headers, Request and Response as an author needs of them.
(function (host) {
  "use strict";
  const WITHOUT_BODY = ["GET", "HEAD"];

  class Headers {
    #members = {};

    constructor(given) {
      if (given == null) return;
      if (typeof given[Symbol.iterator] === "function") for (const [name, value] of given) this.append(name, value);
      else this.#members = host.lowered(given);
    }

    get(name) {
      return this.#members[String(name).toLowerCase()] ?? null;
    }

    has(name) {
      return this.get(name) !== null;
    }

    set(name, value) {
      this.#members[String(name).toLowerCase()] = String(value);
    }

    append(name, value) {
      this.set(name, this.has(name) ? `${this.get(name)}, ${value}` : value);
    }

    delete(name) {
      delete this.#members[String(name).toLowerCase()];
    }

    forEach(visit) {
      for (const [name, value] of this) visit(value, name, this);
    }

    entries() {
      return this.#sorted()[Symbol.iterator]();
    }

    keys() {
      return this.#sorted()
        .map(([name]) => name)
        [Symbol.iterator]();
    }

    values() {
      return this.#sorted()
        .map(([, value]) => value)
        [Symbol.iterator]();
    }

    #sorted() {
      return Object.entries(this.#members).sort(([one], [other]) => (one < other ? -1 : 1));
    }

    [Symbol.iterator]() {
      return this.entries();
    }

    toJSON() {
      return this.#members;
    }
  }

  const refused = (what) =>
    new DOMException(`${what} is not supported here: use text(), json() or arrayBuffer()`, "NotSupportedError");

  // What requests and responses have in common: a body that is read once.
  class Body {
    #content;

    constructor(content) {
      this.#content = content;
      this.bodyUsed = false;
    }

    static contentOf(body) {
      return body.#content;
    }

    #read() {
      if (this.bodyUsed) throw new TypeError("Body is unusable: it has been read already");
      this.bodyUsed = this.#content.text !== undefined || this.#content.base64 !== undefined;
      return this.#content;
    }

    async text() {
      const { text, base64 } = this.#read();
      return base64 ? host.text(Uint8Array.fromBase64(base64)) : (text ?? "");
    }

    async json() {
      return JSON.parse(await this.text());
    }

    async arrayBuffer() {
      return host.bytes({ text: "", ...this.#read() });
    }

    async bytes() {
      return new Uint8Array(await this.arrayBuffer());
    }

    async blob() {
      throw refused("blob()");
    }

    async formData() {
      throw refused("formData()");
    }

    get body() {
      if (this.#content.text === undefined && this.#content.base64 === undefined) return null;
      throw refused("a body as a stream");
    }
  }

  const { contentOf } = Body;
  delete Body.contentOf;

  function typed(headers, body) {
    const params = globalThis.URLSearchParams && body instanceof URLSearchParams;
    const text = typeof body === "string" ? "text/plain;charset=UTF-8" : null;
    const type = params ? "application/x-www-form-urlencoded;charset=UTF-8" : text;
    if (type && !headers.has("content-type")) headers.set("content-type", type);
    return headers;
  }

  class Response extends Body {
    constructor(body, { status = 200, statusText = "", headers } = {}) {
      if (!Number.isInteger(status) || status < 200 || status > 599) {
        throw new RangeError("the status must be between 200 and 599");
      }
      super(host.encoded(body));
      this.status = status;
      this.statusText = statusText;
      this.ok = status < 300;
      this.headers = typed(new Headers(headers), body);
      this.type = "default";
      this.url = "";
      this.redirected = false;
    }

    static json(data, init = {}) {
      const headers = new Headers(init.headers);
      if (!headers.has("content-type")) headers.set("content-type", "application/json");
      return new Response(host.toText(data), { ...init, headers });
    }

    clone() {
      if (this.bodyUsed) throw new TypeError("Response.clone: Body has already been consumed.");
      return made(contentOf(this), this);
    }
  }

  // A response around what came over the wire, whatever its status.
  function made({ text, base64 }, { status, statusText, headers, url = "", redirected = false, type = "basic" }) {
    const response = new Response(base64 ? Uint8Array.fromBase64(base64) : text);
    const ok = status >= 200 && status < 300;
    return Object.assign(response, { status, statusText, ok, headers: new Headers(headers), url, redirected, type });
  }

  class Request extends Body {
    constructor(target, init = {}) {
      const given = target instanceof Request ? { ...target, body: bodyOf(target), ...init } : init;
      const method = String(given.method ?? "GET").toUpperCase();
      if (given.body != null && WITHOUT_BODY.includes(method)) {
        throw new TypeError("Request with GET/HEAD method cannot have body.");
      }
      super(host.encoded(given.body));
      this.method = method;
      this.url = target instanceof Request ? target.url : String(target);
      this.headers = typed(new Headers(given.headers), given.body);
      this.redirect = given.redirect ?? "follow";
      this.signal = given.signal;
    }

    clone() {
      return new Request(this);
    }
  }

  function bodyOf(request) {
    const { text, base64 } = contentOf(request);
    return base64 ? Uint8Array.fromBase64(base64) : text;
  }

  async function fetch(target, init) {
    const request = new Request(target, init);
    const { method, url, headers, redirect, signal } = request;
    const maxRedirects = redirect === "follow" ? undefined : 0;
    const error = new TypeError("fetch failed: the answer is a redirect");
    const answer = await host.call({ method, url, headers, maxRedirects, ...contentOf(request) }, signal);
    if (redirect === "error" && answer.status >= 300 && answer.status < 400) throw error;
    return made(answer, { url, ...answer });
  }

  Object.assign(globalThis, { Headers, Request, Response, fetch });
})
