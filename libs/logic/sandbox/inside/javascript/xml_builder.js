// The `Builder` of `$.xml2js`: objects to XML.
(function (host) {
  "use strict";
  const DEFAULTS = {
    attrkey: "$",
    charkey: "_",
    rootName: "root",
    headless: false,
    cdata: false,
    allowSurrogateChars: true,
    xmldec: { version: "1.0", encoding: "UTF-8", standalone: true },
    renderOpts: { pretty: true, indent: "  ", newline: "\n" },
  };
  const ILLEGAL = /[\0-\x08\x0b\f\x0e-\x1f\ufffe\uffff]/;

  host.builderOptions = [...Object.keys(DEFAULTS), "doctype"];

  function legal(text) {
    if (ILLEGAL.test(text) || !text.isWellFormed()) throw new Error(`Invalid character in string: ${text}`);
    return text;
  }

  const escaped = (text) =>
    legal(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/\r/g, "&#xD;");
  const quoted = (text) =>
    legal(text)
      .replace(/&/g, "&amp;")
      .replace(/</g, "&lt;")
      .replace(/"/g, "&quot;")
      .replace(/\t/g, "&#x9;")
      .replace(/\n/g, "&#xA;")
      .replace(/\r/g, "&#xD;");

  class Element {
    constructor(name) {
      if (!host.xmlName.test(name)) throw new Error(`Invalid character in name: ${name}`);
      this.name = name;
      this.attributes = [];
      this.children = [];
    }

    child(name) {
      const made = new Element(name);
      this.children.push(made);
      return made;
    }
  }

  // Pretty: each child in a line of its own, but an element's only text beside its tags.
  class Writer {
    constructor({ pretty = true, indent = "  ", newline = "\n", allowEmpty = false }) {
      this.newline = pretty ? newline : "";
      this.indent = pretty ? indent : "";
      this.pretty = pretty;
      this.allowEmpty = allowEmpty;
    }

    element({ name, attributes, children }, level) {
      const margin = this.indent.repeat(level);
      const start = `${margin}<${name}${attributes.map(([key, value]) => ` ${key}="${value}"`).join("")}`;
      if (children.every((child) => child === "")) return start + (this.allowEmpty ? `></${name}>` : "/>");
      if (this.pretty && children.length === 1 && typeof children[0] === "string")
        return `${start}>${children[0]}</${name}>`;
      const inner = children.map((child) =>
        typeof child === "string" ? this.indent.repeat(level + 1) + child : this.element(child, level + 1),
      );
      return [`${start}>`, ...inner, `${margin}</${name}>`].join(this.newline);
    }
  }

  class Builder {
    constructor(options = {}) {
      if (options?.doctype) throw new Error("xml2js: the option doctype is not supported");
      this.options = { ...DEFAULTS, ...options };
    }

    buildObject(given) {
      const { headless, rootName, renderOpts, xmldec } = this.options;
      const names = Object.keys(given);
      const named = names.length === 1 && rootName === DEFAULTS.rootName;
      const root = new Element(named ? names[0] : rootName);
      this.#fill(root, named ? given[names[0]] : given);
      const writer = new Writer(renderOpts);
      return (headless ? "" : declaration(xmldec) + writer.newline) + writer.element(root, 0);
    }

    #text(value) {
      if (value == null) throw new Error("Missing element text");
      const text = String(value);
      if (!this.options.cdata || typeof value !== "string" || !/[&<>]/.test(text)) return escaped(text);
      return `<![CDATA[${legal(text).replaceAll("]]>", "]]]]><![CDATA[>")}]]>`;
    }

    #fill(element, value) {
      if (typeof value !== "object") element.children.push(this.#text(value));
      else if (Array.isArray(value))
        for (const part of value) for (const key of Object.keys(part ?? {})) this.#fill(element.child(key), part[key]);
      else if (value !== null) for (const key of Object.keys(value)) this.#member(element, key, value[key]);
    }

    #member(element, key, value) {
      const { attrkey, charkey } = this.options;
      if (key === attrkey) this.#attributes(element, value);
      else if (key === charkey) element.children.push(this.#text(value));
      else if (Array.isArray(value)) for (const entry of value) this.#fill(element.child(key), entry);
      else if (value !== undefined) this.#fill(element.child(key), value);
      else element.child(key);
    }

    #attributes(element, members) {
      if (members === null || typeof members !== "object") return;
      for (const name of Object.keys(members)) {
        if (!host.xmlName.test(name)) throw new Error(`Invalid character in name: ${name}`);
        if (members[name] != null) element.attributes.push([name, quoted(String(members[name]))]);
      }
    }
  }

  function declaration({ version = "1.0", encoding, standalone } = {}) {
    const told = encoding == null ? "" : ` encoding="${quoted(String(encoding))}"`;
    const alone = standalone == null ? "" : ` standalone="${standalone ? "yes" : "no"}"`;
    return `<?xml version="${quoted(String(version))}"${told}${alone}?>`;
  }

  host.XmlBuilder = Builder;
})
