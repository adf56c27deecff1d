// The outcome of a script in words: its result with what it printed, or what it threw and where.
(function (host) {
  "use strict";

  function shown(value) {
    if (typeof value === "string") return value;
    if (value instanceof Error) return value.name === "Error" ? String(value.message) : String(value);
    if (typeof value?.message === "string") return value.message;
    return host.toText(value) ?? String(value);
  }

  function described(error) {
    const told = { message: shown(error), stack: "" };
    if (error instanceof Error) told.stack = String(error.stack);
    if (error === null) told.null = true;
    if (host.fault) told.fault = error?.[host.fault];
    if (error?.isAxiosError && error.response) {
      told.message = error.message;
      told.status = error.response.status;
      told.body = shown(error.response.data).slice(0, 4096);
    }
    return told;
  }

  function thrown(error) {
    try {
      return described(error);
    } catch {
      return { message: "the script threw something that can't be read", stack: "" };
    }
  }

  function problem() {
    const type = typeof host.value;
    if (host.threw && "value" in host && !(host.error instanceof InternalError)) {
      return { message: `the script returned what JSON can't hold: ${thrown(host.error).message}`, stack: "" };
    }
    if (host.threw) return thrown(host.error);
    if (!host.done) {
      return { message: "the script waits for a promise that nothing is going to settle", stack: "" };
    }
    if (type !== "function" && type !== "symbol") return null;
    return { message: `the script returned a ${type}, which JSON can't hold`, stack: "" };
  }

  host.printed = () => host.wellFormed(host.toText(host.lines));

  host.report = function () {
    const told = problem();
    if (told) return host.wellFormed(`T${host.toText(told).slice(0, -1)},"console":${host.printed()}}`);
    return host.wellFormed(`D{"value":${host.text ?? "null"},"console":${host.printed()}}`);
  };
})
