// `crypto.randomUUID` and `crypto.getRandomValues`: ChaCha20 (RFC 8439) keyed by the host for this one call.
(function (host, key) {
  "use strict";
  const state = new Uint32Array(16);
  state.set([0x61707865, 0x3320646e, 0x79622d32, 0x6b206574]);
  state.set(new Uint32Array(Uint8Array.fromHex(key).buffer), 4);
  const block = new Uint32Array(16);
  const bytes = new Uint8Array(block.buffer);
  let used = bytes.length;

  function mix(a, b, c, d) {
    for (const [turned, other, source, bits] of [[d, a, b, 16], [b, c, d, 12], [d, a, b, 8], [b, c, d, 7]]) {
      block[other] += block[source];
      const word = block[turned] ^ block[other];
      block[turned] = (word << bits) | (word >>> (32 - bits));
    }
  }

  function refill() {
    block.set(state);
    for (let round = 0; round < 10; round += 1) {
      for (let column = 0; column < 4; column += 1) mix(column, column + 4, column + 8, column + 12);
      mix(0, 5, 10, 15);
      mix(1, 6, 11, 12);
      mix(2, 7, 8, 13);
      mix(3, 4, 9, 14);
    }
    for (let word = 0; word < 16; word += 1) block[word] += state[word];
    state[12] += 1;
    used = 0;
  }

  function fill(target) {
    for (let at = 0; at < target.length; at += 1) {
      if (used === bytes.length) refill();
      target[at] = bytes[used];
      used += 1;
    }
  }

  function getRandomValues(view) {
    if (!ArrayBuffer.isView(view)) throw new TypeError("getRandomValues fills a typed array");
    if (view.byteLength > 65536) throw new RangeError("getRandomValues gives at most 65536 bytes at once");
    fill(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
    return view;
  }

  function randomUUID() {
    const uuid = new Uint8Array(16);
    fill(uuid);
    uuid[6] = (uuid[6] & 0x0f) | 0x40;
    uuid[8] = (uuid[8] & 0x3f) | 0x80;
    return uuid.toHex().replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, "$1-$2-$3-$4-$5");
  }

  globalThis.crypto = { getRandomValues, randomUUID };
})
