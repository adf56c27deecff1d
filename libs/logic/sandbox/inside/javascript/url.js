// URL and URLSearchParams, after the WHATWG standard for http, https, ws, wss and ftp addresses.
(function () {
  "use strict";
  const PORTS = { "http:": "80", "https:": "443", "ws:": "80", "wss:": "443", "ftp:": "21" };
  const ABSOLUTE = /^([a-z][a-z\d+.-]*:)(.*)$/is;
  const PARTS = /^([^?#]*)(\?[^#]*)?(#.*)?$/s;
  const LOCATION = /^(?:\/\/([^/]*))?(.*)$/s;
  const AUTHORITY = /^(.*@)?(\[[^\]]*\]|[^:]*)(?::(\d*))?$/s;

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
      const plain = segment.replace(/%2e/gi, ".");
      if (plain === "..") kept.pop();
      else if (plain !== ".") kept.push(segment);
      if (at === segments.length - 1 && (plain === ".." || plain === ".")) kept.push("");
    });
    return `/${kept.join("/")}`;
  }

  function percent(sign) {
    const encoded = encodeURIComponent(sign);
    return encoded === sign ? `%${sign.charCodeAt(0).toString(16).toUpperCase()}` : encoded;
  }

  const escaped = (text, unsafe) => text.toWellFormed().replace(unsafe, percent);

  // What a part of a URL can't hold as it is.
  const UNSAFE = {
    opaque: /[^\x20-\x7e]/gu,
    hash: /[^\x21\x23-\x3b\x3d\x3f-\x5f\x61-\x7e]/gu,
    query: /[^\x21\x24-\x3b\x3d\x3f-\x7e]/gu,
    specialQuery: /[^\x21\x24-\x26\x28-\x3b\x3d\x3f-\x7e]/gu,
    path: /[^\x21\x24-\x3b\x3d\x40-\x5d\x5f\x61-\x7a\x7c\x7e]/gu,
    user: /[^\x21\x24-\x2e\x30-\x39\x41-\x5a\x5f\x61-\x7a\x7e%]/gu,
  };

  function invalid(text) {
    return new TypeError(`Invalid URL: ${text}`);
  }

  class URL {
    #params;
    #pathname = "";
    #search = "";
    #hash = "";
    // A lone `?` or `#` is kept in the address, though the part itself is empty.
    #marks = ["", ""];
    #slashes = "";

    constructor(given, base = undefined) {
      const text = String(given)
        .replace(/^[\0- ]+|[\0- ]+$/g, "")
        .replace(/[\t\n\r]/g, "");
      const [, scheme, rest] = ABSOLUTE.exec(text) ?? [];
      if (scheme) this.#absolute(scheme.toLowerCase(), rest, text);
      else if (base === undefined) throw invalid(text);
      else this.#relative(text, new URL(base));
    }

    static canParse(given, base = undefined) {
      return URL.parse(given, base) !== null;
    }

    static parse(given, base = undefined) {
      try {
        return new URL(given, base);
      } catch {
        return null;
      }
    }

    get #special() {
      return this.protocol in PORTS;
    }

    #absolute(scheme, rest, text) {
      const [, before, search, hash] = PARTS.exec(rest);
      this.protocol = scheme;
      const slashed = this.#special ? before.replace(/\\/g, "/").replace(/^\/*/, "//") : before;
      const [, authority, path] = LOCATION.exec(slashed);
      this.#authority(authority ?? "", text);
      this.#slashes = authority === undefined ? "" : "//";
      this.#place(path, search, hash);
    }

    #authority(authority, text) {
      const [, user = "", hostname, port = ""] = AUTHORITY.exec(authority) ?? [];
      const named = this.#special ? hostname?.toLowerCase() : hostname;
      const bare = named === "" && (this.#special || authority !== "");
      const wrong = named?.startsWith("[")
        ? !/^\[[\da-f:.]+\]$/i.test(named)
        : /[\0-\x20\x7f#/:<>?@[\\\]^|]/.test(named);
      if (named === undefined || bare || wrong || Number(port) > 65535 || (this.#special && named.includes("%")))
        throw invalid(text);
      const [username, ...password] = user.slice(0, -1).split(":");
      this.username = escaped(username, UNSAFE.user);
      this.password = escaped(password.join(":"), UNSAFE.user);
      this.hostname = this.#special ? named : escaped(named, UNSAFE.opaque);
      this.port = port && Number(port) === Number(PORTS[this.protocol]) ? "" : port && String(Number(port));
    }

    #relative(text, base) {
      const [, before, search, hash] = PARTS.exec(text);
      this.protocol = base.protocol;
      const path = this.#special ? before.replace(/\\/g, "/") : before;
      if (path.startsWith("//")) {
        this.#absolute(base.protocol, text, text);
        return;
      }
      if (base.#opaque && (path || search !== undefined || hash === undefined)) throw invalid(text);
      for (const name of ["username", "password", "hostname", "port"]) this[name] = base[name];
      if (path === "") this.#place(base.pathname, search ?? (base.search || undefined), hash);
      else if (path.startsWith("/")) this.#place(path, search, hash);
      else this.#place(base.pathname.replace(/[^/]*$/, "") + path, search, hash);
    }

    #place(path, search, hash) {
      this.pathname = path;
      this.search = search ?? "";
      this.hash = hash ?? "";
      this.#marks = [search === "?" ? "?" : "", hash === "#" ? "#" : ""];
    }

    // Whether the path is none of segments, as in `mailto:`.
    get #opaque() {
      return !this.#special && !this.hostname && !this.#pathname.startsWith("/");
    }

    get pathname() {
      return this.#pathname;
    }

    set pathname(value) {
      const text = String(value);
      const path = this.#special ? text.replace(/\\/g, "/").replace(/^(?!\/)/, "/") : text;
      const segments = path.startsWith("/");
      this.#pathname = segments
        ? resolved(escaped(path, UNSAFE.path).replace(/%25/g, "%"))
        : escaped(path, UNSAFE.opaque);
    }

    get search() {
      return this.#search;
    }

    set search(value) {
      const bare = String(value).replace(/^\?/, "");
      this.#search = bare && `?${escaped(bare, this.#special ? UNSAFE.specialQuery : UNSAFE.query)}`;
      this.#marks[0] = "";
      this.#params = undefined;
    }

    get searchParams() {
      this.#params ??= new URLSearchParams(this.#search, (params) => {
        const text = params.toString();
        this.#search = text && `?${text}`;
        this.#marks[0] = "";
      });
      return this.#params;
    }

    get hash() {
      return this.#hash;
    }

    set hash(value) {
      const bare = String(value).replace(/^#/, "");
      this.#hash = bare && `#${escaped(bare, UNSAFE.hash)}`;
      this.#marks[1] = "";
    }

    get host() {
      return this.hostname + (this.port === "" ? "" : `:${this.port}`);
    }

    set host(value) {
      [this.hostname, this.port = ""] = String(value)
        .toLowerCase()
        .split(/:(?=\d*$)/);
    }

    get origin() {
      return this.#special ? `${this.protocol}//${this.host}` : "null";
    }

    get href() {
      const password = this.password && `:${this.password}`;
      const credentials = this.username || password ? `${this.username}${password}@` : "";
      const authority = this.hostname ? `//${credentials}${this.host}` : this.#slashes;
      const [query, fragment] = this.#marks;
      const hidden = !authority && this.#pathname.startsWith("//") ? "/." : "";
      return this.protocol + authority + hidden + this.pathname + (this.search || query) + (this.hash || fragment);
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
