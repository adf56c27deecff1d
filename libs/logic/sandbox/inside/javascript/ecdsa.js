// ECDSA (FIPS 186-5) over P-256, P-384 and P-521, with nonces made from key and message (RFC 6979).
(function (host) {
  "use strict";
  const numbers = (...hex) => hex.map((text) => BigInt(`0x${text}`));
  const CURVES = {
    "P-256": numbers(
      "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
      "5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b",
      "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
      "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296",
      "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
    ),
    "P-384": numbers(
      "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff",
      "b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aef",
      "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973",
      "aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7",
      "3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f",
    ),
    "P-521": numbers(
      "1ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
      "051953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00",
      "1fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409",
      "c6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b4d3dbaa14b5e77efe75928fe1dc127a2ffa8de3348b3c1856a429bf97e7e31c2e5bd66",
      "11839296a789a3bc0045c8a5fb42c7d1bd998f54449579b446817afbd17273e662c97ee72995ef42640c550b9013fad0761353c7086a272c24088be94769fd16650",
    ),
  };

  function curveOf(name) {
    const [p, b, n, x, y] = CURVES[name];
    return { p, b, n, base: [x, y, 1n], size: Math.ceil(n.toString(16).length / 2), bits: n.toString(2).length };
  }

  const modulo = (value, modulus) => ((value % modulus) + modulus) % modulus;

  function inverse(value, modulus) {
    let [r, next, x, nextX] = [modulus, modulo(value, modulus), 0n, 1n];
    while (next) {
      const quotient = r / next;
      [r, next] = [next, r - quotient * next];
      [x, nextX] = [nextX, x - quotient * nextX];
    }
    return modulo(x, modulus);
  }

  // Points are Jacobian: x / z², y / z³; with z = 0 the one at infinity. Both curves' a is -3.
  function doubled([x, y, z], { p }) {
    if (!z || !y) return [1n, 1n, 0n];
    const zz = (z * z) % p;
    const yy = (y * y) % p;
    const s = (4n * x * yy) % p;
    const m = (3n * (x - zz) * (x + zz)) % p;
    const x3 = (m * m - 2n * s) % p;
    return [modulo(x3, p), modulo(m * (s - x3) - 8n * yy * yy, p), (2n * y * z) % p];
  }

  function added(one, other, curve) {
    if (!one[2]) return other;
    if (!other[2]) return one;
    const { p } = curve;
    const [zz, otherZz] = [(one[2] * one[2]) % p, (other[2] * other[2]) % p];
    const [u, v] = [(one[0] * otherZz) % p, (other[0] * zz) % p];
    const [s, t] = [(((one[1] * other[2]) % p) * otherZz) % p, (((other[1] * one[2]) % p) * zz) % p];
    if (u === v) return s === t ? doubled(one, curve) : [1n, 1n, 0n];
    const h = modulo(v - u, p);
    const r = modulo(t - s, p);
    const hh = (h * h) % p;
    const hhh = (h * hh) % p;
    const uhh = (u * hh) % p;
    const x = modulo(r * r - hhh - 2n * uhh, p);
    return [x, modulo(r * (uhh - x) - s * hhh, p), (((h * one[2]) % p) * other[2]) % p];
  }

  // A point so many times, four bits at a time.
  function times(point, scalar, curve) {
    const multiples = [[1n, 1n, 0n], point];
    while (multiples.length < 16) multiples.push(added(multiples.at(-1), point, curve));
    let result = multiples[0];
    for (const digit of scalar.toString(16)) {
      for (let bit = 0; bit < 4; bit += 1) result = doubled(result, curve);
      result = added(result, multiples[parseInt(digit, 16)], curve);
    }
    return result;
  }

  function affine([x, y, z], { p }) {
    const inverted = inverse(z, p);
    const square = (inverted * inverted) % p;
    return [(x * square) % p, (y * square * inverted) % p];
  }

  // The leftmost bits of some bytes, as many as the curve's order has.
  function leftmost(bytes, { bits }) {
    const extra = bytes.length * 8 - bits;
    return extra > 0 ? host.number(bytes) >> BigInt(extra) : host.number(bytes);
  }

  function joined(...parts) {
    return Uint8Array.from(parts.flatMap((part) => [...part]));
  }

  // Candidates for a nonce, the first of which all but always serves.
  function* nonces(d, digest, hash, curve) {
    const { n, size } = curve;
    const seed = joined(host.bytesOfNumber(d, size), host.bytesOfNumber(leftmost(digest, curve) % n, size));
    let [key, value] = [new Uint8Array(digest.length), new Uint8Array(digest.length).fill(1)];
    for (const step of [0, 1]) {
      key = host.hmac(hash, key, joined(value, [step], seed));
      value = host.hmac(hash, key, value);
    }
    for (;;) {
      let made = new Uint8Array();
      while (made.length < size) {
        value = host.hmac(hash, key, value);
        made = joined(made, value);
      }
      const candidate = leftmost(made.subarray(0, size), curve);
      if (candidate > 0n && candidate < n) yield candidate;
      key = host.hmac(hash, key, joined(value, [0]));
      value = host.hmac(hash, key, value);
    }
  }

  host.ecSign = (key, hash, message) => {
    const curve = curveOf(key.curve);
    const { n, size, base } = curve;
    if (key.d <= 0n || key.d >= n) throw new Error("the key is not valid for its curve");
    const digest = host.sha(hash, message);
    for (const nonce of nonces(key.d, digest, hash, curve)) {
      const r = affine(times(base, nonce, curve), curve)[0] % n;
      const s = (inverse(nonce, n) * ((leftmost(digest, curve) + r * key.d) % n)) % n;
      if (r && s) return joined(host.bytesOfNumber(r, size), host.bytesOfNumber(s, size));
    }
  };

  function publicPoint(key, curve) {
    const { p, b, n, base } = curve;
    if (key.isPrivate) {
      if (key.d <= 0n || key.d >= n) throw new Error("the key is not valid for its curve");
      return times(base, key.d, curve);
    }
    const { x, y } = key;
    const onCurve = x < p && y < p && modulo(y * y - (x * x * x - 3n * x + b), p) === 0n;
    if (!onCurve) throw new Error("the key is not a point of its curve");
    return [x, y, 1n];
  }

  host.ecVerify = (key, hash, message, signature) => {
    const curve = curveOf(key.curve);
    const { n, size, base } = curve;
    const point = publicPoint(key, curve);
    if (signature.length !== size * 2) return false;
    const [r, s] = [signature.subarray(0, size), signature.subarray(size)].map(host.number);
    if (r <= 0n || r >= n || s <= 0n || s >= n) return false;
    const inverted = inverse(s, n);
    const digest = leftmost(host.sha(hash, message), curve);
    const ours = times(base, (digest * inverted) % n, curve);
    const sum = added(ours, times(point, (r * inverted) % n, curve), curve);
    return sum[2] !== 0n && affine(sum, curve)[0] % n === r;
  };
})
