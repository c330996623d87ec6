import assert from 'node:assert/strict';

import { address, fails, lives, onEveryDatabase, password, uuid } from './harness.js';

onEveryDatabase('links and codes instead of passwords', {
  AUTH_EMAIL_PASSWORDLESS_ENABLED: 'true',
  AUTH_OTP_EMAIL_ENABLED: 'true',
  AUTH_EMAIL_SIGNIN_EMAIL_VERIFIED_REQUIRED: 'true',
  AUTH_LOCALE_ALLOWED_LOCALES: 'en,de',
}, (d, it) => {
  /** Opens the link of a mail and signs a client in with what comes back. */
  async function follow(mail, options) {
    const location = await d.open(mail.link, options);
    assert.equal(location.searchParams.get('type'), 'passwordlessEmail', location);
    const client = d.browser({ instance: 1 });
    await client.auth.refreshToken({ refreshToken: location.searchParams.get('refreshToken') });
    return client;
  }

  const wrong = (code) => String((Number(code) + 1) % 1_000_000).padStart(6, '0');

  it('sign a new user up and in by a link', async () => {
    const email = address();
    const { status, body } = await d.browser().auth.signInPasswordlessEmail({
      email, options: { displayName: 'Jané', metadata: { plan: 'pro' }, locale: 'de' },
    });
    assert.deepEqual([status, body], [200, 'OK']);
    const mail = await d.mailFor(email, 'signin-passwordless');
    assert.match(mail.ticket, /^passwordlessEmail:/);
    assert.equal(new URL(mail.link).searchParams.get('type'), 'signinPasswordless');
    const client = await follow(mail);
    const user = (await client.auth.getUser()).body;
    assert.match(user.id, uuid);
    assert.deepEqual([user.email, user.emailVerified, user.displayName, user.locale, user.metadata], [email, true, 'Jané', 'de', { plan: 'pro' }]);
    await lives(client);
  });

  it('sign a known user in by a link, whatever the case of the address', async () => {
    const email = address();
    await d.browser().auth.signInPasswordlessEmail({ email });
    const first = await follow(await d.mailFor(email, 'signin-passwordless'));
    await d.browser({ instance: 1 }).auth.signInPasswordlessEmail({ email: email.toUpperCase() });
    const mail = await d.mailFor(email, 'signin-passwordless'); // as its owner wrote it
    const second = await follow(mail, { instance: 1 });
    assert.equal(second.getUserSession().user.id, first.getUserSession().user.id);
    await lives(first); // another link ends no session
  });

  it('sign up by a link, and mail nothing to who has an account', async () => {
    const email = address();
    const signUp = () => d.browser().auth.signUpPasswordlessEmail({ email });
    assert.equal((await signUp()).body, 'OK');
    const client = await follow(await d.mailFor(email, 'signin-passwordless'));
    assert.equal(client.getUserSession().user.email, email);
    assert.equal((await signUp()).body, 'OK');
    assert.deepEqual(await d.otherMails(email), []);
  });

  it('sign a new user up and in by a code', async () => {
    const email = address();
    const { status, body } = await d.browser().auth.signInOTPEmail({ email, options: { displayName: 'Joe' } });
    assert.deepEqual([status, body], [200, 'OK']);
    const mail = await d.mailFor(email, 'signin-otp');
    assert.match(mail.ticket, /^[0-9]{6}$/);
    assert.ok(!mail.link);
    assert.ok(mail.text.includes(mail.ticket), mail.text);
    assert.ok(mail.html.includes(mail.ticket), mail.html);

    const client = d.browser({ instance: 1 });
    await fails(client.auth.verifySignInOTPEmail({ email, otp: wrong(mail.ticket) }), 401, 'invalid-ticket');
    const answer = await client.auth.verifySignInOTPEmail({ email: email.toUpperCase(), otp: mail.ticket });
    assert.deepEqual(Object.keys(answer.body), ['session']);
    assert.equal(answer.body.session.user.emailVerified, true);
    assert.equal((await client.auth.getUser()).body.displayName, 'Joe');
    await fails(d.browser().auth.verifySignInOTPEmail({ email, otp: mail.ticket }), 401, 'invalid-ticket');
  });

  it('sign up by a code, and mail nothing to who has an account', async () => {
    const email = address();
    const signUp = () => d.browser().auth.signUpOTPEmail({ email });
    assert.equal((await signUp()).body, 'OK');
    const { ticket: otp } = await d.mailFor(email, 'signin-otp');
    assert.equal((await d.browser().auth.verifySignInOTPEmail({ email, otp })).body.session.user.email, email);
    assert.equal((await signUp()).body, 'OK');
    assert.deepEqual(await d.otherMails(email), []);
  });

  it('allow five guesses, which a new code does not give back', async () => {
    const email = address();
    const ask = async () => {
      await d.browser().auth.signInOTPEmail({ email });
      return (await d.mailFor(email, 'signin-otp')).ticket;
    };
    const guess = (otp, instance) => d.browser({ instance }).auth.verifySignInOTPEmail({ email, otp });
    const first = await ask();
    for (let i = 0; i < 5; i++) await fails(guess(wrong(first), i), 401, 'invalid-ticket');
    await fails(guess(first, 0), 401, 'invalid-ticket');
    const second = await ask();
    await fails(guess(second, 1), 401, 'invalid-ticket');
  });

  it('let one of many who know a code in', async () => {
    const email = address();
    await d.browser().auth.signInOTPEmail({ email });
    const { ticket: otp } = await d.mailFor(email, 'signin-otp');
    const results = await Promise.allSettled(Array.from({ length: 5 }, (_, instance) =>
      d.browser({ instance }).auth.verifySignInOTPEmail({ email, otp })));
    assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1);
    for (const { reason } of results.filter(({ status }) => status === 'rejected')) assert.equal(reason.body.error, 'invalid-ticket');
  });

  it('verify the address of an account whose password anybody may have chosen, and remove that', async () => {
    const email = address();
    await d.browser().auth.signUpEmailPassword({ email, password });
    await d.mailFor(email, 'email-verify');
    await d.browser().auth.signInPasswordlessEmail({ email });
    const owner = await follow(await d.mailFor(email, 'signin-passwordless'));
    assert.equal(owner.getUserSession().user.emailVerified, true);
    await fails(d.browser().auth.signInEmailPassword({ email, password }), 401, 'invalid-email-password');
  });
}, { concurrency: 6 });

onEveryDatabase('links and codes where sign-in creates no account', {
  AUTH_EMAIL_PASSWORDLESS_ENABLED: 'true',
  AUTH_OTP_EMAIL_ENABLED: 'true',
  AUTH_DISABLE_AUTO_SIGNUP: 'true',
}, (d, it) => {
  it('mail a link to who has signed up, and nothing to a stranger', async () => {
    const email = address();
    assert.equal((await d.browser().auth.signInPasswordlessEmail({ email })).body, 'OK');
    assert.deepEqual(await d.otherMails(email), []);
    assert.equal((await d.browser().auth.signUpPasswordlessEmail({ email })).body, 'OK');
    const { ticket } = await d.mailFor(email, 'signin-passwordless');
    assert.equal((await d.browser().auth.signInPasswordlessEmail({ email })).body, 'OK');
    assert.notEqual((await d.mailFor(email, 'signin-passwordless')).ticket, ticket);
  });

  it('mail a code to who has signed up, and nothing to a stranger', async () => {
    const email = address();
    assert.equal((await d.browser().auth.signInOTPEmail({ email })).body, 'OK');
    assert.deepEqual(await d.otherMails(email), []);
    assert.equal((await d.browser().auth.signUpOTPEmail({ email })).body, 'OK');
    await d.mailFor(email, 'signin-otp');
    assert.equal((await d.browser().auth.signInOTPEmail({ email })).body, 'OK');
    const { ticket: otp } = await d.mailFor(email, 'signin-otp');
    assert.equal((await d.browser().auth.verifySignInOTPEmail({ email, otp })).body.session.user.email, email);
  });

  it('leave sign-up with a password alone', async () => {
    const { email, session } = await d.signedUp();
    assert.equal(session.user.email, email);
  });
}, { concurrency: 3 });

onEveryDatabase('links and codes that are switched off', {}, (d, it) => {
  it('are refused', async () => {
    const { auth } = d.browser();
    const email = address();
    await fails(auth.signInPasswordlessEmail({ email }), 409, 'disabled-endpoint');
    await fails(auth.signUpPasswordlessEmail({ email }), 409, 'disabled-endpoint');
    await fails(auth.signInOTPEmail({ email }), 409, 'disabled-endpoint');
    await fails(auth.signUpOTPEmail({ email }), 409, 'disabled-endpoint');
  });
});
