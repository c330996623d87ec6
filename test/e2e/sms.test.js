import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import http from 'node:http';
import { after } from 'node:test';

import { fails, lives, onEveryDatabase, sleep } from './harness.js';

/** A gateway for SMS that checks what it is sent. */
class Gateway {
  refuses = false;
  #messages = new Map();
  #server = http.createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk;
    const { to, text } = JSON.parse(body);
    const right = request.method === 'POST' && request.url === '/send' && request.headers.authorization === 'Bearer token';
    if (!right || this.refuses) return response.writeHead(right ? 402 : 400).end();
    this.#messages.set(to, [...(this.#messages.get(to) ?? []), text]);
    response.writeHead(202).end();
  });

  /** Port on which it listens. */
  async start() {
    await new Promise((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return this.#server.address().port;
  }

  stop() {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  /** The texts that a number got. */
  received(number) {
    return this.#messages.get(number) ?? [];
  }

  /** The code of the newest message to a number, waiting for the nth. */
  async code(number, nth = 1) {
    for (let i = 0; i < 800 && this.received(number).length < nth; i++) await sleep(25);
    assert.equal(this.received(number).length, nth);
    return /\b[0-9]{6}\b/.exec(this.received(number).at(-1))[0];
  }
}

const gateway = new Gateway();
const port = await gateway.start();
after(() => gateway.stop());

const env = {
  AUTH_SMS_PASSWORDLESS_ENABLED: 'true',
  AUTH_SMS_PROVIDER: 'http',
  AUTH_SMS_HTTP_URL: `http://127.0.0.1:${port}/send`,
  AUTH_SMS_HTTP_HEADERS: '{"Authorization":"Bearer token"}',
  AUTH_SMS_LIMIT_NUMBER: '4',
  AUTH_LOCALE_ALLOWED_LOCALES: 'en,de',
};

/** A number nobody has yet. */
const someNumber = () => `+4915${String(randomInt(1_000_000_000)).padStart(9, '0')}`;
const wrong = (code) => String((Number(code) + 1) % 1_000_000).padStart(6, '0');

onEveryDatabase('codes by SMS', env, (d, it) => {
  it('sign a new user up and in, on another instance, however the number is written', async () => {
    const number = someNumber();
    const { status, body } = await d.browser().auth.signInPasswordlessSms({ phoneNumber: number, options: { displayName: 'Jané', locale: 'de' } });
    assert.deepEqual([status, body], [200, 'OK']);
    const code = await gateway.code(number);
    assert.match(gateway.received(number)[0], /Anmeldecode/);

    const client = d.browser({ instance: 1 });
    await fails(client.auth.verifySignInPasswordlessSms({ phoneNumber: number, otp: wrong(code) }), 400, 'invalid-request');
    const spaced = `00${number.slice(1, 5)} ${number.slice(5, 8)}-${number.slice(8)}`;
    const answer = await client.auth.verifySignInPasswordlessSms({ phoneNumber: spaced, otp: code });
    assert.deepEqual(Object.keys(answer.body), ['session']);
    const user = (await client.auth.getUser()).body;
    assert.deepEqual([user.phoneNumber, user.phoneNumberVerified, user.displayName, user.locale], [number, true, 'Jané', 'de']);
    await lives(client);
    await fails(d.browser().auth.verifySignInPasswordlessSms({ phoneNumber: number, otp: code }), 400, 'invalid-request');

    await d.browser({ instance: 1 }).auth.signInPasswordlessSms({ phoneNumber: spaced });
    const again = await d.browser().auth.verifySignInPasswordlessSms({ phoneNumber: number, otp: await gateway.code(number, 2) });
    assert.equal(again.body.session.user.id, user.id);
  });

  it('sign up, and send nothing to who has an account', async () => {
    const phoneNumber = someNumber();
    assert.equal((await d.browser().auth.signUpPasswordlessSms({ phoneNumber })).body, 'OK');
    const otp = await gateway.code(phoneNumber);
    assert.equal((await d.browser().auth.verifySignInPasswordlessSms({ phoneNumber, otp })).body.session.user.phoneNumber, phoneNumber);
    assert.equal((await d.browser().auth.signUpPasswordlessSms({ phoneNumber })).body, 'OK');
    await sleep(2_500); // every instance has looked into the outbox twice
    assert.equal(gateway.received(phoneNumber).length, 1);
  });

  it('allow five guesses over all instances, which a new code does not give back', async () => {
    const phoneNumber = someNumber();
    const guess = (otp, instance) => d.browser({ instance }).auth.verifySignInPasswordlessSms({ phoneNumber, otp });
    await d.browser().auth.signInPasswordlessSms({ phoneNumber });
    const first = await gateway.code(phoneNumber);
    for (let i = 0; i < 5; i++) await fails(guess(wrong(first), i), 400, 'invalid-request');
    await fails(guess(first, 0), 400, 'invalid-request');
    await d.browser().auth.signInPasswordlessSms({ phoneNumber });
    await fails(guess(await gateway.code(phoneNumber, 2), 1), 400, 'invalid-request');
  });

  it('stop at the cap on a number, over all instances', async () => {
    const phoneNumber = someNumber();
    const results = await Promise.allSettled(Array.from({ length: 12 }, (_, instance) =>
      d.browser({ instance }).auth.signInPasswordlessSms({ phoneNumber })));
    assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 4);
    for (const { reason } of results.filter(({ status }) => status === 'rejected')) assert.equal(reason.body.error, 'too-many-requests');
    assert.equal(gateway.received(phoneNumber).length, 4);
  });

  it('tell when the gateway refuses, and what is no number', async () => {
    const { auth } = d.browser();
    gateway.refuses = true;
    await fails(auth.signInPasswordlessSms({ phoneNumber: someNumber() }), 400, 'cannot-send-sms');
    gateway.refuses = false;
    await fails(auth.signInPasswordlessSms({ phoneNumber: '0151 1234567' }), 400, 'schema-validation-error');
  });
});

onEveryDatabase('codes by SMS that are switched off', {}, (d, it) => {
  it('are refused', async () => {
    const { auth } = d.browser();
    const phoneNumber = someNumber();
    await fails(auth.signInPasswordlessSms({ phoneNumber }), 409, 'disabled-endpoint');
    await fails(auth.signUpPasswordlessSms({ phoneNumber }), 409, 'disabled-endpoint');
    await fails(auth.verifySignInPasswordlessSms({ phoneNumber, otp: '123456' }), 409, 'disabled-endpoint');
  });
});
