import assert from 'node:assert/strict';

import { address, fails, onEveryDatabase, password, refuses, uuid } from './harness.js';

const home = 'https://app.example.com';

onEveryDatabase('verification of addresses', { AUTH_EMAIL_SIGNIN_EMAIL_VERIFIED_REQUIRED: 'true' }, (d, it) => {
  /** Signs up and returns the address and the mail that verifies it. */
  async function signUp(options) {
    const email = address();
    const { status, body } = await d.browser().auth.signUpEmailPassword({ email, password, options });
    assert.deepEqual([status, body], [200, {}]);
    return { email, mail: await d.mailFor(email, 'email-verify') };
  }

  const signIn = (email, instance = 0) => d.browser({ instance }).auth.signInEmailPassword({ email, password });

  it('lets nobody sign in before the link of the mail was opened', async () => {
    const { email, mail } = await signUp();
    await fails(signIn(email), 401, 'unverified-user');
    await fails(signIn(email, 1), 401, 'unverified-user');

    const location = await d.open(mail.link);
    assert.equal(location.origin, home);
    assert.deepEqual([...location.searchParams.keys()].sort(), ['refreshToken', 'type']);
    assert.equal(location.searchParams.get('type'), 'verifyEmail');
    assert.match(location.searchParams.get('refreshToken'), uuid);

    const client = d.browser({ instance: 1 });
    const { body } = await client.auth.refreshToken({ refreshToken: location.searchParams.get('refreshToken') });
    assert.equal(body.user.email, email);
    assert.equal(body.user.emailVerified, true);
    assert.equal((await client.auth.getUser()).body.id, body.user.id);
    assert.equal((await signIn(email, 1)).body.session.user.emailVerified, true);
  });

  it('mails what an app and its tests need to know', async () => {
    const redirectTo = `${home}/welcome`;
    const { email, mail } = await signUp({ redirectTo, displayName: 'Buy now' });
    const link = new URL(mail.link);
    assert.equal(link.origin + link.pathname, `${d.issuer}/verify`);
    assert.deepEqual(Object.fromEntries(link.searchParams), { redirectTo, ticket: mail.ticket, type: 'emailVerify' });
    assert.match(mail.ticket, /^verifyEmail:[0-9a-f-]{36}$/);
    assert.equal(mail.redirectTo, redirectTo);
    assert.match(mail.headers.to, new RegExp(`^<?${email}>?$`));
    assert.match(mail.headers.from, /^"?hexauth"? <noreply@example\.com>$/);
    assert.ok(mail.subject.length > 0);
    assert.ok(mail.text.includes(mail.link), mail.text);
    assert.ok(mail.html.includes(mail.link.replaceAll('&', '&amp;')), mail.html);
    assert.ok(!`${mail.subject}${mail.text}${mail.html}`.includes('Buy'), 'who signs somebody up must not choose the words of the mail');
  });

  it('sends the mail again, and every mail that was sent works', async () => {
    const { email, mail } = await signUp();
    const { status, body } = await d.browser({ instance: 1 }).auth.sendVerificationEmail({ email });
    assert.deepEqual([status, body], [200, 'OK']);
    const second = await d.mailFor(email, 'email-verify');
    assert.notEqual(second.ticket, mail.ticket);
    assert.equal((await d.open(mail.link)).searchParams.get('type'), 'verifyEmail');
    assert.equal((await d.open(second.link)).searchParams.get('type'), 'verifyEmail');
    await fails(d.browser().auth.sendVerificationEmail({ email }), 400, 'email-already-verified');
    await fails(d.browser().auth.sendVerificationEmail({ email: address() }), 401, 'invalid-email-password');
  });

  it('leaves the query and the fragment of redirectTo as they are', async () => {
    const redirectTo = `${home}/welcome?plan=pro&tag=a%26b&tag=c+d&empty=&type=mine#top`;
    const { mail } = await signUp({ redirectTo });
    const location = await d.open(mail.link);
    assert.equal(location.pathname, '/welcome');
    assert.equal(location.hash, '#top');
    assert.equal(location.searchParams.get('plan'), 'pro');
    assert.deepEqual(location.searchParams.getAll('tag'), ['a&b', 'c d']);
    assert.equal(location.searchParams.get('empty'), '');
    assert.deepEqual(location.searchParams.getAll('type'), ['verifyEmail']);
    assert.match(location.searchParams.get('refreshToken'), uuid);
  });

  it('does nothing when a link is only looked at', async () => {
    const { email, mail } = await signUp();
    for (let i = 0; i < 3; i++) {
      const response = await fetch(mail.link, { method: 'HEAD', redirect: 'manual' });
      assert.equal(response.status, 200);
      assert.equal(response.headers.get('location'), null);
    }
    await fails(signIn(email), 401, 'unverified-user');
    assert.equal((await d.open(mail.link)).searchParams.get('type'), 'verifyEmail');
  });

  it('opens a link again for whoever comes after a scanner, and leaves one session', async () => {
    const { email, mail } = await signUp();
    const tokens = [];
    for (let i = 0; i < 3; i++) {
      tokens.push((await d.open(mail.link, { instance: i })).searchParams.get('refreshToken'));
    }
    assert.equal(new Set(tokens).size, 3);
    const refresh = (refreshToken) => d.browser().auth.refreshToken({ refreshToken });
    await fails(refresh(tokens[0]), 401, 'invalid-refresh-token');
    await fails(refresh(tokens[1]), 401, 'invalid-refresh-token');
    assert.equal((await refresh(tokens[2])).body.user.email, email);
  });

  it('leaves one session when a link is opened many times at once', async () => {
    const { mail } = await signUp();
    const locations = await Promise.all(Array.from({ length: 12 }, (_, i) => d.open(mail.link, { instance: i })));
    const tokens = locations.map((location) => location.searchParams.get('refreshToken'));
    const results = await Promise.allSettled(tokens.map((refreshToken) => d.browser().auth.refreshToken({ refreshToken })));
    assert.deepEqual(results.filter(({ status }) => status === 'fulfilled').length, 1, JSON.stringify(locations));
  });

  it('tells the app what is wrong with a link', async () => {
    const verify = (parameters) => d.open(`${d.url()}/verify?${new URLSearchParams(parameters)}`);
    const ticket = 'verifyEmail:7d1f6f0e-2f7d-4a8e-9d3b-0b0f7c1b2a3c';
    for (const bad of [ticket, ticket.replace('verifyEmail', 'passwordReset'), 'nonsense:1', 'nonsense']) {
      const location = await verify({ ticket: bad, redirectTo: `${home}/login?next=%2Finbox` });
      assert.equal(location.origin + location.pathname, `${home}/login`);
      assert.deepEqual(Object.fromEntries(location.searchParams), { next: '/inbox', error: 'invalid-ticket', errorDescription: 'Invalid ticket' });
    }
  });

  it('never sends a browser where it must not go', async () => {
    const { email, mail } = await signUp();
    for (const redirectTo of ['https://evil.example.org', `${home}.evil.org`, `${home}@evil.org`, '//evil.org', 'javascript:alert(1)']) {
      const link = new URL(mail.link);
      link.searchParams.set('redirectTo', redirectTo);
      const location = await d.open(link);
      assert.equal(location.origin, home, location);
      assert.equal(location.searchParams.get('error'), 'redirectTo-not-allowed');
      await fails(d.browser().auth.sendVerificationEmail({ email, options: { redirectTo } }), 400, 'redirectTo-not-allowed');
    }
    assert.equal((await d.open(mail.link)).searchParams.get('type'), 'verifyEmail', 'the ticket was as good as before');
  });

  it('does not take a link without a ticket or without a target', async () => {
    const open = (query) => d.fetch(`/verify${query}`, { redirect: 'manual' });
    await refuses(open(`?redirectTo=${encodeURIComponent(home)}`), 400, 'request-validation-error');
    await refuses(open('?ticket=verifyEmail:1'), 400, 'request-validation-error');
  });
}, { concurrency: 6 });
