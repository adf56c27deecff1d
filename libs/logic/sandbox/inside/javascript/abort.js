// AbortController and AbortSignal.
(function (host) {
  "use strict";
  const key = Symbol("abort");

  class AbortSignal {
    #listeners = new Set();

    constructor(given) {
      if (given !== key) throw new TypeError("an AbortSignal comes from an AbortController");
      this.aborted = false;
      this.reason = undefined;
      this.onabort = null;
    }

    static abort(reason) {
      const signal = new AbortSignal(key);
      host.abort(signal, reason);
      return signal;
    }

    static timeout(milliseconds) {
      const signal = new AbortSignal(key);
      setTimeout(() => host.abort(signal, new DOMException("the operation timed out", "TimeoutError")), milliseconds);
      return signal;
    }

    static any(signals) {
      const signal = new AbortSignal(key);
      for (const other of signals) {
        if (other.aborted) host.abort(signal, other.reason);
        else other.addEventListener("abort", () => host.abort(signal, other.reason));
      }
      return signal;
    }

    addEventListener(type, listener) {
      if (type === "abort") this.#listeners.add(listener);
    }

    removeEventListener(type, listener) {
      if (type === "abort") this.#listeners.delete(listener);
    }

    throwIfAborted() {
      if (this.aborted) throw this.reason;
    }

    static ring(signal) {
      const event = { type: "abort", target: signal };
      signal.onabort?.(event);
      for (const listener of [...signal.#listeners]) listener.call(signal, event);
    }
  }

  const { ring } = AbortSignal;
  delete AbortSignal.ring;
  const { setTimeout } = globalThis;

  host.abort = (signal, reason) => {
    if (signal.aborted) return;
    signal.aborted = true;
    signal.reason = reason ?? new DOMException("this operation was aborted", "AbortError");
    ring(signal);
  };

  class AbortController {
    signal = new AbortSignal(key);

    abort(reason) {
      host.abort(this.signal, reason);
    }
  }

  Object.assign(globalThis, { AbortController, AbortSignal });
})
