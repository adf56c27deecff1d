// `fetch`, with as much of Headers and Response as an author needs of them.
(function (host) {
  "use strict";

  class Headers {
    #members = {};

    constructor(given) {
      if (given instanceof Headers) this.#members = { ...given.#members };
      else if (Array.isArray(given)) for (const [name, value] of given) this.append(name, value);
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
      return Object.entries(this.#members)[Symbol.iterator]();
    }

    keys() {
      return Object.keys(this.#members)[Symbol.iterator]();
    }

    values() {
      return Object.values(this.#members)[Symbol.iterator]();
    }

    [Symbol.iterator]() {
      return this.entries();
    }

    toJSON() {
      return this.#members;
    }
  }

  class Response {
    #answer;

    constructor(url, answer) {
      this.#answer = answer;
      this.url = url;
      this.status = answer.status;
      this.statusText = answer.statusText;
      this.ok = answer.status >= 200 && answer.status < 300;
      this.headers = new Headers(answer.headers);
      this.bodyUsed = false;
    }

    #read() {
      if (this.bodyUsed) throw new TypeError("the body has been read already");
      this.bodyUsed = true;
      return this.#answer;
    }

    async text() {
      return this.#read().text;
    }

    async json() {
      return JSON.parse(this.#read().text);
    }

    async arrayBuffer() {
      return host.bytes(this.#read());
    }
  }

  function defaultType(body) {
    if (typeof body === "string") return "text/plain;charset=UTF-8";
    const params = globalThis.URLSearchParams && body instanceof URLSearchParams;
    return params ? "application/x-www-form-urlencoded;charset=UTF-8" : null;
  }

  async function fetch(target, { method = "GET", headers, body } = {}) {
    const sent = new Headers(headers);
    const type = defaultType(body);
    if (type && !sent.has("content-type")) sent.set("content-type", type);
    const request = { method: method.toUpperCase(), url: String(target), headers: sent.toJSON() };
    const answer = await host.call({ ...request, ...host.encoded(body) });
    return new Response(request.url, answer);
  }

  Object.assign(globalThis, { Headers, Response, fetch });
})
