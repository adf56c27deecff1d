// Timers. The host waits, for the one that is due next; here nothing ever sleeps.
(function (host) {
  "use strict";
  const MOST = 100;
  const LONGEST_MS = 2147483647;
  const now = performance.now.bind(performance);
  const timers = new Map();
  let ids = 0;
  let asked = Infinity;

  function add(callback, delay, given, repeats) {
    if (typeof callback !== "function") throw new TypeError("a timer needs a function to call");
    if (timers.size === MOST) throw new RangeError(`at most ${MOST} timers may run at once`);
    const milliseconds = Math.trunc(Number(delay));
    const every = milliseconds >= 1 && milliseconds <= LONGEST_MS ? milliseconds : 1;
    ids += 1;
    timers.set(ids, { callback, given, every, repeats, due: now() + every });
    return ids;
  }

  // Of those due at the same moment the one that was set first.
  function next() {
    let first;
    for (const [id, timer] of timers) if (!first || timer.due < first.timer.due) first = { id, timer };
    return first;
  }

  // One callback at a time, so that what it resolves goes on before the next.
  function ring() {
    asked = Infinity;
    const { id, timer } = next() ?? {};
    if (!timer || timer.due > now() + 1) return;
    if (timer.repeats) timer.due = now() + timer.every;
    else timers.delete(id);
    const { callback, given } = timer;
    try {
      const result = callback(...given);
      if (result instanceof Promise) result.catch(fail);
    } catch (error) {
      fail(error);
    }
  }

  function fail(error) {
    host.threw = true;
    host.error = error;
  }

  const { poll, settle } = host;
  host.settle = (answer) => (answer.wake && !host.done ? ring() : settle?.(answer));

  // With a timer running there is something to wait for, unless the script's function has returned.
  host.poll = () => {
    if (host.done || host.threw || !timers.size) return poll();
    const { due } = next().timer;
    if (due < asked) {
      asked = due;
      host.queued.push(`{"wake":${Math.max(due - now(), 0)}}`);
    }
    return `W[${host.queued.splice(0)}]`;
  };

  const clear = (id) => {
    timers.delete(Number(id));
  };
  Object.assign(globalThis, {
    setTimeout: (callback, delay, ...given) => add(callback, delay, given, false),
    setInterval: (callback, delay, ...given) => add(callback, delay, given, true),
    clearTimeout: clear,
    clearInterval: clear,
  });
})
