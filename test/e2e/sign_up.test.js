import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';

import { address, fails, onEveryDatabase, password, uuid } from './harness.js';

const gravatar = (email) =>
  `https://www.gravatar.com/avatar/${createHash('md5').update(email).digest('hex')}?d=blank&r=g`;

onEveryDatabase('sign-up', {
  AUTH_USER_DEFAULT_ALLOWED_ROLES: 'me,editor',
  AUTH_LOCALE_ALLOWED_LOCALES: 'en,de',
  AUTH_ACCESS_CONTROL_ALLOWED_REDIRECT_URLS: 'https://*.preview.example.com',
  AUTH_PASSWORD_MIN_LENGTH: '9',
}, (d, it) => {
  it('gives a session whose user has the options asked for', async () => {
    const client = d.browser();
    const email = address();
    const { status, body } = await client.auth.signUpEmailPassword({
      email,
      password,
      options: {
        allowedRoles: ['editor', 'me'],
        defaultRole: 'editor',
        displayName: 'Jané Doe',
        locale: 'de',
        metadata: { plan: 'pro', seats: 3, nested: { list: [1, 'a', null] } },
        redirectTo: 'https://app.example.com/welcome?from=mail#top',
      },
    });
    assert.equal(status, 200);
    assert.deepEqual(Object.keys(body), ['session']);
    const { session } = body;
    assert.deepEqual(Object.keys(session).sort(),
      ['accessToken', 'accessTokenExpiresIn', 'refreshToken', 'refreshTokenId', 'user']);
    assert.equal(session.accessTokenExpiresIn, 900);
    assert.match(session.refreshToken, uuid);
    assert.match(session.refreshTokenId, uuid);
    assert.match(session.user.id, uuid);
    assert.ok(Math.abs(Date.parse(session.user.createdAt) - Date.now()) < 60_000, session.user.createdAt);
    assert.deepEqual(session.user, {
      id: session.user.id,
      createdAt: session.user.createdAt,
      email,
      emailVerified: false,
      phoneNumberVerified: false,
      isAnonymous: false,
      displayName: 'Jané Doe',
      avatarUrl: gravatar(email),
      locale: 'de',
      defaultRole: 'editor',
      roles: ['editor', 'me'],
      metadata: { plan: 'pro', seats: 3, nested: { list: [1, 'a', null] } },
      activeMfaType: null,
    });
  });

  it('leaves the client signed in with readable claims', async () => {
    const { client, session } = await d.signedUp();
    const stored = client.getUserSession();
    assert.equal(stored.refreshToken, session.refreshToken);
    assert.equal(stored.decodedToken.sub, session.user.id);
    assert.equal(stored.decodedToken.iss, d.issuer);
    const { body } = await client.auth.getUser();
    assert.deepEqual({ ...body, roles: body.roles.toSorted() }, { ...session.user, roles: session.user.roles.toSorted() });
  });

  it('fills in what the options leave out', async () => {
    const { email, session } = await d.signedUp();
    assert.equal(session.user.displayName, email);
    assert.equal(session.user.locale, 'en');
    assert.equal(session.user.defaultRole, 'user');
    assert.deepEqual(session.user.roles.toSorted(), ['editor', 'me', 'user']);
    assert.equal(session.user.metadata, null);
  });

  it('keeps the case of an address as typed', async () => {
    const email = address().replace('user', 'User');
    const { body } = await d.browser().auth.signUpEmailPassword({ email, password });
    assert.equal(body.session.user.email, email);
    assert.equal(body.session.user.avatarUrl, gravatar(email.toLowerCase()));
  });

  it('refuses an address that is taken, in any case', async () => {
    const { email } = await d.signedUp();
    for (const [i, taken] of [email, email.toUpperCase()].entries()) {
      await fails(d.browser({ instance: i }).auth.signUpEmailPassword({ email: taken, password }), 409, 'email-already-in-use');
    }
  });

  it('creates one user when two browsers race for an address', async () => {
    const email = address();
    const results = await Promise.allSettled(Array.from({ length: 6 }, (_, i) =>
      d.browser({ instance: i }).auth.signUpEmailPassword({ email, password })));
    assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1);
    for (const { reason } of results.filter(({ status }) => status === 'rejected')) {
      assert.equal(reason.body.error, 'email-already-in-use');
    }
  });

  it('refuses a redirectTo that is not allowed', async () => {
    for (const redirectTo of ['https://evil.example.org', 'https://app.example.com.evil.org', 'https://app.example.com@evil.org',
      'http://app.example.com', 'https://a.b.preview.example.com', 'javascript:alert(1)', '//evil.org']) {
      await fails(d.browser().auth.signUpEmailPassword({ email: address(), password, options: { redirectTo } }),
        400, 'redirectTo-not-allowed');
    }
    const { status } = await d.browser().auth.signUpEmailPassword({
      email: address(), password, options: { redirectTo: 'https://pr-7.preview.example.com/cb' },
    });
    assert.equal(status, 200);
  });

  it('refuses roles that are not to be had', async () => {
    const signUp = (options) => d.browser().auth.signUpEmailPassword({ email: address(), password, options });
    await fails(signUp({ allowedRoles: ['admin'] }), 400, 'role-not-allowed');
    await fails(signUp({ defaultRole: 'admin' }), 400, 'default-role-must-be-in-allowed-roles');
    await fails(signUp({ allowedRoles: ['me'], defaultRole: 'editor' }), 400, 'default-role-must-be-in-allowed-roles');
  });

  it('falls back to the default locale', async () => {
    const { body } = await d.browser().auth.signUpEmailPassword({ email: address(), password, options: { locale: 'fr' } });
    assert.equal(body.session.user.locale, 'en');
  });

  it('refuses a short password', async () => {
    await fails(d.browser().auth.signUpEmailPassword({ email: address(), password: 'eightchr' }), 400, 'password-too-short');
  });
});

onEveryDatabase('sign-up switched off', { AUTH_DISABLE_SIGNUP: 'true' }, (d, it) => {
  it('creates nobody, anonymous users included', async () => {
    await fails(d.browser().auth.signUpEmailPassword({ email: address(), password }), 403, 'signup-disabled');
    await fails(d.browser().auth.signInAnonymous(), 403, 'signup-disabled');
  });
});

onEveryDatabase('sign-up of users who start disabled', { AUTH_DISABLE_NEW_USERS: 'true' }, (d, it) => {
  it('gives no session, now or later', async () => {
    const email = address();
    await fails(d.browser().auth.signUpEmailPassword({ email, password }), 401, 'disabled-user');
    await fails(d.browser().auth.signInEmailPassword({ email, password }), 401, 'disabled-user');
    await fails(d.browser().auth.signInEmailPassword({ email, password: 'wrong' }), 401, 'invalid-email-password');
  });
});

onEveryDatabase('access lists', {
  AUTH_ACCESS_CONTROL_ALLOWED_EMAIL_DOMAINS: 'example.com',
  AUTH_ACCESS_CONTROL_BLOCKED_EMAILS: 'Mallory@example.com',
}, (d, it) => {
  it('keep strangers out whatever the case of their address', async () => {
    for (const email of ['jane@example.org', 'mallory@example.com', 'MALLORY@EXAMPLE.COM']) {
      await fails(d.browser().auth.signUpEmailPassword({ email, password }), 401, 'invalid-email-password');
    }
    const { body } = await d.browser().auth.signUpEmailPassword({ email: 'Jane@EXAMPLE.com', password });
    assert.equal(body.session.user.email, 'Jane@EXAMPLE.com');
  });
});
