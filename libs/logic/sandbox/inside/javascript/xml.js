// XML as its parts, in order. It validates nothing but its form, and refuses entities of its own.
(function (host) {
  "use strict";
  const START =
    ":A-Z_a-z\\xc0-\\xd6\\xd8-\\xf6\\xf8-\\u02ff\\u0370-\\u037d\\u037f-\\u1fff\\u200c\\u200d\\u2070-\\u218f\\u2c00-\\u2fef\\u3001-\\ud7ff\\uf900-\\ufdcf\\ufdf0-\\ufffd\\ud800-\\udfff";
  const NAME = `[${START}][${START}\\-.\\d\\xb7\\u0300-\\u036f\\u203f\\u2040]*`;
  const OPEN = new RegExp(`<(${NAME})`, "y");
  const CLOSE = new RegExp(`</(${NAME})\\s*>`, "y");
  const ATTRIBUTE = new RegExp(`\\s+(${NAME})\\s*=\\s*(?:"([^"]*)"|'([^']*)')`, "y");
  const END = /\s*(\/?)>/y;
  const DOCTYPE = /<!DOCTYPE\s(?:[^<>["']|"[^"]*"|'[^']*'|\[[^\]]*\])*>/iy;
  const ENTITIES = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

  host.xmlName = new RegExp(`^${NAME}$`);

  class Scanner {
    #text;
    #events;
    #at = 0;
    #open = [];
    #rooted = false;

    constructor(text, events) {
      this.#text = text;
      this.#events = events;
    }

    run() {
      while (this.#at < this.#text.length) {
        const next = this.#text.indexOf("<", this.#at);
        this.#characters(next < 0 ? this.#text.length : next);
        if (next >= 0) this.#markup();
      }
      if (this.#open.length) throw this.#fault(`the element ${this.#open.at(-1)} is not closed`);
      if (!this.#rooted) throw this.#fault("there is no element");
    }

    #fault(message, at = this.#at) {
      const before = this.#text.slice(0, at).split("\n");
      return new Error(`${message}, in line ${before.length}, column ${before.at(-1).length + 1} of the XML`);
    }

    #characters(end) {
      if (end === this.#at) return;
      const raw = this.#text.slice(this.#at, end);
      if (this.#open.length) this.#events.text(this.#decoded(raw));
      else if (raw.trim() !== "") throw this.#fault("there is text outside the root element");
      this.#at = end;
    }

    #decoded(raw) {
      if (!raw.includes("&")) return raw;
      return raw.replace(/&(?:#(\d+);|#x([\da-f]+);|([^;\s&]*);)?/gi, (whole, decimal, hex, name) => {
        const point = decimal ? parseInt(decimal, 10) : hex ? parseInt(hex, 16) : -1;
        if (point > 0 && point <= 0x10ffff) return String.fromCodePoint(point);
        if (name && Object.hasOwn(ENTITIES, name)) return ENTITIES[name];
        throw this.#fault(`the entity ${whole} is not known`);
      });
    }

    #match(pattern) {
      pattern.lastIndex = this.#at;
      const found = pattern.exec(this.#text);
      if (found) this.#at = pattern.lastIndex;
      return found;
    }

    // Skips to the end of a comment or the like and answers what is inside.
    #until(start, end, what) {
      const found = this.#text.indexOf(end, this.#at + start.length);
      if (found < 0) throw this.#fault(`${what} is not closed`);
      const inside = this.#text.slice(this.#at + start.length, found);
      this.#at = found + end.length;
      return inside;
    }

    #markup() {
      const starts = (text) => this.#text.startsWith(text, this.#at);
      if (starts("<!--")) this.#until("<!--", "-->", "a comment");
      else if (starts("<?")) this.#until("<?", "?>", "a processing instruction");
      else if (starts("<![CDATA[")) this.#cdata();
      else if (starts("<!")) this.#doctype();
      else if (starts("</")) this.#close();
      else this.#element();
    }

    #cdata() {
      if (!this.#open.length) throw this.#fault("there is text outside the root element");
      const text = this.#until("<![CDATA[", "]]>", "a CDATA section");
      if (text) this.#events.cdata(text);
    }

    #doctype() {
      const [found] = this.#match(DOCTYPE) ?? [];
      if (!found || this.#rooted) throw this.#fault("a declaration is not well-formed");
      if (/<!ENTITY/i.test(found)) throw this.#fault("entities in a document type are not supported");
    }

    #element() {
      const at = this.#at;
      const name = this.#match(OPEN)?.[1];
      if (!name) throw this.#fault("a tag has no valid name");
      if (this.#rooted && !this.#open.length) throw this.#fault("there is a second root element", at);
      const attributes = new Map();
      for (let found = this.#match(ATTRIBUTE); found; found = this.#match(ATTRIBUTE)) {
        const [, key, double, single] = found;
        if (!attributes.has(key)) attributes.set(key, this.#decoded(double ?? single));
      }
      const end = this.#match(END);
      if (!end) throw this.#fault(`the tag of ${name} is not well-formed`);
      this.#rooted = true;
      this.#events.open(name, attributes);
      if (end[1]) this.#events.close();
      else this.#open.push(name);
    }

    #close() {
      const at = this.#at;
      const name = this.#match(CLOSE)?.[1];
      if (!name || this.#open.at(-1) !== name) throw this.#fault("an end tag has no element to end", at);
      this.#open.pop();
      this.#events.close();
    }
  }

  host.readXml = (text, events) => new Scanner(text, events).run();
})
