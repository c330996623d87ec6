import assert from 'node:assert/strict';

import { address, ended, fails, lives, onEveryDatabase, password, refuses } from './harness.js';

const newPassword = 'another horse entirely';

onEveryDatabase('changes of an account by mail', { AUTH_EMAIL_PASSWORDLESS_ENABLED: 'true', AUTH_PASSWORD_MIN_LENGTH: '9' }, (d, it) => {
  const signIn = (email, secret, instance = 1) => d.browser({ instance }).auth.signInEmailPassword({ email, password: secret });

  /** A second session of a user. */
  async function elsewhere(email) {
    const client = d.browser({ instance: 1 });
    await client.auth.signInEmailPassword({ email, password });
    return client;
  }

  async function askForReset(email, options) {
    const { status, body } = await d.browser().auth.sendPasswordResetEmail({ email, options });
    assert.deepEqual([status, body], [200, 'OK']);
    return d.mailFor(email, 'password-reset');
  }

  /** Opens a link and signs a client in with what comes back. */
  async function follow(mail, type) {
    const location = await d.open(mail.link, { instance: 1 });
    assert.equal(location.searchParams.get('type'), type, location);
    const client = d.browser();
    await client.auth.refreshToken({ refreshToken: location.searchParams.get('refreshToken') });
    return client;
  }

  it('reset a password by opening the link', async () => {
    const { client, email } = await d.signedUp();
    const mail = await askForReset(email, { redirectTo: 'https://app.example.com/reset' });
    assert.equal(mail.redirectTo, 'https://app.example.com/reset');
    assert.match(mail.ticket, /^passwordReset:/);
    const visitor = await follow(mail, 'passwordReset');
    await lives(client); // opening the link ends no session
    await fails(visitor.auth.changeUserPassword({ newPassword: 'short' }), 400, 'password-too-short');
    assert.equal((await visitor.auth.changeUserPassword({ newPassword })).body, 'OK');
    await fails(signIn(email, password), 401, 'invalid-email-password');
    assert.equal((await signIn(email, newPassword)).body.session.user.email, email);
    await lives(visitor);
    await ended(client);
  });

  it('reset a password with the ticket, once', async () => {
    const { client, email } = await d.signedUp();
    const { ticket } = await askForReset(email);
    const change = (body, instance = 0) => d.browser({ instance }).auth.changeUserPassword(body);
    await fails(change({ ticket, newPassword: 'short' }), 400, 'password-too-short');
    assert.equal((await change({ ticket, newPassword }, 1)).body, 'OK');
    for (const instance of [0, 1]) await fails(change({ ticket, newPassword: `${newPassword} 2` }, instance), 401, 'invalid-ticket');
    assert.equal((await signIn(email, newPassword)).body.session.user.email, email);
    await ended(client); // every session has ended
  });

  it('mail a reset to nobody for an address that nobody has', async () => {
    const email = address();
    assert.equal((await d.browser().auth.sendPasswordResetEmail({ email })).body, 'OK');
    assert.deepEqual(await d.otherMails(email), []);
  });

  it('keep tickets of different purposes apart', async () => {
    const { email } = await d.signedUp();
    await d.browser().auth.sendVerificationEmail({ email });
    const verification = await d.mailFor(email, 'email-verify');
    const reset = await askForReset(email);
    await fails(d.browser().auth.changeUserPassword({ ticket: verification.ticket, newPassword }), 400, 'schema-validation-error');
    const forged = reset.ticket.replace('passwordReset', 'verifyEmail');
    const link = new URL(reset.link);
    link.searchParams.set('ticket', forged);
    assert.equal((await d.open(link)).searchParams.get('error'), 'invalid-ticket');
    await follow(verification, 'verifyEmail');
    assert.equal((await d.browser().auth.changeUserPassword({ ticket: reset.ticket, newPassword })).body, 'OK');
  });

  it('change a password and end the other sessions', async () => {
    const { client, email } = await d.signedUp();
    const others = [await elsewhere(email), await elsewhere(email)];
    assert.equal((await client.auth.changeUserPassword({ newPassword })).body, 'OK');
    for (const other of others) await ended(other);
    await lives(client);
    await fails(signIn(email, password), 401, 'invalid-email-password');
    assert.equal((await signIn(email, newPassword)).status, 200);
  });

  it('need a token or a ticket for a new password', async () => {
    const change = (body) => d.fetch('/user/password', {
      method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body),
    });
    await refuses(change({ newPassword }), 400, 'invalid-request');
    await refuses(change({ newPassword, ticket: 'passwordReset:1' }), 401, 'invalid-ticket');
  });

  it('move an account to a new address once the link was opened', async () => {
    const { client, email } = await d.signedUp();
    const newEmail = address();
    const { status, body } = await client.auth.changeUserEmail({ newEmail, options: { redirectTo: 'https://app.example.com/me' } });
    assert.deepEqual([status, body], [200, 'OK']);
    const mail = await d.mailFor(newEmail, 'email-confirm-change');
    assert.match(mail.ticket, /^emailConfirmChange:/);
    assert.deepEqual(await d.otherMails(email), []);
    assert.equal((await signIn(email, password)).body.session.user.email, email, 'the old address is good until then');

    const visitor = await follow(mail, 'emailConfirmChange');
    const user = (await visitor.auth.getUser()).body;
    assert.deepEqual([user.email, user.emailVerified], [newEmail, true]);
    await fails(signIn(email, password), 401, 'invalid-email-password');
    assert.equal((await signIn(newEmail, password)).body.session.user.id, user.id);
  });

  it('refuse an address that is taken, then and when the link is opened', async () => {
    const taken = await d.signedUp();
    const { client, email } = await d.signedUp();
    await fails(client.auth.changeUserEmail({ newEmail: taken.email }), 409, 'email-already-in-use');
    await fails(d.browser().auth.changeUserEmail({ newEmail: address() }), 401, 'unauthorized');

    const newEmail = address();
    await client.auth.changeUserEmail({ newEmail });
    const mail = await d.mailFor(newEmail, 'email-confirm-change');
    await d.browser().auth.signUpEmailPassword({ email: newEmail, password });
    assert.equal((await d.open(mail.link)).searchParams.get('error'), 'email-already-in-use');
    assert.equal((await signIn(email, password)).body.session.user.email, email);
  });

  it('make an anonymous user one with a password, who goes on', async () => {
    const client = d.browser();
    const { body: { session } } = await client.auth.signInAnonymous();
    const email = address();
    const change = { signInMethod: 'email-password', email, password };
    assert.equal((await client.auth.deanonymizeUser(change)).body, 'OK');
    const refreshed = await client.refreshSession(0);
    assert.deepEqual([refreshed.user.id, refreshed.user.email, refreshed.user.isAnonymous], [session.user.id, email, false]);
    assert.equal((await signIn(email, password)).body.session.user.id, session.user.id);
    await fails(client.auth.deanonymizeUser(change), 400, 'user-not-anonymous');
  });

  it('make an anonymous user one who signs in by links', async () => {
    const client = d.browser();
    const { body: { session } } = await client.auth.signInAnonymous();
    const email = address();
    assert.equal((await client.auth.deanonymizeUser({ signInMethod: 'passwordless', email })).body, 'OK');
    const visitor = await follow(await d.mailFor(email, 'signin-passwordless'), 'passwordlessEmail');
    const { user } = visitor.getUserSession();
    assert.deepEqual([user.id, user.email, user.emailVerified, user.isAnonymous], [session.user.id, email, true, false]);
    await ended(client); // the anonymous session has ended
  });

  it('refuse to make an anonymous user somebody else', async () => {
    const taken = await d.signedUp();
    const client = d.browser();
    await client.auth.signInAnonymous();
    await fails(client.auth.deanonymizeUser({ signInMethod: 'email-password', email: taken.email, password }), 409, 'email-already-in-use');
    await fails(client.auth.deanonymizeUser({ signInMethod: 'email-password', email: address() }), 400, 'invalid-request');
    await fails(taken.client.auth.deanonymizeUser({ signInMethod: 'passwordless', email: address() }), 400, 'user-not-anonymous');
    await fails(client.auth.changeUserEmail({ newEmail: address() }), 403, 'forbidden-anonymous');
  });
}, { concurrency: 6 });

onEveryDatabase('anonymous users where addresses are verified', { AUTH_EMAIL_SIGNIN_EMAIL_VERIFIED_REQUIRED: 'true' }, (d, it) => {
  it('get a password and come in again through the mail', async () => {
    const client = d.browser();
    const { body: { session } } = await client.auth.signInAnonymous();
    const email = address();
    await client.auth.deanonymizeUser({ signInMethod: 'email-password', email, password });
    await fails(d.browser().auth.signInEmailPassword({ email, password }), 401, 'unverified-user');
    await ended(client);
    const location = await d.open((await d.mailFor(email, 'email-verify')).link);
    assert.equal(location.searchParams.get('type'), 'verifyEmail');
    const { body } = await d.browser().auth.signInEmailPassword({ email, password });
    assert.equal(body.session.user.id, session.user.id);
  });
});
