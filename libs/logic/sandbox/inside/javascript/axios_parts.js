// Parts of `$.axios`: headers that are the same in any case of their letters, and interceptors.
(function (host) {
  "use strict";

  // Its members are the headers, under lower-case names. Reading one finds it however it is written.
  class AxiosHeaders {
    constructor(given) {
      this.add(given);
      return new Proxy(this, { get: read });
    }

    add(given) {
      if (given != null) for (const [name, value] of pairs(given)) this.set(name, value);
      return this;
    }

    // With `rewrite` false only if there is none.
    set(name, value, rewrite) {
      if (typeof name === "object") return this.add(name);
      const key = found(this, name) ?? String(name).toLowerCase();
      if (rewrite === false && this[key] != null) return this;
      if (key !== key.toLowerCase()) delete this[key];
      if (value != null && value !== false)
        this[key.toLowerCase()] = Array.isArray(value) ? value.map(String).join(", ") : String(value);
      return this;
    }

    get(name) {
      return this[found(this, name)];
    }

    has(name) {
      return found(this, name) !== undefined;
    }

    delete(name) {
      const key = found(this, name);
      return key !== undefined && delete this[key];
    }

    setContentType(value, rewrite) {
      return this.set("content-type", value, rewrite);
    }

    getContentType() {
      return this.get("content-type");
    }

    setAuthorization(value, rewrite) {
      return this.set("authorization", value, rewrite);
    }

    getAuthorization() {
      return this.get("authorization");
    }

    toJSON() {
      return { ...this };
    }

    [Symbol.iterator]() {
      return Object.entries(this)[Symbol.iterator]();
    }
  }

  const pairs = (given) => (typeof given[Symbol.iterator] === "function" ? given : Object.entries(given));

  // The last one written wins, as an author who assigns a member means it.
  function found(headers, name) {
    const wanted = String(name).toLowerCase();
    return Object.keys(headers).findLast((key) => key.toLowerCase() === wanted);
  }

  function read(headers, name) {
    if (typeof name !== "string" || name in headers) return headers[name];
    return headers[found(headers, name)];
  }

  class Interceptors {
    #all = [];

    use(done, failed, options) {
      this.#all.push({ done, failed, applies: options?.runWhen });
      return this.#all.length - 1;
    }

    eject(id) {
      if (this.#all[id]) this.#all[id] = null;
    }

    clear() {
      this.#all = [];
    }

    list() {
      return this.#all.filter(Boolean);
    }
  }

  host.axiosParts = { Headers: AxiosHeaders, Interceptors };
})
