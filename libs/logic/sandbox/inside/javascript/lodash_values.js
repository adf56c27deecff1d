// `$.lodash`: what a value is, its conversions, paths into it, equality, and what stands for an iteratee.
(function (host) {
  "use strict";
  const { hasOwnProperty, toString: tagger } = Object.prototype;
  const PART =
    /\[(-?\d+(?:\.\d+)?)\]|\["((?:\\.|[^"\\])*)"\]|\['((?:\\.|[^'\\])*)'\]|([^.[\]]+)|()(?=(?:\.|\[\])(?:\.|\[\]|$))/g;
  const DEEP = /\.|\[(?:[^[\]]*|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')\]/;

  const tagOf = (value) => tagger.call(value).slice(8, -1);
  const owns = (object, key) => object != null && hasOwnProperty.call(object, key);
  const eq = (one, other) => one === other || (one !== one && other !== other);
  const { isArray } = Array;
  const isObject = (value) => value !== null && (typeof value === "object" || typeof value === "function");
  const isObjectLike = (value) => value !== null && typeof value === "object";
  const isFunction = (value) => typeof value === "function";
  const isSymbol = (value) => typeof value === "symbol" || (isObjectLike(value) && tagOf(value) === "Symbol");
  const isLength = (value) => Number.isInteger(value) && value >= 0 && value <= Number.MAX_SAFE_INTEGER;
  const isArrayLike = (value) => value != null && !isFunction(value) && isLength(value.length);
  const isArrayLikeObject = (value) => isObjectLike(value) && isArrayLike(value);
  const isTagged = (tag) => (value) => isObjectLike(value) && tagOf(value) === tag;
  const isPrimitive = (type, tag) => (value) => typeof value === type || (isObjectLike(value) && tagOf(value) === tag);
  const isTypedArray = (value) => ArrayBuffer.isView(value) && !(value instanceof DataView);
  const isArguments = isTagged("Arguments");
  const isNumber = isPrimitive("number", "Number");
  const isString = (value) => typeof value === "string" || (!isArray(value) && isTagged("String")(value));

  function isIndex(value, length = Number.MAX_SAFE_INTEGER) {
    const number = typeof value === "number" || (typeof value === "string" && /^(?:0|[1-9]\d*)$/.test(value));
    return number && value > -1 && value % 1 === 0 && value < length;
  }

  function isPlainObject(value) {
    if (!isObjectLike(value) || tagOf(value) !== "Object") return false;
    const prototype = Object.getPrototypeOf(value);
    return prototype === null || (owns(prototype, "constructor") && prototype.constructor === Object);
  }

  function isEmpty(value) {
    if (value == null) return true;
    const listed = isArray(value) || typeof value === "string" || isTypedArray(value) || isArguments(value);
    if (isArrayLike(value) && (listed || isFunction(value.splice))) return value.length === 0;
    if (value instanceof Map || value instanceof Set) return value.size === 0;
    for (const key in value) if (owns(value, key)) return false;
    return true;
  }

  function isIterateeCall(value, index, object) {
    if (!isObject(object)) return false;
    const there =
      typeof index === "number"
        ? isArrayLike(object) && isIndex(index, object.length)
        : typeof index === "string" && index in object;
    return there && eq(object[index], value);
  }

  function baseToString(value) {
    if (typeof value === "string") return value;
    if (isArray(value)) return value.map(baseToString).join(",");
    if (isSymbol(value)) return Symbol.prototype.toString.call(value);
    return Object.is(value, -0) ? "-0" : `${value}`;
  }

  const toString = (value) => (value == null ? "" : baseToString(value));

  function toNumber(value) {
    if (typeof value === "number") return value;
    if (isSymbol(value)) return NaN;
    if (isObject(value)) {
      const inner = isFunction(value.valueOf) ? value.valueOf() : value;
      value = isObject(inner) ? `${inner}` : inner;
    }
    if (typeof value !== "string") return value === 0 ? value : +value;
    const text = value.trim();
    return /^[-+]0[xbo]/i.test(text) ? NaN : +text;
  }

  function toFinite(value) {
    if (!value) return value === 0 ? value : 0;
    const number = toNumber(value);
    if (Math.abs(number) === Infinity) return Math.sign(number) * Number.MAX_VALUE;
    return number === number ? number : 0;
  }

  function toInteger(value) {
    const number = toFinite(value);
    return number % 1 ? Math.trunc(number) || 0 : number;
  }

  const toLength = (value) => Math.min(Math.max(toInteger(value), 0), 4294967295);

  function isKey(value, object) {
    if (isArray(value)) return false;
    if (value == null || ["number", "boolean"].includes(typeof value) || isSymbol(value)) return true;
    return /^\w*$/.test(value) || !DEEP.test(value) || (object != null && value in Object(object));
  }

  function parsed(text) {
    const keys = text.startsWith(".") ? [""] : [];
    for (const [, index, double, single, name] of text.matchAll(PART)) {
      keys.push(index ?? name ?? (double ?? single ?? "").replace(/\\(\\)?/g, "$1"));
    }
    return keys;
  }

  function castPath(path, object) {
    if (isArray(path)) return path;
    return isKey(path, object) ? [path] : parsed(toString(path));
  }

  const toKey = (value) => (typeof value === "string" || isSymbol(value) ? value : baseToString(value));

  function baseGet(object, path) {
    const keys = castPath(path, object);
    let at = 0;
    while (object != null && at < keys.length) object = object[toKey(keys[at++])];
    return at && at === keys.length ? object : undefined;
  }

  function get(object, path, fallback) {
    const found = object == null ? undefined : baseGet(object, path);
    return found === undefined ? fallback : found;
  }

  function hasPath(object, path, holds) {
    const keys = castPath(path, object);
    for (let at = 0; at < keys.length; at += 1) {
      const key = toKey(keys[at]);
      if (object == null || !holds(object, key)) {
        const listed =
          at === keys.length - 1 && object != null && isLength(object.length) && isIndex(key, object.length);
        return listed && (isArray(object) || isArguments(object));
      }
      object = object[key];
    }
    return keys.length > 0;
  }

  const has = (object, path) => object != null && hasPath(object, path, owns);
  const hasIn = (object, path) => object != null && hasPath(object, path, (held, key) => key in Object(held));

  // A member named __proto__ is made an ordinary one, never the prototype.
  function put(object, key, value) {
    if (String(key) !== "__proto__") object[key] = value;
    else Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
  }

  function assignValue(object, key, value) {
    const present = owns(object, key) && eq(object[key], value);
    if (!present || (value === undefined && !(key in object))) put(object, key, value);
  }

  function baseSet(object, path, value) {
    if (!isObject(object)) return object;
    const keys = castPath(path, object).map(toKey);
    let nested = object;
    for (let at = 0; at < keys.length; at += 1) {
      const key = keys[at];
      if (["__proto__", "constructor", "prototype"].includes(key)) return object;
      if (at === keys.length - 1) assignValue(nested, key, value);
      else assignValue(nested, key, isObject(nested[key]) ? nested[key] : isIndex(keys[at + 1]) ? [] : {});
      nested = nested[key];
    }
    return object;
  }

  // Members of an array or array-like come by their index first, as lodash gives them.
  function keys(value) {
    if (!isArrayLike(value))
      return Object.keys(Object(value)).filter((key) => !isPrototype(value) || key !== "constructor");
    const indexes = Array.from(
      isArray(value) || typeof value !== "object" || isArguments(value) ? { length: value.length } : [],
      (_, at) => String(at),
    );
    return [...indexes, ...Object.keys(Object(value)).filter((key) => !indexes.length || !isIndex(key, value.length))];
  }

  function isPrototype(value) {
    const constructor = value?.constructor;
    return value === (isFunction(constructor) ? constructor.prototype : Object.prototype);
  }

  function keysIn(object) {
    const found = [];
    for (const key in Object(object)) found.push(key);
    return found;
  }

  const symbols = (object) =>
    Object.getOwnPropertySymbols(object).filter((key) => Object.prototype.propertyIsEnumerable.call(object, key));

  // The elements of an array, of something like one, or of text, else the own members.
  function each(collection, visit) {
    if (collection == null) return;
    const object = Object(collection);
    if (!isArrayLike(collection)) {
      for (const key of keys(object)) if (visit(object[key], key, object) === false) return;
      return;
    }
    for (let at = 0; at < object.length; at += 1) if (visit(object[at], at, collection) === false) return;
  }

  // With `partial` every part of the first must be in the other, which may have more.
  function equalLists(one, other, seen, partial, anyOrder) {
    if (one.length !== other.length && !(partial && other.length > one.length)) return false;
    const taken = new Set();
    for (let at = 0; at < one.length; at += 1) {
      if (!anyOrder) {
        if (!equal(one[at], other[at], seen, partial)) return false;
        continue;
      }
      const found = Array.prototype.findIndex.call(
        other,
        (element, place) => !taken.has(place) && equal(one[at], element, seen, partial, true),
      );
      if (found < 0) return false;
      taken.add(found);
    }
    return true;
  }

  function equalObjects(one, other, seen, partial) {
    const names = [...keys(one), ...symbols(one)];
    if (names.length !== [...keys(other), ...symbols(other)].length && !partial) return false;
    if (names.some((key) => !(partial ? key in other : owns(other, key)))) return false;
    if (names.some((key) => !equal(one[key], other[key], seen, partial, partial))) return false;
    if (partial || names.includes("constructor") || one.constructor === other.constructor) return true;
    const known = (made) => isFunction(made) && made instanceof made;
    return !("constructor" in one && "constructor" in other) || (known(one.constructor) && known(other.constructor));
  }

  function equalTagged(tag, one, other, seen, partial) {
    if (["Boolean", "Date", "Number"].includes(tag)) return eq(+one, +other);
    if (tag === "Error") return one.name === other.name && one.message === other.message;
    if (tag === "RegExp" || tag === "String") return `${one}` === `${other}`;
    if (tag === "Symbol") return one.valueOf() === other.valueOf();
    if (tag === "ArrayBuffer" || tag === "DataView") return equalBytes(one, other);
    if (tag !== "Map" && tag !== "Set")
      return tag === "Object" || tag === "Arguments" ? equalObjects(one, other, seen, partial) : false;
    return (one.size === other.size || partial) && equalLists([...one], [...other], seen, partial, true);
  }

  function equalBytes(one, other) {
    const bytes = (value) => new Uint8Array(value.buffer ?? value, value.byteOffset ?? 0, value.byteLength);
    return one.byteLength === other.byteLength && bytes(one).every((byte, at) => byte === bytes(other)[at]);
  }

  function equal(one, other, seen = new Map(), partial = false, anyOrder = false) {
    if (one === other) return true;
    if (one == null || other == null || (!isObjectLike(one) && !isObjectLike(other)))
      return one !== one && other !== other;
    const [tag, otherTag] = [one, other].map((value) =>
      isArguments(value) ? "Object" : isArray(value) ? "Array" : tagOf(value),
    );
    if (tag !== otherTag || isFunction(one) || isFunction(other)) return false;
    if (seen.has(one)) return seen.get(one) === other;
    seen.set(one, other).set(other, one);
    const listed = tag === "Array" || isTypedArray(one);
    const same = listed ? equalLists(one, other, seen, partial, anyOrder) : equalTagged(tag, one, other, seen, partial);
    seen.delete(one);
    seen.delete(other);
    return same;
  }

  const isEqual = (one, other) => equal(one, other);
  const contains = (value, source) => equal(source, value, new Map(), true, true);
  const strictly = (value) => value === value && !isObject(value);

  function matchesMember(object, key, expected) {
    if (!strictly(expected)) return (expected !== undefined || key in object) && contains(object[key], expected);
    return object[key] === expected && (expected !== undefined || key in object);
  }

  function matches(source) {
    const names = keys(source);
    return (object) => {
      if (object == null) return names.length === 0;
      return object === source || names.every((key) => matchesMember(Object(object), key, source[key]));
    };
  }

  function matchesProperty(path, expected) {
    if (isKey(path) && strictly(expected))
      return (object) => object != null && matchesMember(Object(object), toKey(path), expected);
    return (object) => {
      const found = get(object, path);
      return found === undefined && expected === undefined ? hasIn(object, path) : contains(found, expected);
    };
  }

  const property = (path) => (object) => (object == null ? undefined : baseGet(object, isKey(path) ? [path] : path));

  function iteratee(given) {
    if (isFunction(given)) return given;
    if (given == null) return (value) => value;
    if (!isObjectLike(given)) return property(given);
    return isArray(given) ? matchesProperty(given[0], given[1]) : matches(given);
  }

  // For use inside the other files; what of it is public is named below.
  host.lodashParts = {
    assignValue,
    baseGet,
    baseSet,
    baseToString,
    castPath,
    each,
    eq,
    hasIn,
    isArguments,
    isArrayLike,
    isArrayLikeObject,
    isIndex,
    isIterateeCall,
    isObject,
    isObjectLike,
    isPrototype,
    isSymbol,
    isTypedArray,
    iteratee,
    keys,
    keysIn,
    owns,
    put,
    symbols,
    tagOf,
    toFinite,
    toInteger,
    toKey,
    toLength,
    toNumber,
    toString,
  };
  const isNaN = (value) => isNumber(value) && +value !== +value;
  host.lodash = {
    constant: (value) => () => value,
    eq,
    get,
    has,
    hasIn,
    identity: (value) => value,
    isArguments,
    isArray,
    isArrayLike,
    isArrayLikeObject,
    isBoolean: isPrimitive("boolean", "Boolean"),
    isDate: isTagged("Date"),
    isEmpty,
    isEqual,
    isError: (value) => value instanceof Error,
    isFinite: Number.isFinite,
    isFunction,
    isInteger: Number.isInteger,
    isLength,
    isMap: isTagged("Map"),
    isMatch: (object, source) => matches(source)(object),
    isNaN,
    isNil: (value) => value == null,
    isNull: (value) => value === null,
    isNumber,
    isObject,
    isObjectLike,
    isPlainObject,
    isRegExp: isTagged("RegExp"),
    isSafeInteger: Number.isSafeInteger,
    isSet: isTagged("Set"),
    isString,
    isSymbol,
    isTypedArray,
    isUndefined: (value) => value === undefined,
    iteratee,
    keys: (value) => (value == null ? [] : keys(value)),
    matches,
    matchesProperty,
    noop() {},
    property,
    set: (object, path, value) => (object == null ? object : baseSet(object, path, value)),
    toFinite,
    toInteger,
    toLength,
    toNumber,
    toPath: (value) => (isArray(value) ? value.map(toKey) : parsed(toString(value))),
    toString,
  };
})
