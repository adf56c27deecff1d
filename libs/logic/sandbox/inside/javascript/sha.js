// SHA-1 and SHA-2 (FIPS 180-4) and HMAC (RFC 2104) over bytes.
(function (host) {
  "use strict";
  const words = (hex) => {
    const view = new DataView(Uint8Array.fromHex(hex).buffer);
    return Int32Array.from({ length: view.byteLength / 4 }, (_, at) => view.getInt32(at * 4));
  };

  // Fractions of the cube roots of the first 80 primes, high and low halves in turn; SHA-256 uses the high ones.
  const ROUND = words(
    "428a2f98d728ae227137449123ef65cdb5c0fbcfec4d3b2fe9b5dba58189dbbc3956c25bf348b53859f111f1b605d019923f82a4" +
      "af194f9bab1c5ed5da6d8118d807aa98a303024212835b0145706fbe243185be4ee4b28c550c7dc3d5ffb4e272be5d74f27b896f" +
      "80deb1fe3b1696b19bdc06a725c71235c19bf174cf692694e49b69c19ef14ad2efbe4786384f25e30fc19dc68b8cd5b5240ca1cc" +
      "77ac9c652de92c6f592b02754a7484aa6ea6e4835cb0a9dcbd41fbd476f988da831153b5983e5152ee66dfaba831c66d2db43210" +
      "b00327c898fb213fbf597fc7beef0ee4c6e00bf33da88fc2d5a79147930aa72506ca6351e003826f142929670a0e6e7027b70a85" +
      "46d22ffc2e1b21385c26c9264d2c6dfc5ac42aed53380d139d95b3df650a73548baf63de766a0abb3c77b2a881c2c92e47edaee6" +
      "92722c851482353ba2bfe8a14cf10364a81a664bbc423001c24b8b70d0f89791c76c51a30654be30d192e819d6ef5218d6990624" +
      "5565a910f40e35855771202a106aa07032bbd1b819a4c116b8d2d0c81e376c085141ab532748774cdf8eeb9934b0bcb5e19b48a8" +
      "391c0cb3c5c95a634ed8aa4ae3418acb5b9cca4f7763e373682e6ff3d6b2b8a3748f82ee5defb2fc78a5636f43172f6084c87814" +
      "a1f0ab728cc702081a6439ec90befffa23631e28a4506cebde82bde9bef9a3f7b2c67915c67178f2e372532bca273eceea26619c" +
      "d186b8c721c0c207eada7dd6cde0eb1ef57d4f7fee6ed17806f067aa72176fba0a637dc5a2c898a6113f9804bef90dae1b710b35" +
      "131c471b28db77f523047d8432caab7b40c724933c9ebe0a15c9bebc431d67c49c100d4c4cc5d4becb3e42b6597f299cfc657e2a" +
      "5fcb6fab3ad6faec6c44198c4a475817",
  );
  const START = {
    "SHA-1": words("67452301efcdab8998badcfe10325476c3d2e1f0"),
    "SHA-384": words(
      "cbbb9d5dc1059ed8629a292a367cd5079159015a3070dd17152fecd8f70e593967332667ffc00b318eb44a8768581511db0c2e0d" +
        "64f98fa747b5481dbefa4fa4",
    ),
    "SHA-512": words(
      "6a09e667f3bcc908bb67ae8584caa73b3c6ef372fe94f82ba54ff53a5f1d36f1510e527fade682d19b05688c2b3e6c1f1f83d9ab" +
        "fb41bd6b5be0cd19137e2179",
    ),
  };
  const halves = (all, first) => all.filter((_, at) => at % 2 === first);
  START["SHA-256"] = halves(START["SHA-512"], 0);
  const HIGH = halves(ROUND, 0);
  const LOW = halves(ROUND, 1);

  const w = new Int32Array(80);
  const low = new Int32Array(80);

  function compress1(state, view, at) {
    for (let i = 0; i < 16; i += 1) w[i] = view.getInt32(at + i * 4);
    for (let i = 16; i < 80; i += 1) {
      const mixed = w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16];
      w[i] = (mixed << 1) | (mixed >>> 31);
    }
    let [a, b, c, d, e] = state;
    for (let i = 0; i < 80; i += 1) {
      const chosen =
        i < 20
          ? (d ^ (b & (c ^ d))) + 0x5a827999
          : i < 40
            ? (b ^ c ^ d) + 0x6ed9eba1
            : i < 60
              ? ((b & c) | (d & (b | c))) + 0x8f1bbcdc
              : (b ^ c ^ d) + 0xca62c1d6;
      const next = (((a << 5) | (a >>> 27)) + chosen + e + w[i]) | 0;
      e = d;
      d = c;
      c = (b << 30) | (b >>> 2);
      b = a;
      a = next;
    }
    [a, b, c, d, e].forEach((word, i) => {
      state[i] += word;
    });
  }

  function compress256(state, view, at) {
    for (let i = 0; i < 16; i += 1) w[i] = view.getInt32(at + i * 4);
    for (let i = 16; i < 64; i += 1) {
      const x = w[i - 15];
      const y = w[i - 2];
      const first = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
      const second = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
      w[i] = first + second + w[i - 7] + w[i - 16];
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let i = 0; i < 64; i += 1) {
      const turned = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
      const one = (h + turned + (g ^ (e & (f ^ g))) + HIGH[i] + w[i]) | 0;
      const other = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
      h = g;
      g = f;
      f = e;
      e = (d + one) | 0;
      d = c;
      const most = (a & b) | (c & (a | b));
      c = b;
      b = a;
      a = (one + other + most) | 0;
    }
    [a, b, c, d, e, f, g, h].forEach((word, i) => {
      state[i] += word;
    });
  }

  // 64-bit words as two halves: the low one is summed first, what it carries goes into the high one.
  function schedule512(view, at) {
    for (let i = 0; i < 16; i += 1) {
      w[i] = view.getInt32(at + i * 8);
      low[i] = view.getInt32(at + i * 8 + 4);
    }
    for (let i = 16; i < 80; i += 1) {
      const x = w[i - 15];
      const xl = low[i - 15];
      const y = w[i - 2];
      const yl = low[i - 2];
      const first = ((x >>> 1) | (xl << 31)) ^ ((x >>> 8) | (xl << 24)) ^ (x >>> 7);
      const firstLow = ((xl >>> 1) | (x << 31)) ^ ((xl >>> 8) | (x << 24)) ^ ((xl >>> 7) | (x << 25));
      const second = ((y >>> 19) | (yl << 13)) ^ ((yl >>> 29) | (y << 3)) ^ (y >>> 6);
      const secondLow = ((yl >>> 19) | (y << 13)) ^ ((y >>> 29) | (yl << 3)) ^ ((yl >>> 6) | (y << 26));
      const sum = (firstLow >>> 0) + (secondLow >>> 0) + (low[i - 7] >>> 0) + (low[i - 16] >>> 0);
      low[i] = sum;
      w[i] = first + second + w[i - 7] + w[i - 16] + Math.floor(sum / 4294967296);
    }
  }

  function compress512(state, view, at) {
    schedule512(view, at);
    let [a, al, b, bl, c, cl, d, dl, e, el, f, fl, g, gl, h, hl] = state;
    for (let i = 0; i < 80; i += 1) {
      const turned = ((e >>> 14) | (el << 18)) ^ ((e >>> 18) | (el << 14)) ^ ((el >>> 9) | (e << 23));
      const turnedLow = ((el >>> 14) | (e << 18)) ^ ((el >>> 18) | (e << 14)) ^ ((e >>> 9) | (el << 23));
      const chosenLow = gl ^ (el & (fl ^ gl));
      let sum = (hl >>> 0) + (turnedLow >>> 0) + (chosenLow >>> 0) + (LOW[i] >>> 0) + (low[i] >>> 0);
      const oneLow = sum | 0;
      const one = (h + turned + (g ^ (e & (f ^ g))) + HIGH[i] + w[i] + Math.floor(sum / 4294967296)) | 0;
      const other = ((a >>> 28) | (al << 4)) ^ ((al >>> 2) | (a << 30)) ^ ((al >>> 7) | (a << 25));
      const otherLow = ((al >>> 28) | (a << 4)) ^ ((a >>> 2) | (al << 30)) ^ ((a >>> 7) | (al << 25));
      const most = (a & b) | (c & (a | b));
      const mostLow = (al & bl) | (cl & (al | bl));
      h = g;
      hl = gl;
      g = f;
      gl = fl;
      f = e;
      fl = el;
      sum = (dl >>> 0) + (oneLow >>> 0);
      el = sum | 0;
      e = (d + one + (sum > 4294967295)) | 0;
      d = c;
      dl = cl;
      c = b;
      cl = bl;
      b = a;
      bl = al;
      sum = (oneLow >>> 0) + (otherLow >>> 0) + (mostLow >>> 0);
      al = sum | 0;
      a = (one + other + most + Math.floor(sum / 4294967296)) | 0;
    }
    const added = [a, al, b, bl, c, cl, d, dl, e, el, f, fl, g, gl, h, hl];
    for (let i = 0; i < 16; i += 2) {
      const sum = (state[i + 1] >>> 0) + (added[i + 1] >>> 0);
      state[i + 1] = sum;
      state[i] += added[i] + (sum > 4294967295);
    }
  }

  const KINDS = {
    "SHA-1": { compress: compress1, block: 64, size: 20 },
    "SHA-256": { compress: compress256, block: 64, size: 32 },
    "SHA-384": { compress: compress512, block: 128, size: 48 },
    "SHA-512": { compress: compress512, block: 128, size: 64 },
  };

  // The message's last blocks: its rest, a one bit, zeros, and its length in bits.
  function padded(rest, block, length) {
    const last = new Uint8Array(Math.ceil((rest.length + 1 + block / 8) / block) * block);
    last.set(rest);
    last[rest.length] = 0x80;
    const view = new DataView(last.buffer);
    view.setUint32(last.length - 8, Math.floor(length / 0x20000000));
    view.setUint32(last.length - 4, (length * 8) >>> 0);
    return view;
  }

  host.hashes = Object.keys(KINDS);

  host.sha = (name, bytes) => {
    const { compress, block, size } = KINDS[name];
    const state = START[name].slice();
    const whole = bytes.length - (bytes.length % block);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = 0; at < whole; at += block) compress(state, view, at);
    const last = padded(bytes.subarray(whole), block, bytes.length);
    for (let at = 0; at < last.byteLength; at += block) compress(state, last, at);
    const digest = new DataView(new ArrayBuffer(state.length * 4));
    state.forEach((word, at) => digest.setInt32(at * 4, word));
    return new Uint8Array(digest.buffer.slice(0, size));
  };

  function joined(one, other) {
    const bytes = new Uint8Array(one.length + other.length);
    bytes.set(one);
    bytes.set(other, one.length);
    return bytes;
  }

  // Takes the same time wherever the first difference is.
  host.sameBytes = (one, other) => {
    let different = one.length ^ other.length;
    for (let at = 0; at < one.length; at += 1) different |= one[at] ^ other[at];
    return different === 0;
  };

  host.hmac = (name, key, bytes) => {
    const { block } = KINDS[name];
    const used = key.length > block ? host.sha(name, key) : key;
    const masked = (mask) => Uint8Array.from({ length: block }, (_, at) => (used[at] ?? 0) ^ mask);
    return host.sha(name, joined(masked(0x5c), host.sha(name, joined(masked(0x36), bytes))));
  };
})
