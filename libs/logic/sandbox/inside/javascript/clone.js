// `structuredClone`: plain data with dates, maps, sets, buffers and errors; cycles stay cycles.
(function () {
  "use strict";
  const ERRORS = { Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError };

  function refuse(value) {
    throw new DOMException(
      `${typeof value === "symbol" ? "a symbol" : String(value)} could not be cloned`,
      "DataCloneError",
    );
  }

  function copied(value, seen) {
    if (typeof value === "function" || typeof value === "symbol") refuse(value);
    if (value === null || typeof value !== "object") return value;
    if (seen.has(value)) return seen.get(value);
    const made = begun(value);
    seen.set(value, made);
    if (value instanceof Map) for (const [key, held] of value) made.set(copied(key, seen), copied(held, seen));
    else if (value instanceof Set) for (const held of value) made.add(copied(held, seen));
    else if (Array.isArray(value) || isPlain(value)) {
      for (const key of Object.keys(value)) {
        Object.defineProperty(made, key, {
          value: copied(value[key], seen),
          writable: true,
          enumerable: true,
          configurable: true,
        });
      }
    }
    return made;
  }

  const isPlain = (value) =>
    Object.prototype.toString.call(value) === "[object Object]" && !(value instanceof Map || value instanceof Set);

  function begun(value) {
    if (Array.isArray(value)) return new Array(value.length);
    if (value instanceof Map) return new Map();
    if (value instanceof Set) return new Set();
    if (value instanceof Date) return new Date(value.getTime());
    if (value instanceof RegExp) return new RegExp(value.source, value.flags);
    if (value instanceof ArrayBuffer) return value.slice(0);
    if (ArrayBuffer.isView(value)) return viewed(value);
    if (value instanceof Error) return failed(value);
    if (value instanceof Boolean || value instanceof Number || value instanceof String) return Object(value.valueOf());
    if (value instanceof WeakMap || value instanceof WeakSet || value instanceof WeakRef || value instanceof Promise)
      refuse(value);
    return {};
  }

  function viewed(value) {
    const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength).slice();
    if (value instanceof DataView) return new DataView(bytes.buffer);
    // A class of the author's own is not kept, only the kind of array.
    const kind = value[Symbol.toStringTag];
    return new globalThis[kind](bytes.buffer);
  }

  function failed(error) {
    const made = new (Object.hasOwn(ERRORS, error.name) ? ERRORS[error.name] : Error)(error.message);
    made.stack = error.stack;
    return made;
  }

  globalThis.structuredClone = (value) => copied(value, new Map());
})
