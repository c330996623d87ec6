import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after } from 'node:test';

import { address, fails, onSQLite, password, refuses } from './harness.js';

/** Requests of this client, as a proxy in front of the server would pass them on. */
const from = (client) => ({ headers: { 'x-forwarded-for': client } });

onSQLite('limits', { AUTH_RATE_LIMIT_ENABLE: 'true', AUTH_RATE_LIMIT_BRUTE_FORCE_BURST: '3' }, (d, it) => {
  it('are an error of the client with status, message and the time to wait', async () => {
    const { auth } = d.browser();
    const guess = { email: address(), password: 'a wrong guess' };
    for (let i = 0; i < 3; i += 1) {
      await fails(auth.signInEmailPassword(guess, from('198.51.100.1')), 401, 'invalid-email-password');
    }
    const error = await auth.signInEmailPassword(guess, from('198.51.100.1')).catch((reason) => reason);
    assert.equal(error.status, 429);
    assert.equal(error.message, 'Too many requests');
    const wait = Number(error.headers.get('retry-after'));
    assert.ok(wait > 0 && wait <= 600, String(wait));
    assert.equal(error.headers.get('ratelimit-reset'), String(wait));
    assert.equal(error.headers.get('ratelimit-remaining'), '0');
    await fails(auth.signInEmailPassword(guess, from('203.0.113.9, 198.51.100.1')), 429, 'too-many-requests');
    await fails(auth.signInEmailPassword(guess, from('198.51.100.2')), 401, 'invalid-email-password');
  });

  it('leave a session alone that somebody else on the same address guesses at', async () => {
    const client = d.browser();
    await client.auth.signUpEmailPassword({ email: address(), password }, from('198.51.100.3'));
    for (let i = 0; i < 5; i += 1) {
      await client.auth.signInEmailPassword({ email: address(), password }, from('198.51.100.3')).catch(() => {});
    }
    const { status } = await client.auth.refreshToken({ refreshToken: client.getUserSession().refreshToken }, from('198.51.100.3'));
    assert.equal(status, 200);
  });

  it('can be read by pages of other origins', async () => {
    const response = await d.fetch('/version', { headers: { origin: 'https://app.example.com' } });
    assert.match(response.headers.get('access-control-expose-headers'), /\bRetry-After\b/);
    assert.equal(response.headers.get('ratelimit-limit'), '100');
  });
});

/** The provider of the captcha: "solved" is a good answer, once. */
const used = new Set();
const provider = createServer(async (request, response) => {
  let body = '';
  for await (const piece of request) body += piece;
  const { secret, response: answer } = JSON.parse(body);
  const good = secret === 'secret-of-turnstile' && answer.startsWith('solved') && !used.has(answer);
  used.add(answer);
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify(good ? { success: true, hostname: 'app.example.com' } : { success: false, 'error-codes': ['timeout-or-duplicate'] }));
});
await new Promise((resolve) => { provider.listen(0, '127.0.0.1', resolve); });
after(() => { provider.close(); provider.closeAllConnections(); });

const turnstile = { AUTH_TURNSTILE_SECRET: 'secret-of-turnstile', AUTH_CAPTCHA_URL: `http://127.0.0.1:${provider.address().port}/siteverify` };

onSQLite('captcha', turnstile, (d, it) => {
  const solved = (answer) => ({ headers: { 'x-cf-turnstile-response': answer } });

  it('lets people sign up who have solved it, once', async () => {
    const { auth } = d.browser();
    const body = await fails(auth.signUpEmailPassword({ email: address(), password }), 403, 'invalid-captcha');
    assert.match(body.message, /x-cf-turnstile-response is missing/);
    const email = address();
    const { body: { session } } = await auth.signUpEmailPassword({ email, password }, solved('solved-1'));
    assert.equal(session.user.email, email);
    await fails(auth.signUpEmailPassword({ email: address(), password }, solved('solved-1')), 403, 'invalid-captcha');
  });

  it('is not asked of who signs in or comes back', async () => {
    const client = d.browser();
    const email = address();
    await client.auth.signUpEmailPassword({ email, password }, solved('solved-2'));
    const { status } = await client.auth.signInEmailPassword({ email, password });
    assert.equal(status, 200);
    const { status: refreshed } = await client.auth.refreshToken({ refreshToken: client.getUserSession().refreshToken });
    assert.equal(refreshed, 200);
  });

  it('guards mails to strangers, and says so before it reads the request', async () => {
    await refuses(d.fetch('/user/password/reset', { method: 'POST', body: '{' }), 403, 'invalid-captcha');
  });
});
