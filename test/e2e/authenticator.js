// An authenticator app, written after RFC 4226 and RFC 6238 with nothing but Node's HMAC.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

export function base32(text) {
  let bits = '';
  for (const c of text.replace(/=+$/, '')) {
    const value = alphabet.indexOf(c);
    assert.notEqual(value, -1, `${c} is not base32`);
    bits += value.toString(2).padStart(5, '0');
  }
  return Buffer.from(bits.match(/.{8}/g).map((byte) => Number.parseInt(byte, 2)));
}

/** The code of `digits` digits for a time in seconds. */
export function totp(key, seconds, digits = 6) {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(seconds / 30)));
  const mac = createHmac('sha1', key).update(counter).digest();
  const from = mac[19] & 0xf;
  return String((mac.readUInt32BE(from) & 0x7fffffff) % 10 ** digits).padStart(digits, '0');
}

// How long a code may be on its way to the server, in milliseconds.
const travel = 10_000;

/**
 * Gives codes the server has not seen: it accepts the present step and its neighbours, and each only once and in order. The code
 * of a step that is about to be no neighbour any more is not given.
 */
export class Authenticator {
  #key;
  #last = -Infinity;

  constructor(secret) {
    this.#key = base32(secret);
  }

  async code() {
    for (;;) {
      const present = Math.floor(Date.now() / 30_000);
      const oldest = Math.floor((Date.now() + travel) / 30_000) - 1;
      const step = Math.max(this.#last + 1, oldest);
      if (step <= present + 1) {
        this.#last = step;
        return totp(this.#key, step * 30);
      }
      await sleep(500);
    }
  }

  /** A code that is wrong for minutes. */
  wrong() {
    const now = Date.now() / 1000;
    const near = Array.from({ length: 40 }, (_, i) => totp(this.#key, now + (i - 20) * 30));
    return ['000000', '111111', '222222', '333333'].find((guess) => !near.includes(guess));
  }
}
