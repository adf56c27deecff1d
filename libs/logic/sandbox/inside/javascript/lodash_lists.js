// `$.lodash`: arrays.
(function (host) {
  "use strict";
  const _ = host.lodash;
  const { isArguments, isArrayLikeObject, isIterateeCall, iteratee, put, toInteger } = host.lodashParts;
  const { isArray } = _;

  const listOf = (array) => (array == null || !array.length ? [] : Array.from(array));
  const unsigned = (value) => (value === 0 ? 0 : value);
  const flattenable = (value) => isArray(value) || isArguments(value) || Boolean(value?.[Symbol.isConcatSpreadable]);

  function flattened(array, depth, strict = false) {
    const made = [];
    for (const value of listOf(array)) {
      if (depth > 0 && (strict ? isArrayLikeObject(value) : flattenable(value))) {
        for (const inner of depth > 1 ? flattened(value, depth - 1) : Array.from(value)) made.push(inner);
      } else if (!strict) made.push(value);
    }
    return made;
  }

  // Splits off a last argument that is no list: an iteratee, or with `compared` a comparison of two.
  function tailOf(lists, kind) {
    const last = lists.at(-1);
    const given = kind && !isArrayLikeObject(last) ? last : undefined;
    const rest = kind && lists.length && !isArrayLikeObject(last) ? lists.slice(0, -1) : lists;
    if (kind === "with") return [rest, (value) => value, typeof given === "function" ? given : undefined];
    return [rest, kind ? iteratee(given) : (value) => value, undefined];
  }

  // A test for membership by SameValueZero, or by the author's comparison.
  function member(values, compare) {
    if (!compare) {
      const known = new Set(values);
      return (value) => known.has(value);
    }
    return (value) => values.some((other) => compare(value, other));
  }

  function uniqueBy(array, by = (value) => value, compare = undefined) {
    const made = [];
    const seen = new Set();
    for (const value of listOf(array)) {
      const key = by(value);
      if (compare ? made.some((other) => compare(other, value)) : seen.has(key)) continue;
      seen.add(key);
      made.push(compare ? value : unsigned(value));
    }
    return made;
  }

  function difference(kind) {
    return (array, ...lists) => {
      if (!isArrayLikeObject(array)) return [];
      const [rest, by, compare] = tailOf(lists, kind);
      const excluded = member(
        flattened(rest, 1, true).map((value) => by(value)),
        compare,
      );
      return listOf(array)
        .filter((value) => !excluded(by(value)))
        .map(compare ? (value) => value : unsigned);
    };
  }

  function intersection(kind) {
    return (...lists) => {
      const [rest, by, compare] = tailOf(lists, kind);
      if (!rest.length || !isArrayLikeObject(rest[0])) return [];
      const [first, ...others] = rest.map((list) => (isArrayLikeObject(list) ? listOf(list) : []));
      const tests = others.map((list) =>
        member(
          list.map((value) => by(value)),
          compare,
        ),
      );
      return uniqueBy(first, by, compare && ((one, other) => compare(one, other))).filter((value) =>
        tests.every((test) => test(by(value))),
      );
    };
  }

  function union(kind) {
    return (...lists) => {
      const [rest, by, compare] = tailOf(lists, kind);
      return uniqueBy(flattened(rest, 1, true), by, compare);
    };
  }

  function xor(...lists) {
    const given = lists.filter(isArrayLikeObject);
    const only = given.map((list, at) => difference()(list, ...given.filter((_list, other) => other !== at)));
    return uniqueBy(only.flat());
  }

  // How many elements a count asks for: one when it isn't said, or when used as an iteratee.
  const counted = (count, guard) => (guard || count === undefined ? 1 : Math.max(toInteger(count), 0));
  const take = (array, count, guard) => listOf(array).slice(0, counted(count, guard));
  const drop = (array, count, guard) => listOf(array).slice(counted(count, guard));

  function takeRight(array, count, guard) {
    const list = listOf(array);
    return list.slice(Math.max(list.length - counted(count, guard), 0));
  }

  function dropRight(array, count, guard) {
    const list = listOf(array);
    return list.slice(0, Math.max(list.length - counted(count, guard), 0));
  }

  // Where the leading, or trailing, elements end for which a test holds.
  function runOf(array, given) {
    const test = iteratee(given);
    const at = listOf(array).findIndex((value, place) => !test(value, place, array));
    return at < 0 ? listOf(array).length : at;
  }

  function runOfRight(array, given) {
    const test = iteratee(given);
    return listOf(array).findLastIndex((value, place) => !test(value, place, array)) + 1;
  }

  function chunk(array, size, guard) {
    const list = listOf(array);
    const length =
      (guard && isIterateeCall(array, size, guard)) || size === undefined ? 1 : Math.max(toInteger(size), 0);
    const made = [];
    for (let at = 0; length > 0 && at < list.length; at += length) made.push(list.slice(at, at + length));
    return made;
  }

  function unzip(array) {
    const lists = listOf(array).filter(isArrayLikeObject);
    return Array.from({ length: Math.max(0, ...lists.map((list) => list.length)) }, (_value, at) =>
      lists.map((list) => list[at]),
    );
  }

  const zipWith = (...given) => {
    const join = typeof given.at(-1) === "function" ? given.pop() : null;
    return join ? unzip(given).map((group) => join(...group)) : unzip(given);
  };

  function zipObject(names, values, place = put) {
    const made = {};
    listOf(names).forEach((name, at) => place(made, name, at < (values?.length ?? 0) ? values[at] : undefined));
    return made;
  }

  function fromPairs(array) {
    const made = {};
    for (const pair of listOf(array)) put(made, pair[0], pair[1]);
    return made;
  }

  function start(from, length) {
    const index = from == null ? 0 : toInteger(from);
    return index < 0 ? Math.max(length + index, 0) : index;
  }

  function findIndex(array, given, from) {
    const test = iteratee(given);
    const list = array ?? [];
    for (let at = start(from, list.length); at < list.length; at += 1) if (test(list[at], at, array)) return at;
    return -1;
  }

  function findLastIndex(array, given, from) {
    const test = iteratee(given);
    const list = array ?? [];
    const last = from === undefined ? list.length - 1 : toInteger(from);
    for (let at = Math.min(last < 0 ? Math.max(list.length + last, 0) : last, list.length - 1); at >= 0; at -= 1) {
      if (test(list[at], at, array)) return at;
    }
    return -1;
  }

  function pull(array, values) {
    if (!array?.length || !values?.length) return array;
    const unwanted = new Set(values);
    for (let at = array.length - 1; at >= 0; at -= 1) if (unwanted.has(array[at])) array.splice(at, 1);
    return array;
  }

  function remove(array, given) {
    const test = iteratee(given);
    const out = listOf(array).map((value, at) => Boolean(test(value, at, array)));
    const removed = listOf(array).filter((_value, at) => out[at]);
    for (let at = out.length - 1; at >= 0; at -= 1) if (out[at]) array.splice(at, 1);
    return removed;
  }

  function indexOf(array, value, from) {
    const list = array ?? [];
    for (let at = start(from, list.length); at < list.length; at += 1) if (_.eq(list[at], value)) return at;
    return -1;
  }

  Object.assign(host.lodashParts, { flattened, listOf, start, take });
  const baseSet = host.lodashParts.baseSet;
  Object.assign(_, {
    chunk,
    compact: (array) => listOf(array).filter(Boolean),
    concat: (...given) => (given.length ? flattened([_.castArray(given[0]), ...given.slice(1)], 1) : []),
    castArray: (...given) => (given.length && !isArray(given[0]) ? [given[0]] : (given[0] ?? [])),
    difference: difference(),
    differenceBy: difference("by"),
    differenceWith: difference("with"),
    drop,
    dropRight,
    dropRightWhile: (array, test) => listOf(array).slice(0, runOfRight(array, test)),
    dropWhile: (array, test) => listOf(array).slice(runOf(array, test)),
    fill: (array, value, from, to) => (array?.length ? array.fill(value, from, to) : []),
    findIndex,
    findLastIndex,
    flatten: (array) => flattened(array, 1),
    flattenDeep: (array) => flattened(array, Infinity),
    flattenDepth: (array, depth) => flattened(array, depth === undefined ? 1 : toInteger(depth)),
    fromPairs,
    head: (array) => listOf(array)[0],
    indexOf,
    initial: (array) => dropRight(array),
    intersection: intersection(),
    intersectionBy: intersection("by"),
    intersectionWith: intersection("with"),
    join: (array, separator) => (array == null ? "" : Array.prototype.join.call(array, separator)),
    last: (array) => listOf(array).at(-1),
    nth: (array, place) => listOf(array).at(toInteger(place)),
    pull: (array, ...values) => pull(array, values),
    pullAll: pull,
    remove,
    reverse: (array) => (array == null ? array : array.reverse()),
    slice: (array, from, to) => listOf(array).slice(from ?? 0, to),
    tail: (array) => listOf(array).slice(1),
    take,
    takeRight,
    takeRightWhile: (array, test) => listOf(array).slice(runOfRight(array, test)),
    takeWhile: (array, test) => listOf(array).slice(0, runOf(array, test)),
    union: union(),
    unionBy: union("by"),
    unionWith: union("with"),
    uniq: (array) => uniqueBy(array),
    uniqBy: (array, by) => uniqueBy(array, iteratee(by)),
    uniqWith: (array, compare) => uniqueBy(array, undefined, typeof compare === "function" ? compare : undefined),
    unzip,
    without: (array, ...values) => difference()(array, values),
    xor,
    zip: (...lists) => unzip(lists),
    zipObject: (names, values) => zipObject(names, values),
    zipObjectDeep: (names, values) => zipObject(names, values, baseSet),
    zipWith,
  });
  _.first = _.head;
})
