// `$.lodash`: text, functions made of functions, and the name under which authors find it all.
(function (host) {
  "use strict";
  const _ = host.lodash;
  const { baseToString, toInteger, toString } = host.lodashParts;
  const ENTITIES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
  const LETTERS = {
    Æ: "Ae",
    æ: "ae",
    Ð: "D",
    ð: "d",
    Ø: "O",
    ø: "o",
    Þ: "Th",
    þ: "th",
    ß: "ss",
    Đ: "D",
    đ: "d",
    Ħ: "H",
    ħ: "h",
    ı: "i",
    Ĳ: "IJ",
    ĳ: "ij",
    ĸ: "k",
    Ŀ: "L",
    ŀ: "l",
    Ł: "L",
    ł: "l",
    ŉ: "'n",
    Ŋ: "N",
    ŋ: "n",
    Œ: "Oe",
    œ: "oe",
    Ŧ: "T",
    ŧ: "t",
    ſ: "s",
  };

  // The parts of a word: what separates words, small and capital letters, and anything else.
  const BREAK = "\\xac\\xb1\\xd7\\xf7\\x00-\\x2f\\x3a-\\x40\\x5b-\\x60\\x7b-\\xbf\\u2000-\\u206f\\s\\u180e\\ufeff";
  const SMALL = "a-z\\xdf-\\xf6\\xf8-\\xff";
  const CAPITAL = "A-Z\\xc0-\\xd6\\xd8-\\xde";
  const OTHER = `[^\\ud800-\\udfff${BREAK}\\d\\u2700-\\u27bf${SMALL}${CAPITAL}]`;
  const [small, capital] = [`(?:[${SMALL}]|${OTHER})`, `(?:[${CAPITAL}]|${OTHER})`];
  const [shortened, SHORTENED] = ["d|ll|m|re|s|t|ve", "D|LL|M|RE|S|T|VE"].map((ends) => `(?:['\\u2019](?:${ends}))?`);
  const WORD = new RegExp(
    [
      `[${CAPITAL}]?[${SMALL}]+${shortened}(?=[${BREAK}]|[${CAPITAL}]|$)`,
      `${capital}+${SHORTENED}(?=[${BREAK}]|[${CAPITAL}]${small}|$)`,
      `[${CAPITAL}]?${small}+${shortened}`,
      `[${CAPITAL}]+${SHORTENED}`,
      "\\d*(?:1ST|2ND|3RD|(?![123])\\dTH)(?=\\b|[a-z_])",
      "\\d*(?:1st|2nd|3rd|(?![123])\\dth)(?=\\b|[A-Z_])",
      "\\d+",
      "[\\u2700-\\u27bf]|[\\ud800-\\udbff][\\udc00-\\udfff]",
    ].join("|"),
    "g",
  );
  const PLAIN_WORD = /[a-z\d]+|[A-Z\d]+/gi;
  const MIXED = /[a-z][A-Z]|[A-Z]{2}[a-z]|\d[a-zA-Z]|[a-zA-Z]\d|[^a-zA-Z\d ]/;

  function deburr(value) {
    return toString(value)
      .replace(/[\xc0-\xd6\xd8-\xf6\xf8-\xff\u0100-\u017f]/g, (sign) => LETTERS[sign] ?? sign.normalize("NFD")[0])
      .replace(/[\u0300-\u036f\ufe20-\ufe2f\u20d0-\u20ff]/g, "");
  }

  function words(value, pattern, guard) {
    const text = toString(value);
    if (pattern === undefined || guard) return text.match(MIXED.test(text) ? WORD : PLAIN_WORD) ?? [];
    return text.match(pattern) ?? [];
  }

  const cased = (join) => (value) => words(deburr(value).replace(/['\u2019]/g, "")).map(join);
  const changedFirst = (name) => (value) => {
    const [first = "", ...rest] = toString(value);
    return first[name]() + rest.join("");
  };
  const upperFirst = changedFirst("toUpperCase");
  const lowerFirst = changedFirst("toLowerCase");
  const capitalize = (value) => upperFirst(toString(value).toLowerCase());
  const lowered = (word) => word.toLowerCase();

  function trimmer(start, end) {
    return (value, given, guard) => {
      const signs = [...toString(value)];
      const unwanted = given === undefined || guard ? null : new Set(baseToString(given));
      const drops = (sign) => (unwanted ? unwanted.has(sign) : sign.trim() === "");
      let [from, to] = [0, signs.length];
      while (start && from < to && drops(signs[from])) from += 1;
      while (end && to > from && drops(signs[to - 1])) to -= 1;
      return signs.slice(from, to).join("");
    };
  }

  function padding(length, given) {
    const signs = given === undefined ? " " : baseToString(given);
    const size = [...signs].length;
    return length > 0 && size ? [...signs.repeat(Math.ceil(length / size))].slice(0, length).join("") : "";
  }

  function padder(share) {
    return (value, length, signs) => {
      const text = toString(value);
      const missing = Math.max(toInteger(length) - [...text].length, 0);
      const before = share(missing);
      return padding(before, signs) + text + padding(missing - before, signs);
    };
  }

  function cutAt(cut, rest, separator) {
    if (_.isRegExp(separator)) {
      const places = [...cut.matchAll(new RegExp(separator.source, separator.flags.replace(/[gy]/g, "") + "g"))];
      return rest.search(separator) !== 0 && places.length ? cut.slice(0, places.at(-1).index) : cut;
    }
    const signs = baseToString(separator);
    return !rest.startsWith(signs) && cut.includes(signs) ? cut.slice(0, cut.lastIndexOf(signs)) : cut;
  }

  function truncate(value, options) {
    const given = _.isObject(options) ? options : {};
    const length = "length" in given ? toInteger(given.length) : 30;
    const omission = "omission" in given ? baseToString(given.omission) : "...";
    const signs = [...toString(value)];
    if (length >= signs.length) return signs.join("");
    const end = length - [...omission].length;
    if (end < 1) return omission;
    const cut = signs.slice(0, end).join("");
    return (given.separator === undefined ? cut : cutAt(cut, signs.slice(end).join(""), given.separator)) + omission;
  }

  function startsWith(value, target, position) {
    return toString(value).startsWith(baseToString(target), position == null ? 0 : Math.max(toInteger(position), 0));
  }

  function endsWith(value, target, position) {
    const text = toString(value);
    const end = position === undefined ? text.length : Math.min(Math.max(toInteger(position), 0), text.length);
    return text.slice(0, end).endsWith(baseToString(target));
  }

  function repeat(value, count, guard) {
    const times =
      count === undefined || (guard && host.lodashParts.isIterateeCall(value, count, guard)) ? 1 : toInteger(count);
    return times < 1 ? "" : toString(value).repeat(times);
  }

  function unescape(value) {
    return toString(value).replace(/&(?:amp|lt|gt|quot|#39);/g, (found) =>
      Object.keys(ENTITIES).find((sign) => ENTITIES[sign] === found),
    );
  }

  function memoize(make, resolver) {
    if (typeof make !== "function") throw new TypeError("Expected a function");
    const memoized = function (...given) {
      const key = resolver ? resolver.apply(this, given) : given[0];
      if (!memoized.cache.has(key)) memoized.cache.set(key, make.apply(this, given));
      return memoized.cache.get(key);
    };
    memoized.cache = new Map();
    return memoized;
  }

  function once(make) {
    let made = false;
    let value;
    return function (...given) {
      if (!made) [made, value] = [true, make.apply(this, given)];
      return value;
    };
  }

  function flow(...given) {
    const steps = given.flat();
    return function (...values) {
      return steps.reduce((value, step, at) => step.apply(this, at ? [value] : values), values[0]);
    };
  }

  function partial(call, ...given) {
    return function (...more) {
      return call.apply(this, [...given, ...more]);
    };
  }

  function attempt(call, ...given) {
    try {
      return call(...given);
    } catch (error) {
      return error instanceof Error ? error : new Error(error);
    }
  }

  let ids = 0;
  Object.assign(_, {
    attempt,
    camelCase: (value) => cased((word, at) => (at ? capitalize(word) : lowered(word)))(value).join(""),
    capitalize,
    deburr,
    defaultTo: (value, fallback) => (value == null || value !== value ? fallback : value),
    endsWith,
    escape: (value) => toString(value).replace(/[&<>"']/g, (sign) => ENTITIES[sign]),
    escapeRegExp: (value) => toString(value).replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"),
    flow,
    kebabCase: (value) => cased(lowered)(value).join("-"),
    lowerCase: (value) => cased(lowered)(value).join(" "),
    lowerFirst,
    memoize,
    negate: (test) =>
      function (...given) {
        return !test.apply(this, given);
      },
    once,
    pad: padder((missing) => Math.floor(missing / 2)),
    padEnd: padder(() => 0),
    padStart: padder((missing) => missing),
    partial,
    parseInt: (value, radix, guard) => parseInt(toString(value).trimStart(), guard || radix == null ? 0 : +radix || 0),
    repeat,
    replace: (value, pattern, replacement) => toString(value).replace(pattern, replacement),
    snakeCase: (value) => cased(lowered)(value).join("_"),
    split: (value, separator, limit) => toString(value).split(separator, limit),
    startCase: (value) => cased(upperFirst)(value).join(" "),
    startsWith,
    toLower: (value) => toString(value).toLowerCase(),
    toUpper: (value) => toString(value).toUpperCase(),
    trim: trimmer(true, true),
    trimEnd: trimmer(false, true),
    trimStart: trimmer(true, false),
    truncate,
    unescape,
    uniqueId: (prefix) => `${toString(prefix)}${(ids += 1)}`,
    upperCase: (value) => cased((word) => word.toUpperCase())(value).join(" "),
    upperFirst,
    words,
  });
  (globalThis.$ ??= {}).lodash = _;
})
