// RSA signatures with PKCS#1 v1.5 padding (RFC 8017).
(function (host) {
  "use strict";
  const PREFIX = {
    "SHA-256": "3031300d060960864801650304020105000420",
    "SHA-384": "3041300d060960864801650304020205000430",
    "SHA-512": "3051300d060960864801650304020305000440",
  };
  const MOST_BITS = 8192;
  const WINDOW = 4;

  // base ** exponent % modulus, four bits of the exponent at a time.
  function power(base, exponent, modulus) {
    const powers = [1n, base % modulus];
    while (powers.length < 1 << WINDOW) powers.push((powers.at(-1) * powers[1]) % modulus);
    let result = 1n;
    for (const digit of exponent.toString(16)) {
      for (let bit = 0; bit < WINDOW; bit += 1) result = (result * result) % modulus;
      result = (result * powers[parseInt(digit, 16)]) % modulus;
    }
    return result;
  }

  function checked({ n, e }) {
    const bits = n.toString(2).length;
    if (bits > MOST_BITS) throw new Error(`an RSA key may have at most ${MOST_BITS} bits`);
    if (n % 2n === 0n || e < 3n || e % 2n === 0n || e >= 1n << 64n) throw new Error("the RSA key is not valid");
    return bits;
  }

  // What is signed: 00 01 FF … 00, then the digest with its kind.
  function encoded(hash, message, length) {
    const digest = PREFIX[hash] + host.sha(hash, message).toHex();
    const filler = length - 3 - digest.length / 2;
    if (filler < 8) throw new Error("the RSA key is too short for the algorithm");
    return host.number(Uint8Array.fromHex(`0001${"ff".repeat(filler)}00${digest}`));
  }

  host.rsaBits = checked;

  host.rsaSign = (key, hash, message) => {
    const length = Math.ceil(checked(key) / 8);
    const { n, e, p, q, dp, dq, qi } = key;
    const padded = encoded(hash, message, length);
    const one = power(padded % p, dp, p);
    const other = power(padded % q, dq, q);
    const signature = other + (((((one - other) * qi) % p) + p) % p) * q;
    // A key whose parts don't belong together would give its factors away.
    if (power(signature, e, n) !== padded) throw new Error("the RSA key is not valid");
    return host.bytesOfNumber(signature, length);
  };

  host.rsaVerify = (key, hash, message, signature) => {
    const length = Math.ceil(checked(key) / 8);
    const number = host.number(signature);
    if (signature.length !== length || number >= key.n) return false;
    return power(number, key.e, key.n) === encoded(hash, message, length);
  };
})
