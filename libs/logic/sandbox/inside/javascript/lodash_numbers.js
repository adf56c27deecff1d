// `$.lodash`: numbers.
(function (host) {
  "use strict";
  const _ = host.lodash;
  const { isIterateeCall, isSymbol, iteratee, listOf, toFinite, toInteger, toNumber } = host.lodashParts;

  function extreme(array, given, better) {
    const by = iteratee(given);
    let best;
    let chosen;
    for (const value of listOf(array)) {
      const current = by(value);
      if (current == null || (best === undefined ? current !== current || isSymbol(current) : !better(current, best)))
        continue;
      [best, chosen] = [current, value];
    }
    return chosen;
  }

  const larger = (one, other) => one > other;
  const smaller = (one, other) => one < other;

  function sumBy(array, given) {
    if (!array?.length) return 0;
    const by = iteratee(given);
    const addends = listOf(array)
      .map((value) => by(value))
      .filter((value) => value !== undefined);
    return addends.length ? addends.reduce((sum, value) => sum + value) : undefined;
  }

  const meanBy = (array, given) => (array?.length ? sumBy(array, given) / array.length : NaN);

  function range(from, to, step) {
    if (step && typeof step !== "number" && isIterateeCall(from, to, step)) to = step = undefined;
    let [first, end] = [toFinite(from), toFinite(to)];
    if (to === undefined) [first, end] = [0, first];
    const width = step === undefined ? (first < end ? 1 : -1) : toFinite(step);
    const length = Math.max(Math.ceil((end - first) / (width || 1)), 0);
    return Array.from({ length }, (_value, at) => first + at * width);
  }

  function random(lower, upper, floating) {
    if (floating && typeof floating !== "boolean" && isIterateeCall(lower, upper, floating))
      upper = floating = undefined;
    if (typeof upper === "boolean") [upper, floating] = [undefined, upper];
    if (typeof lower === "boolean") [lower, floating] = [undefined, lower];
    let [low, high] = [lower === undefined ? 0 : toFinite(lower), toFinite(upper)];
    if (upper === undefined) [low, high] = lower === undefined ? [0, 1] : [0, low];
    if (low > high) [low, high] = [high, low];
    if (floating || low % 1 || high % 1) return Math.min(low + Math.random() * (high - low), high);
    return low + Math.floor(Math.random() * (high - low + 1));
  }

  function rounded(name) {
    return (number, precision) => {
      const places = precision == null ? 0 : Math.min(toInteger(precision), 292);
      const value = toNumber(number);
      if (!places || !Number.isFinite(value)) return Math[name](value);
      const shifted = (from, by) => {
        const [digits, exponent] = `${Object.is(from, -0) ? "-0" : from}e`.split("e");
        return Number(`${digits}e${Number(exponent) + by}`);
      };
      return shifted(Math[name](shifted(value, places)), -places);
    };
  }

  function clamp(number, lower, upper) {
    let [value, low, high] = [toNumber(number), lower, upper];
    if (high === undefined) [low, high] = [undefined, low];
    if (high !== undefined)
      value = value === value ? Math.min(value, toNumber(high) === toNumber(high) ? toNumber(high) : 0) : value;
    if (low !== undefined)
      value = value === value ? Math.max(value, toNumber(low) === toNumber(low) ? toNumber(low) : 0) : value;
    return value;
  }

  function inRange(number, from, to) {
    let [low, high] = [toFinite(from), toFinite(to)];
    if (to === undefined) [low, high] = [0, low];
    const value = toNumber(number);
    return value >= Math.min(low, high) && value < Math.max(low, high);
  }

  function times(count, given) {
    const make = given === undefined ? (value) => value : iteratee(given);
    const length = toInteger(count);
    return Array.from({ length: length < 1 || length > Number.MAX_SAFE_INTEGER ? 0 : length }, (_value, at) =>
      make(at),
    );
  }

  Object.assign(_, {
    ceil: rounded("ceil"),
    clamp,
    floor: rounded("floor"),
    inRange,
    max: (array) => extreme(array, null, larger),
    maxBy: (array, by) => extreme(array, by, larger),
    mean: (array) => meanBy(array),
    meanBy,
    min: (array) => extreme(array, null, smaller),
    minBy: (array, by) => extreme(array, by, smaller),
    random,
    range,
    round: rounded("round"),
    sum: (array) => sumBy(array),
    sumBy,
    times,
  });
})
