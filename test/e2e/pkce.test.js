import assert from 'node:assert/strict';

import { generatePKCEPair } from '@nhost/nhost-js/auth';

import { address, ended, fails, lives, onEveryDatabase, password } from './harness.js';

const app = 'https://app.example.com/callback?from=mail';

onEveryDatabase('codes instead of tokens in redirects (PKCE)', {
  AUTH_EMAIL_PASSWORDLESS_ENABLED: 'true',
  AUTH_EMAIL_SIGNIN_EMAIL_VERIFIED_REQUIRED: 'true',
}, (d, it) => {
  const options = { redirectTo: app };

  /** Opens the link of a mail and returns the code in the redirect, which must hold no token. */
  async function codeFrom(mail, type, instance = 0) {
    const location = await d.open(mail.link, { instance });
    assert.equal(location.origin + location.pathname, 'https://app.example.com/callback');
    assert.deepEqual([...location.searchParams.keys()].sort(), ['code', 'from', 'type'], location);
    assert.equal(location.searchParams.get('from'), 'mail');
    assert.equal(location.searchParams.get('type'), type);
    assert.match(location.searchParams.get('code'), /^[A-Za-z0-9_-]{43}$/);
    return location.searchParams.get('code');
  }

  /** Exchanges a code on the instance that did not give it. */
  async function exchange(code, codeVerifier, instance = 1) {
    const client = d.browser({ instance });
    const { status, body } = await client.auth.tokenExchange({ code, codeVerifier });
    assert.equal(status, 200);
    assert.equal((await client.auth.getUser()).body.id, body.session.user.id);
    return { client, user: body.session.user };
  }

  /** Asks for a magic link that belongs to a verifier. */
  async function magicLink() {
    const { verifier, challenge } = await generatePKCEPair();
    const email = address();
    await d.browser().auth.signInPasswordlessEmail({ email, options, codeChallenge: challenge });
    const mail = await d.mailFor(email, 'signin-passwordless');
    assert.equal(new URL(mail.link).searchParams.get('codeChallenge'), challenge);
    return { email, mail, verifier, challenge };
  }

  /** A user with a password and a verified address, signed in. */
  async function verifiedUser() {
    const email = address();
    await d.browser().auth.signUpEmailPassword({ email, password });
    await d.open((await d.mailFor(email, 'email-verify')).link);
    const client = d.browser();
    await client.auth.signInEmailPassword({ email, password });
    return { client, email };
  }

  it('sign in by a magic link', async () => {
    const { email, mail, verifier } = await magicLink();
    const { client, user } = await exchange(await codeFrom(mail, 'passwordlessEmail'), verifier);
    assert.deepEqual([user.email, user.emailVerified], [email, true]);
    await lives(client);
  });

  it('sign up by a magic link', async () => {
    const { verifier, challenge } = await generatePKCEPair();
    const email = address();
    await d.browser().auth.signUpPasswordlessEmail({ email, options, codeChallenge: challenge });
    const code = await codeFrom(await d.mailFor(email, 'signin-passwordless'), 'passwordlessEmail', 1);
    assert.equal((await exchange(code, verifier, 0)).user.email, email);
  });

  it('sign up with a password and verify the address', async () => {
    const { verifier, challenge } = await generatePKCEPair();
    const email = address();
    await d.browser().auth.signUpEmailPassword({ email, password, options, codeChallenge: challenge });
    const code = await codeFrom(await d.mailFor(email, 'email-verify'), 'verifyEmail');
    assert.equal((await exchange(code, verifier)).user.emailVerified, true);
    assert.equal((await d.browser().auth.signInEmailPassword({ email, password })).status, 200);
  });

  it('verify the address with another mail', async () => {
    const { verifier, challenge } = await generatePKCEPair();
    const email = address();
    await d.browser().auth.signUpEmailPassword({ email, password });
    await d.mailFor(email, 'email-verify');
    await d.browser().auth.sendVerificationEmail({ email, options, codeChallenge: challenge });
    const code = await codeFrom(await d.mailFor(email, 'email-verify'), 'verifyEmail');
    assert.equal((await exchange(code, verifier)).user.email, email);
  });

  it('reset a password', async () => {
    const { email } = await verifiedUser();
    const { verifier, challenge } = await generatePKCEPair();
    await d.browser().auth.sendPasswordResetEmail({ email, options, codeChallenge: challenge });
    const mail = await d.mailFor(email, 'password-reset');
    const newPassword = 'another horse entirely';
    await fails(d.browser().auth.changeUserPassword({ ticket: mail.ticket, newPassword }), 401, 'invalid-ticket');
    const { client } = await exchange(await codeFrom(mail, 'passwordReset'), verifier);
    await client.auth.changeUserPassword({ newPassword });
    assert.equal((await d.browser().auth.signInEmailPassword({ email, password: newPassword })).status, 200);
  });

  it('change an address', async () => {
    const { client, email } = await verifiedUser();
    const { verifier, challenge } = await generatePKCEPair();
    const newEmail = address();
    await client.auth.changeUserEmail({ newEmail, options, codeChallenge: challenge });
    const code = await codeFrom(await d.mailFor(newEmail, 'email-confirm-change'), 'emailConfirmChange');
    assert.equal((await exchange(code, verifier)).user.email, newEmail);
    await fails(d.browser().auth.signInEmailPassword({ email, password }), 401, 'invalid-email-password');
  });

  for (const [signInMethod, template, type] of [
    ['email-password', 'email-verify', 'verifyEmail'], ['passwordless', 'signin-passwordless', 'passwordlessEmail'],
  ]) {
    it(`deanonymize a user (${signInMethod})`, async () => {
      const anonymous = d.browser();
      const { body: { session } } = await anonymous.auth.signInAnonymous();
      const { verifier, challenge } = await generatePKCEPair();
      const email = address();
      const secret = signInMethod === 'email-password' ? { password } : {};
      await anonymous.auth.deanonymizeUser({ signInMethod, email, ...secret, options, codeChallenge: challenge });
      const { user } = await exchange(await codeFrom(await d.mailFor(email, template), type), verifier);
      assert.deepEqual([user.id, user.email, user.isAnonymous], [session.user.id, email, false]);
    });
  }

  it('are good for the verifier they belong to, once', async () => {
    const { mail, verifier } = await magicLink();
    const other = await generatePKCEPair();
    const code = await codeFrom(mail, 'passwordlessEmail', 1);
    const attempt = (codeVerifier, instance) => d.browser({ instance }).auth.tokenExchange({ code, codeVerifier });
    await fails(attempt(other.verifier, 0), 400, 'invalid-request');
    await fails(attempt(other.challenge, 1), 400, 'invalid-request');
    await exchange(code, verifier, 0);
    for (const instance of [0, 1]) await fails(attempt(verifier, instance), 400, 'invalid-request');
  });

  it('are exchanged once when many try at once', async () => {
    const { mail, verifier } = await magicLink();
    const code = await codeFrom(mail, 'passwordlessEmail');
    const results = await Promise.allSettled(Array.from({ length: 10 }, (_, instance) =>
      d.browser({ instance }).auth.tokenExchange({ code, codeVerifier: verifier })));
    assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1);
  });

  it('cannot be talked into a token by whoever reads the mail', async () => {
    const { mail, verifier } = await magicLink();
    const stolen = await generatePKCEPair();
    for (const challenge of [null, stolen.challenge]) {
      const link = new URL(mail.link);
      if (challenge) link.searchParams.set('codeChallenge', challenge);
      else link.searchParams.delete('codeChallenge');
      const location = await d.open(link);
      assert.equal(location.searchParams.get('error'), 'invalid-request', location);
      assert.deepEqual([...location.searchParams.keys()].sort(), ['error', 'errorDescription', 'from']);
    }
    await exchange(await codeFrom(mail, 'passwordlessEmail'), verifier);
  });

  it('replace each other when a link is opened again', async () => {
    const { mail, verifier } = await magicLink();
    const first = await codeFrom(mail, 'passwordlessEmail', 0);
    const second = await codeFrom(mail, 'passwordlessEmail', 1);
    await fails(d.browser().auth.tokenExchange({ code: first, codeVerifier: verifier }), 400, 'invalid-request');
    const { client } = await exchange(second, verifier);
    const third = await codeFrom(mail, 'passwordlessEmail');
    await ended(client);
    await exchange(third, verifier);
  });
}, { concurrency: 6 });
