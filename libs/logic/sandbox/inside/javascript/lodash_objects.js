// `$.lodash`: copies, merges, and what is taken from, put into or made of an object.
(function (host) {
  "use strict";
  const _ = host.lodash;
  const { assignValue, baseGet, baseSet, castPath, each, eq, hasIn, isArguments, isIterateeCall, isTypedArray } =
    host.lodashParts;
  const { isArrayLikeObject, isObject, isPrototype, iteratee, keys, keysIn, owns, put, symbols, tagOf, toKey } =
    host.lodashParts;
  const { isArray, isFunction, isPlainObject } = _;
  const BOXED = new Set(["Boolean", "Number", "String", "Symbol"]);

  const emptyLike = (object) => (isPrototype(object) ? {} : Object.create(Object.getPrototypeOf(object)));
  const flat = (paths) => paths.flatMap((path) => (isArray(path) || isArguments(path) ? [...path] : [path]));

  function copiedBytes(value, deep) {
    const buffer = deep || !value.buffer ? (value.buffer ?? value).slice(0) : value.buffer;
    if (!value.buffer) return buffer;
    return new value.constructor(buffer, value.byteOffset, value.length ?? value.byteLength);
  }

  // The empty copy to be filled, or undefined for what is copied by reference.
  function begun(value, tag, deep) {
    if (isArray(value)) {
      const made = new Array(value.length);
      return typeof value[0] === "string" && owns(value, "index")
        ? Object.assign(made, { index: value.index, input: value.input })
        : made;
    }
    if (tag === "Object" || tag === "Arguments") return tag === "Object" ? emptyLike(value) : {};
    if (tag === "Map" || tag === "Set") return new value.constructor();
    if (tag === "Date") return new value.constructor(+value);
    if (tag === "RegExp") return Object.assign(new RegExp(value.source, value.flags), { lastIndex: value.lastIndex });
    if (BOXED.has(tag)) return Object(value.valueOf());
    return isTypedArray(value) || tag === "ArrayBuffer" || tag === "DataView" ? copiedBytes(value, deep) : undefined;
  }

  function clone(value, deep, customizer = undefined, key = undefined, parent = undefined, seen = new Map()) {
    const own = customizer?.(value, key, parent);
    if (own !== undefined) return own;
    if (!isObject(value)) return value;
    const tag = tagOf(value);
    if (isFunction(value)) return parent ? value : {};
    if (seen.has(value)) return seen.get(value);
    const made = begun(value, tag, deep);
    if (made === undefined) return parent ? value : {};
    seen.set(value, made);
    const inner = (part, name) => (deep ? clone(part, true, customizer, name, value, seen) : part);
    if (tag === "Map") value.forEach((part, name) => made.set(name, inner(part, name)));
    else if (tag === "Set") value.forEach((part) => made.add(inner(part, part)));
    else if (isArray(value)) for (let at = 0; at < value.length; at += 1) made[at] = inner(value[at], at);
    else if (!ArrayBuffer.isView(value)) {
      for (const name of [...keys(value), ...symbols(value)]) assignValue(made, name, inner(value[name], name));
    }
    return made;
  }

  // `assign` and its like: each source in turn; as the callback of `reduce` only the element is a source.
  function assigner(copy) {
    return (object, ...sources) => {
      const target = Object(object);
      if (sources.length > 2 && isIterateeCall(sources[0], sources[1], sources[2])) sources = [sources[0]];
      for (const source of sources) if (source != null) copy(target, source);
      return target;
    };
  }

  function withCustomizer(copy) {
    return (object, ...given) => {
      const customizer = given.length > 1 && isFunction(given.at(-1)) ? given.pop() : undefined;
      return assigner((target, source) => copy(target, source, customizer))(object, ...given);
    };
  }

  const copier = (names) => (target, source, customizer) => {
    for (const key of names(source)) {
      const value = customizer?.(target[key], source[key], key, target, source);
      assignValue(target, key, value === undefined ? source[key] : value);
    }
  };

  function safeGet(object, key) {
    if (key === "constructor" && isFunction(object[key])) return undefined;
    return key === "__proto__" ? undefined : object[key];
  }

  function mergeMember(object, key, value) {
    if (value === undefined ? !(key in object) : !eq(object[key], value)) put(object, key, value);
  }

  // What a member's value is merged into; undefined when it simply takes the place.
  function mergeTarget(old, value) {
    if (isArray(value)) {
      if (isArray(old)) return old;
      return isArrayLikeObject(old) ? Array.from(old) : [];
    }
    if (!isPlainObject(value) && !isArguments(value)) return undefined;
    if (isArguments(old)) return { ...old };
    return isObject(old) && !isFunction(old) ? old : emptyLike(value);
  }

  function mergeDeep(object, source, key, customizer, seen) {
    const old = safeGet(object, key);
    const value = safeGet(source, key);
    if (seen.has(value)) {
      mergeMember(object, key, seen.get(value));
      return;
    }
    let made = customizer?.(old, value, `${String(key)}`, object, source, seen);
    if (made === undefined) {
      made = isTypedArray(value) ? (isArray(old) ? old : copiedBytes(value, true)) : mergeTarget(old, value);
      if (made === undefined) made = value;
      else if (!ArrayBuffer.isView(made)) {
        seen.set(value, made);
        merge(made, value, customizer, seen);
        seen.delete(value);
      }
    }
    mergeMember(object, key, made);
  }

  function merge(object, source, customizer, seen = new Map()) {
    if (object === source) return;
    for (const key of keysIn(source)) {
      const value = source[key];
      if (isObject(value)) mergeDeep(object, source, key, customizer, seen);
      else {
        const own = customizer?.(safeGet(object, key), value, `${String(key)}`, object, source, seen);
        mergeMember(object, key, own === undefined ? value : own);
      }
    }
  }

  function missing(target, source) {
    for (const key of keysIn(source)) {
      const value = target[key];
      if (value === undefined || (eq(value, Object.prototype[key]) && !owns(target, key)))
        put(target, key, source[key]);
    }
  }

  function filled(old, value, key, object, source, seen) {
    if (!isObject(old) || !isObject(value)) return old;
    seen.set(value, old);
    merge(old, value, filled, seen);
    seen.delete(value);
    return old;
  }

  function pickBy(object, test) {
    const picked = {};
    if (object == null) return picked;
    const wanted = iteratee(test);
    for (const key of allKeys(object)) if (wanted(object[key], key)) baseSet(picked, [key], object[key]);
    return picked;
  }

  function allKeys(object) {
    const found = keysIn(object);
    for (let held = Object(object); held; held = Object.getPrototypeOf(held)) found.push(...symbols(held));
    return found;
  }

  function pick(object, ...paths) {
    const picked = {};
    if (object == null) return picked;
    for (const path of flat(paths)) {
      const keys = castPath(path, object);
      if (hasIn(object, keys)) baseSet(picked, keys, baseGet(object, keys));
    }
    return picked;
  }

  function omit(object, ...paths) {
    if (object == null) return {};
    const wanted = flat(paths).map((path) => castPath(path, object));
    let rest = {};
    for (const key of allKeys(object)) put(rest, key, object[key]);
    if (wanted.some((path) => path.length > 1))
      rest = clone(rest, true, (value) => (isPlainObject(value) ? undefined : value));
    for (const path of wanted) unset(rest, path);
    return rest;
  }

  function unset(object, path) {
    const keys = castPath(path, object).map(toKey);
    const blocked = (key, at) =>
      (key === "__proto__" && !owns(object, key)) ||
      (at < keys.length - 1 && ["constructor", "prototype"].includes(key));
    if (!keys.length) return true;
    if (keys.some(blocked)) return false;
    const holder = keys.length > 1 ? baseGet(object, keys.slice(0, -1)) : object;
    return holder == null || Reflect.deleteProperty(Object(holder), keys.at(-1));
  }

  function mapped(object, place) {
    const made = {};
    if (object != null) for (const key of keys(object)) place(made, key, Object(object)[key]);
    return made;
  }

  function mapValues(object, given) {
    const change = iteratee(given);
    return mapped(object, (made, key, value) => put(made, key, change(value, key, object)));
  }

  function mapKeys(object, given) {
    const name = iteratee(given);
    return mapped(object, (made, key, value) => put(made, name(value, key, object), value));
  }

  function pairs(object, names) {
    if (object instanceof Map) return [...object];
    if (object instanceof Set) return [...object].map((value) => [value, value]);
    return object == null ? [] : names(object).map((key) => [key, object[key]]);
  }

  function invertBy(object, given, place) {
    const name = iteratee(given);
    return mapped(object, (made, key, value) => place(made, String(name(value)), key));
  }

  function walk(names) {
    return (object, given) => {
      const visit = iteratee(given);
      if (object != null) for (const key of names(object)) if (visit(Object(object)[key], key, object) === false) break;
      return object;
    };
  }

  function transform(object, given, accumulator) {
    const visit = iteratee(given);
    const listed = isArray(object) || isTypedArray(object);
    const made =
      accumulator ?? (listed ? [] : isObject(object) && isFunction(object.constructor) ? emptyLike(object) : {});
    each(listed ? object : mapped(object, put), (value, key) => visit(made, value, key, object));
    return made;
  }

  function findKey(object, given) {
    const test = iteratee(given);
    return object == null ? undefined : keys(object).find((key) => test(object[key], key, object));
  }

  function result(object, path, fallback) {
    let value = object;
    const names = castPath(path, object);
    for (const name of names.length ? names : [undefined]) {
      const found = value == null || name === undefined ? undefined : value[toKey(name)];
      if (found === undefined) return isFunction(fallback) ? fallback.call(value) : fallback;
      value = isFunction(found) ? found.call(value) : found;
    }
    return value;
  }

  Object.assign(_, {
    assign: assigner(copier(keys)),
    assignIn: assigner(copier(keysIn)),
    assignWith: withCustomizer(copier(keys)),
    at: (object, ...paths) => flat(paths).map((path) => _.get(object, path)),
    clone: (value) => clone(value, false),
    cloneDeep: (value) => clone(value, true),
    cloneDeepWith: (value, customizer) => clone(value, true, isFunction(customizer) ? customizer : undefined),
    defaults: assigner(missing),
    defaultsDeep: assigner((target, source) => merge(target, source, filled)),
    entries: (object) => pairs(object, keys),
    entriesIn: (object) => pairs(object, keysIn),
    findKey,
    forIn: walk(keysIn),
    forOwn: walk(keys),
    invert: (object) => invertBy(object, null, put),
    invertBy: (object, given) =>
      invertBy(object, given, (made, name, key) => (owns(made, name) ? made[name].push(key) : put(made, name, [key]))),
    keysIn: (object) => (object == null ? [] : keysIn(object)),
    mapKeys,
    mapValues,
    merge: assigner((target, source) => merge(target, source)),
    mergeWith: withCustomizer(merge),
    omit,
    omitBy: (object, test) => pickBy(object, (value, key) => !iteratee(test)(value, key)),
    pick,
    pickBy,
    result,
    toPairs: (object) => pairs(object, keys),
    toPairsIn: (object) => pairs(object, keysIn),
    toPlainObject: (value) => {
      const made = {};
      for (const key of keysIn(value)) put(made, key, value[key]);
      return made;
    },
    transform,
    unset: (object, path) => (object == null ? true : unset(object, path)),
    update: (object, path, change) => (object == null ? object : baseSet(object, path, change(baseGet(object, path)))),
    values: (object) => (object == null ? [] : keys(object).map((key) => object[key])),
    valuesIn: (object) => (object == null ? [] : keysIn(object).map((key) => object[key])),
  });
  _.extend = _.assignIn;
})
