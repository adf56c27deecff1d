// `$.xml2js`: XML to objects as the npm package of that name makes them.
(function (host) {
  "use strict";
  const DEFAULTS = {
    explicitCharkey: false,
    trim: false,
    normalize: false,
    normalizeTags: false,
    attrkey: "$",
    charkey: "_",
    explicitArray: true,
    ignoreAttrs: false,
    mergeAttrs: false,
    explicitRoot: true,
    validator: null,
    explicitChildren: false,
    preserveChildrenOrder: false,
    childkey: "$$",
    charsAsChildren: false,
    includeWhiteChars: false,
    async: false,
    strict: true,
    attrNameProcessors: null,
    attrValueProcessors: null,
    tagNameProcessors: null,
    valueProcessors: null,
    emptyTag: "",
  };

  const processors = {
    normalize: (text) => text.toLowerCase(),
    firstCharLowerCase: (text) => text.charAt(0).toLowerCase() + text.slice(1),
    stripPrefix: (text) => text.replace(/(?!xmlns)^.*:/, ""),
    parseNumbers: (text) => (isNaN(text) ? text : text % 1 === 0 ? parseInt(text, 10) : parseFloat(text)),
    parseBooleans: (text) => (/^(?:true|false)$/i.test(text) ? text.toLowerCase() === "true" : text),
  };

  function put(object, key, value) {
    Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
  }

  const processed = (chain, item, key) => (chain ?? []).reduce((value, change) => change(value, key), item);
  const onlyWhite = (text) => /^\s*$/.test(text);
  const collapsed = (text) => text.replace(/\s{2,}/g, " ").trim();

  // Builds the object while the XML is read: each open element with its text and members so far.
  class Building {
    #stack = [];
    #options;

    constructor(options) {
      this.#options = options;
      this.result = null;
    }

    open(name, attributes) {
      const { attrkey, attrNameProcessors, attrValueProcessors, charkey, ignoreAttrs, mergeAttrs, tagNameProcessors } =
        this.#options;
      const members = {};
      put(members, charkey, "");
      for (const [key, text] of ignoreAttrs ? [] : attributes) {
        if (!mergeAttrs && !Object.hasOwn(members, attrkey)) put(members, attrkey, {});
        const value = processed(attrValueProcessors, text, key);
        const attribute = processed(attrNameProcessors, key);
        if (mergeAttrs) this.#add(members, attribute, value);
        else put(members[attrkey], attribute, value);
      }
      const named = processed(tagNameProcessors, name);
      if (this.#ordered) put(members, "#name", named);
      this.#stack.push({ name: named, members, cdata: false });
    }

    text(text) {
      const { charkey, charsAsChildren, includeWhiteChars, normalize } = this.#options;
      const { members } = this.#stack.at(-1);
      members[charkey] += text;
      if (this.#ordered && charsAsChildren && (includeWhiteChars || text.trim() !== "")) {
        this.#childrenOf(members).push({ "#name": "__text__", [charkey]: normalize ? collapsed(text) : text });
      }
    }

    // Whether children are kept in their order, too, each with its name.
    get #ordered() {
      return this.#options.explicitChildren && this.#options.preserveChildrenOrder;
    }

    #childrenOf(members) {
      const { childkey } = this.#options;
      if (!Object.hasOwn(members, childkey)) put(members, childkey, []);
      return members[childkey];
    }

    cdata(text) {
      this.text(text);
      this.#stack.at(-1).cdata = true;
    }

    close() {
      const element = this.#stack.pop();
      const parent = this.#stack.at(-1);
      let value = this.#valueOf(element);
      if (this.#options.validator) {
        const path = [...this.#stack, element].map(({ name }) => `/${name}`).join("");
        value = this.#options.validator(path, parent?.members[element.name], value);
      }
      if (this.#options.explicitChildren && !this.#options.mergeAttrs && value !== null && typeof value === "object") {
        if (!this.#ordered) value = this.#separated(value);
        else if (parent) value = this.#placed(value, parent);
      }
      if (parent) this.#add(parent.members, element.name, value);
      else this.#finish(element.name, value);
    }

    #finish(name, value) {
      this.result = value;
      if (!this.#options.explicitRoot) return;
      this.result = {};
      put(this.result, name, value);
    }

    #add(object, key, value) {
      if (!Object.hasOwn(object, key)) put(object, key, this.#options.explicitArray ? [value] : value);
      else if (Array.isArray(object[key])) object[key].push(value);
      else put(object, key, [object[key], value]);
    }

    #valueOf({ name, members, cdata }) {
      const { charkey, emptyTag, normalize, trim, valueProcessors } = this.#options;
      const text = members[charkey];
      if (onlyWhite(text) && !cdata) {
        delete members[charkey];
        if (Object.keys(members).length) return members;
        if (typeof emptyTag === "function") return emptyTag();
        return emptyTag === "" ? text : emptyTag;
      }
      const trimmed = trim ? text.trim() : text;
      members[charkey] = processed(valueProcessors, normalize ? collapsed(trimmed) : trimmed, name);
      return this.#unwrapped(members);
    }

    #unwrapped(members) {
      const { charkey, explicitCharkey } = this.#options;
      const only = Object.keys(members).length === 1 && Object.hasOwn(members, charkey);
      return only && !explicitCharkey ? members[charkey] : members;
    }

    #separated(value) {
      const { attrkey, charkey, charsAsChildren, childkey } = this.#options;
      const made = {};
      const rest = { ...value };
      for (const key of charsAsChildren ? [attrkey] : [attrkey, charkey]) {
        if (Object.hasOwn(rest, key)) put(made, key, rest[key]);
        delete rest[key];
      }
      if (Object.keys(rest).length) put(made, childkey, rest);
      return made;
    }

    #placed(value, { members }) {
      this.#childrenOf(members).push({ ...value });
      delete value["#name"];
      return this.#unwrapped(value);
    }
  }

  class Parser {
    constructor(options = {}) {
      const wrong = Object.keys(options ?? {}).find(
        (name) => !Object.hasOwn(DEFAULTS, name) && !host.builderOptions.includes(name),
      );
      if (wrong !== undefined || options?.strict === false)
        throw new Error(`xml2js: the option ${wrong ?? "strict: false"} is not supported`);
      this.options = { ...DEFAULTS, ...options };
      const { normalizeTags, tagNameProcessors } = this.options;
      if (normalizeTags) this.options.tagNameProcessors = [processors.normalize, ...(tagNameProcessors ?? [])];
      this.parseString = this.parseString.bind(this);
      this.parseStringPromise = this.parseStringPromise.bind(this);
    }

    #parsed(xml) {
      const text = String(xml).replace(/^\ufeff/, "");
      if (text.trim() === "") return null;
      const building = new Building(this.options);
      host.readXml(text, building);
      return building.result;
    }

    // Calls back before it returns, unless the option `async` is set.
    parseString(xml, callback) {
      let outcome;
      try {
        outcome = [null, this.#parsed(xml)];
      } catch (error) {
        if (typeof callback !== "function") throw error;
        outcome = [error];
      }
      if (typeof callback !== "function") return;
      if (this.options.async) queueMicrotask(() => callback(...outcome));
      else callback(...outcome);
    }

    async parseStringPromise(xml) {
      return this.#parsed(xml);
    }

    reset() {}
  }

  function parseString(xml, options, callback) {
    const last = callback ?? options;
    new Parser(typeof options === "object" ? options : {}).parseString(xml, last);
  }

  host.xml2js = {
    Parser,
    Builder: host.XmlBuilder,
    parseString,
    parseStringPromise: (xml, options) => new Parser(options).parseStringPromise(xml),
    processors,
    defaults: { 0.2: { ...DEFAULTS } },
  };
  (globalThis.$ ??= {}).xml2js = host.xml2js;
})
