// URL and URLSearchParams, after the WHATWG standard for http, https, ws, wss and ftp addresses.
(function () {
  "use strict";
  const PORTS = { "http:": "80", "https:": "443", "ws:": "80", "wss:": "443", "ftp:": "21" };
  const ABSOLUTE = /^([a-z][a-z\d+.-]*:)(.*)$/is;
  const PARTS = /^(?:\/\/([^/?#]*))?([^?#]*)(\?[^#]*)?(#.*)?$/s;
  const AUTHORITY = /^(?:([^:@]*)(?::([^@]*))?@)?(\[[^\]]*\]|[^:]*)(?::(\d*))?$/;

  function quoted(text) {
    return encodeURIComponent(String(text).toWellFormed())
      .replace(/%20/g, "+")
      .replace(/[!'()~]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
  }

  function unquoted(text) {
    return text.replace(/\+/g, " ").replace(/(?:%[\da-f]{2})+/gi, (bytes) => {
      try {
        return decodeURIComponent(bytes);
      } catch {
        return unescape(bytes).replace(/[\x80-\xff]/g, "\ufffd");
      }
    });
  }

  class URLSearchParams {
    #pairs = [];
    #changed = () => {};

    constructor(given = "", changed = undefined) {
      if (changed) this.#changed = changed;
      if (typeof given === "string") this.#pairs = parsePairs(given);
      else if (typeof given[Symbol.iterator] === "function") {
        this.#pairs = Array.from(given, ([name, value]) => [String(name), String(value)]);
      } else this.#pairs = Object.entries(given).map(([name, value]) => [name, String(value)]);
    }

    get size() {
      return this.#pairs.length;
    }

    get(name) {
      return this.#pairs.find(([known]) => known === String(name))?.[1] ?? null;
    }

    getAll(name) {
      return this.#pairs.filter(([known]) => known === String(name)).map(([, value]) => value);
    }

    has(name, value) {
      return this.#pairs.some((pair) => matches(pair, name, value));
    }

    append(name, value) {
      this.#pairs.push([String(name), String(value)]);
      this.#changed(this);
    }

    set(name, value) {
      const first = this.#pairs.findIndex(([known]) => known === String(name));
      if (first < 0) {
        this.append(name, value);
        return;
      }
      this.#pairs[first][1] = String(value);
      this.#pairs = this.#pairs.filter(([known], at) => at <= first || known !== String(name));
      this.#changed(this);
    }

    delete(name, value) {
      this.#pairs = this.#pairs.filter((pair) => !matches(pair, name, value));
      this.#changed(this);
    }

    sort() {
      this.#pairs.sort(([one], [other]) => (one < other ? -1 : Number(one > other)));
      this.#changed(this);
    }

    forEach(visit) {
      for (const [name, value] of this.#pairs) visit(value, name, this);
    }

    entries() {
      return this.#pairs.map((pair) => [...pair])[Symbol.iterator]();
    }

    keys() {
      return this.#pairs.map(([name]) => name)[Symbol.iterator]();
    }

    values() {
      return this.#pairs.map(([, value]) => value)[Symbol.iterator]();
    }

    [Symbol.iterator]() {
      return this.entries();
    }

    toString() {
      return this.#pairs.map(([name, value]) => `${quoted(name)}=${quoted(value)}`).join("&");
    }
  }

  function matches([known, held], name, value) {
    return known === String(name) && (value === undefined || held === String(value));
  }

  function parsePairs(text) {
    return text
      .replace(/^\?/, "")
      .split("&")
      .filter(Boolean)
      .map((pair) => {
        const [name, ...value] = pair.split("=");
        return [unquoted(name), unquoted(value.join("="))];
      });
  }

  // Removes `.` and `..` segments.
  function resolved(path) {
    const kept = [];
    const segments = path.split("/").slice(1);
    segments.forEach((segment, at) => {
      const last = at === segments.length - 1;
      if (segment === "..") kept.pop();
      else if (segment !== ".") kept.push(segment);
      if (last && (segment === ".." || segment === ".")) kept.push("");
    });
    return `/${kept.join("/")}`;
  }

  function escaped(text, unsafe) {
    return text.toWellFormed().replace(unsafe, (sign) => encodeURIComponent(sign));
  }

  function invalid(text) {
    return new TypeError(`Invalid URL: ${text}`);
  }

  class URL {
    #params;
    #search = "";

    constructor(given, base = undefined) {
      const text = String(given).trim();
      const [, scheme, rest] = ABSOLUTE.exec(text) ?? [];
      if (scheme) this.#absolute(scheme.toLowerCase(), rest, text);
      else if (base === undefined) throw invalid(text);
      else this.#relative(text, new URL(base));
    }

    static canParse(given, base = undefined) {
      try {
        return Boolean(new URL(given, base));
      } catch {
        return false;
      }
    }

    #absolute(scheme, rest, text) {
      const special = scheme in PORTS;
      const parts = PARTS.exec(special ? rest.replace(/^[/\\]*/, "//") : rest);
      const [, authority, path, search = "", hash = ""] = parts;
      if (special && !authority) throw invalid(text);
      this.protocol = scheme;
      this.#authority(authority ?? "", text);
      this.#place(special ? resolved(path || "/") : path, search, hash);
    }

    #authority(authority, text) {
      const [, username = "", password = "", hostname, port = ""] = AUTHORITY.exec(authority) ?? [];
      if (hostname === undefined || Number(port) > 65535 || /[\s<>^|%]/.test(hostname)) throw invalid(text);
      this.username = username;
      this.password = password;
      this.hostname = hostname.toLowerCase();
      this.port = port === PORTS[this.protocol] ? "" : port;
    }

    #relative(text, base) {
      const [, authority, path, search, hash = ""] = PARTS.exec(text);
      this.protocol = base.protocol;
      if (authority !== undefined) {
        this.#absolute(base.protocol, text, text);
        return;
      }
      for (const name of ["username", "password", "hostname", "port"]) this[name] = base[name];
      if (path === "") this.#place(base.pathname, search ?? base.search, hash);
      else if (path.startsWith("/")) this.#place(resolved(path), search ?? "", hash);
      else this.#place(resolved(base.pathname.replace(/[^/]*$/, "") + path), search ?? "", hash);
    }

    #place(path, search, hash) {
      this.pathname = escaped(path, /[^\x21\x24-\x3b\x3d\x40-\x5f\x61-\x7a\x7c\x7e%]/gu);
      this.search = search;
      this.hash = hash === "#" ? "" : escaped(hash, /[^\x21\x23-\x3b\x3d\x3f-\x5f\x61-\x7e]/gu);
    }

    get search() {
      return this.#search;
    }

    set search(value) {
      const bare = String(value).replace(/^\?/, "");
      this.#search = bare && `?${escaped(bare, /[^\x21\x24-\x26\x28-\x3b\x3d\x3f-\x7e]/gu)}`;
      this.#params = undefined;
    }

    get searchParams() {
      this.#params ??= new URLSearchParams(this.#search, (params) => {
        const text = params.toString();
        this.#search = text && `?${text}`;
      });
      return this.#params;
    }

    get host() {
      return this.hostname + (this.port && `:${this.port}`);
    }

    get origin() {
      return this.protocol in PORTS ? `${this.protocol}//${this.host}` : "null";
    }

    get href() {
      const credentials = this.username && `${this.username}${this.password && `:${this.password}`}@`;
      const authority = this.hostname ? `//${credentials}${this.host}` : "";
      return this.protocol + authority + this.pathname + this.search + this.hash;
    }

    toString() {
      return this.href;
    }

    toJSON() {
      return this.href;
    }
  }

  Object.assign(globalThis, { URL, URLSearchParams });
})
