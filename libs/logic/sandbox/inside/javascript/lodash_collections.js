// `$.lodash`: collections, which are arrays, what is like one, text, and objects by their members.
(function (host) {
  "use strict";
  const _ = host.lodash;
  const { baseGet, castPath, each, flattened, isArrayLike, isIterateeCall, isSymbol, iteratee } = host.lodashParts;
  const { owns, put, start, take, toInteger } = host.lodashParts;
  const { isArray, isString } = _;

  function searched(search) {
    return (collection, given, from) => {
      if (isArrayLike(collection)) {
        const at = search(collection, given, from);
        return at < 0 ? undefined : Object(collection)[at];
      }
      const names = _.keys(collection);
      const test = iteratee(given);
      const at = search(names, (key) => test(collection[key], key, collection), from);
      return at < 0 ? undefined : collection[names[at]];
    };
  }

  function collected(collection, given, place, made) {
    const by = iteratee(given);
    each(collection, (value, key, held) => place(made, value, by(value, key, held)));
    return made;
  }

  function grouped(place, empty = () => ({})) {
    return (collection, given) => {
      const by = iteratee(given);
      const made = empty();
      each(collection, (value) => {
        place(made, value, by(value));
      });
      return made;
    };
  }

  const map = (collection, given) =>
    collected(
      collection,
      given,
      (made, _value, result) => {
        made.push(result);
      },
      [],
    );
  const keep = (made, value, holds) => {
    if (holds) made.push(value);
  };
  const filter = (collection, test) => collected(collection, test, keep, []);
  const reject = (collection, test) =>
    collected(collection, test, (made, value, holds) => keep(made, value, !holds), []);

  function holdsFor(collection, given, guard, wanted) {
    const test = iteratee(guard && isIterateeCall(collection, given, guard) ? undefined : given);
    let found = false;
    each(collection, (value, key, held) => !(found = Boolean(test(value, key, held)) === wanted));
    return found;
  }

  function elements(collection) {
    const made = [];
    each(collection, (value, key) => {
      made.push([value, key]);
    });
    return made;
  }

  function reduced(order) {
    return (collection, given, ...initial) => {
      const combine = iteratee(given);
      const pairs = order(elements(collection));
      let result = initial.length ? initial[0] : pairs.shift()?.[0];
      for (const [value, key] of pairs) result = combine(result, value, key, collection);
      return result;
    };
  }

  function forEachOf(order) {
    return (collection, given) => {
      const visit = iteratee(given);
      if (order)
        for (const [value, key] of order(elements(collection))) {
          if (visit(value, key, collection) === false) break;
        }
      else each(collection, visit);
      return collection;
    };
  }

  function includes(collection, value, from, guard) {
    const list = isArrayLike(collection) ? collection : _.values(collection);
    const first = from && !guard ? start(from, list.length) : 0;
    if (isString(list)) return first <= list.length && String(list).indexOf(value, first) > -1;
    return Array.prototype.includes.call(list, value, first);
  }

  // Ordinary values by < and >, then symbols, null, undefined and NaN.
  function rank(value) {
    if (isSymbol(value)) return 1;
    if (value === null) return 2;
    if (value === undefined) return 3;
    return value !== value ? 4 : 0;
  }

  function ascending(one, other) {
    const [first, second] = [rank(one), rank(other)];
    if (first !== second) return first - second;
    if (first) return 0;
    return one > other ? 1 : one < other ? -1 : 0;
  }

  function ordered(collection, given, orders) {
    const criteria = (given.length ? given : [undefined]).map((each_) =>
      isArray(each_)
        ? (value) => (value == null ? undefined : baseGet(value, each_.length === 1 ? each_[0] : each_))
        : iteratee(each_),
    );
    const rows = elements(collection).map(([value]) => ({
      value,
      keys: criteria.map((criterion) => criterion(value)),
    }));
    rows.sort((one, other) => {
      for (let at = 0; at < criteria.length; at += 1) {
        const result = ascending(one.keys[at], other.keys[at]);
        if (result) return orders[at] === "desc" ? -result : result;
      }
      return 0;
    });
    return rows.map(({ value }) => value);
  }

  function sortBy(collection, ...given) {
    if (given.length > 1 && isIterateeCall(collection, given[0], given[1])) given = [];
    else if (given.length > 2 && isIterateeCall(given[0], given[1], given[2])) given = [given[0]];
    return collection == null ? [] : ordered(collection, flattened(given, 1), []);
  }

  function orderBy(collection, given, orders, guard) {
    const lists = [given, guard ? undefined : orders].map((value) =>
      isArray(value) ? value : value == null ? [] : [value],
    );
    return collection == null ? [] : ordered(collection, ...lists);
  }

  function invokeMap(collection, path, ...given) {
    const keys = castPath(path);
    return map(collection, (value) => {
      if (typeof path === "function") return path.apply(value, given);
      const holder = keys.length > 1 ? _.get(value, keys.slice(0, -1)) : value;
      return holder == null ? undefined : holder[keys.at(-1)]?.(...given);
    });
  }

  const flatMapped = (depth) => (collection, given) => flattened(map(collection, given), depth);

  function shuffle(collection) {
    const list = _.values(collection);
    for (let at = list.length - 1; at > 0; at -= 1) {
      const other = _.random(at);
      [list[at], list[other]] = [list[other], list[at]];
    }
    return list;
  }

  function size(collection) {
    if (collection == null) return 0;
    if (isString(collection)) return [...String(collection)].length;
    return isArrayLike(collection) ? collection.length : (collection.size ?? _.keys(collection).length);
  }

  function toArray(value) {
    return value instanceof Map || value instanceof Set || isString(value) ? [...value] : _.values(value);
  }

  const count = (made, _value, key) => put(made, key, owns(made, key) ? made[key] + 1 : 1);
  const gather = (made, value, key) => (owns(made, key) ? made[key].push(value) : put(made, key, [value]));
  const part = (made, value, holds) => made[holds ? 0 : 1].push(value);
  Object.assign(_, {
    countBy: grouped(count),
    every: (collection, test, guard) => !holdsFor(collection, test, guard, false),
    filter,
    find: searched(_.findIndex),
    findLast: searched(_.findLastIndex),
    flatMap: flatMapped(1),
    flatMapDeep: flatMapped(Infinity),
    flatMapDepth: (collection, given, depth) =>
      flatMapped(depth === undefined ? 1 : toInteger(depth))(collection, given),
    forEach: forEachOf(null),
    forEachRight: forEachOf((pairs) => pairs.reverse()),
    groupBy: grouped(gather),
    includes,
    invokeMap,
    keyBy: grouped((made, value, key) => put(made, key, value)),
    map,
    orderBy,
    partition: grouped(part, () => [[], []]),
    reduce: reduced((pairs) => pairs),
    reduceRight: reduced((pairs) => pairs.reverse()),
    reject,
    sample: (collection) => shuffle(collection)[0],
    sampleSize: (collection, wanted, guard) => take(shuffle(collection), wanted, guard),
    shuffle,
    size,
    some: (collection, test, guard) => holdsFor(collection, test, guard, true),
    sortBy,
    toArray,
  });
  Object.assign(_, { each: _.forEach, eachRight: _.forEachRight });
})
