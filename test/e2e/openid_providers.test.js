import assert from 'node:assert/strict';
import { after, before } from 'node:test';

import { generatePKCEPair } from '@nhost/nhost-js/auth';

import { launch } from './browser.js';
import { address, fails, onEveryDatabase, password, refuses, uuid } from './harness.js';
import { client, consent, startIssuer } from './openid_issuer.js';

const issuer = await startIssuer();
after(() => issuer.close());

const app = 'https://app.example.com/welcome';

onEveryDatabase('sign-in through an OpenID issuer, in Chromium', {
  AUTH_OIDC_PROVIDERS: JSON.stringify([
    { name: 'corp', issuer: issuer.url, clientId: client.id, clientSecret: client.secret, scopes: ['openid', 'email', 'profile', 'offline_access'] },
    { name: 'away', issuer: 'http://127.0.0.1:9', clientId: 'x' },
  ]),
}, (d, it) => {
  let browser;
  before(async () => (browser = await launch()));
  after(() => browser?.close());

  /**
   * Takes the issuer's redirects itself, which a browser would follow without asking, and keeps the one to the callback from the
   * browser.
   */
  const holdBack = (context, arrive) => async (route) => {
    if (route.request().method() !== 'POST') return route.continue();
    const answer = await route.fetch({ maxRedirects: 0 });
    const resumed = await context.request.get(answer.headers().location, { maxRedirects: 0 });
    const next = new URL(resumed.headers().location, issuer.url);
    if (!next.pathname.endsWith('/callback')) return route.fulfill({ status: 303, headers: { location: next.href } });
    arrive(next);
    return route.fulfill({ body: 'held back' });
  };

  /** A new browser that stops at the app or, with `hold`, before the callback; `arrival` waits for either. */
  async function visitor({ hold = false } = {}) {
    const context = await browser.newContext();
    let arrive;
    const arrival = new Promise((resolve) => (arrive = resolve));
    // Routes see the first request of a chain of redirects only; there is no such host, so a browser that is redirected ends there.
    await context.route('https://app.example.com/**', (route) => route.fulfill({ body: 'arrived' }));
    context.on('request', (request) => {
      if (request.url().startsWith('https://app.example.com/')) arrive(new URL(request.url()));
    });
    if (hold) await context.route('**/interaction/**', holdBack(context, arrive));
    return { context, page: await context.newPage(), arrival };
  }

  /** Goes from the app to the issuer and back. */
  async function signIn(location, login) {
    const { context, page, arrival } = await visitor();
    await page.goto(location);
    await consent(page, login);
    const arrived = await arrival;
    await context.close();
    return arrived;
  }

  /** A browser client with the session of a redirect. */
  async function sessionFrom(arrived) {
    assert.equal(arrived.searchParams.get('error'), null, arrived);
    const nhost = d.browser({ instance: 1 });
    await nhost.auth.refreshToken({ refreshToken: arrived.searchParams.get('refreshToken') });
    return nhost;
  }

  it('makes an account, and finds it again', async () => {
    const email = address();
    const location = d.browser().auth.signInProviderURL('corp', { redirectTo: `${app}?from=app`, state: 'of the app', metadata: { plan: 'trial' } });
    const arrived = await signIn(location, email);
    assert.deepEqual([...arrived.searchParams.keys()].sort(), ['from', 'refreshToken', 'state']);
    assert.deepEqual([arrived.searchParams.get('from'), arrived.searchParams.get('state')], ['app', 'of the app']);
    const nhost = await sessionFrom(arrived);
    const { body: user } = await nhost.auth.getUser();
    assert.deepEqual([user.email, user.emailVerified, user.displayName, user.metadata],
      [email, true, `Name of ${email.split('@')[0]}`, { plan: 'trial' }]);

    const again = await sessionFrom(await signIn(d.browser({ instance: 1 }).auth.signInProviderURL('corp', { redirectTo: app }), email));
    assert.equal((await again.auth.getUser()).body.id, user.id);
  });

  it('gives an app with a challenge a code', async () => {
    const { verifier, challenge } = await generatePKCEPair();
    const email = address();
    const nhost = d.browser();
    const arrived = await signIn(nhost.auth.signInProviderURL('corp', { redirectTo: app, codeChallenge: challenge }), email);
    assert.deepEqual([...arrived.searchParams.keys()], ['code']);
    const code = arrived.searchParams.get('code');
    await fails(nhost.auth.tokenExchange({ code, codeVerifier: (await generatePKCEPair()).verifier }), 400, 'invalid-request');
    const { body } = await nhost.auth.tokenExchange({ code, codeVerifier: verifier });
    assert.equal(body.session.user.email, email);
  });

  it('keeps the providers\u2019 tokens until they are read, once', async () => {
    const nhost = await sessionFrom(await signIn(d.browser().auth.signInProviderURL('corp', { redirectTo: app }), address()));
    const { body: tokens } = await nhost.auth.getProviderTokens('corp');
    assert.ok(tokens.accessToken && tokens.refreshToken && tokens.expiresIn > 3500, JSON.stringify(tokens));
    const { body: renewed } = await nhost.auth.refreshProviderToken('corp', { refreshToken: tokens.refreshToken });
    assert.notEqual(renewed.accessToken, tokens.accessToken);
    const { body: nothing } = await nhost.auth.getProviderTokens('corp');
    assert.deepEqual(nothing, { accessToken: '', expiresIn: 0, expiresAt: '0001-01-01T00:00:00Z', refreshToken: null });
  });

  it('lets nobody finish in another browser, nor twice', async () => {
    const { context, page, arrival } = await visitor({ hold: true });
    await page.goto(d.browser().auth.signInProviderURL('corp', { redirectTo: app }));
    await consent(page, address());
    const callback = await arrival;
    assert.match(callback.pathname, /\/signin\/provider\/corp\/callback$/);
    assert.equal(callback.searchParams.get('iss'), issuer.url);
    await context.close();
    for (const attempt of ['another browser', 'a second time']) {
      const stranger = await visitor();
      await stranger.page.goto(callback.href).catch(() => {});
      const arrived = await stranger.arrival;
      assert.equal(arrived.searchParams.get('error'), 'invalid-state', attempt);
      assert.equal(arrived.searchParams.get('refreshToken'), null);
      await stranger.context.close();
    }
  });

  it('takes an attested address for its owner\u2019s, and no other', async () => {
    const email = address();
    const hijacker = d.browser();
    const { body: hijacked } = await hijacker.auth.signUpEmailPassword({ email, password });
    const owner = await sessionFrom(await signIn(d.browser().auth.signInProviderURL('corp', { redirectTo: app }), email));
    assert.equal((await owner.auth.getUser()).body.id, hijacked.session.user.id);
    await fails(d.browser().auth.signInEmailPassword({ email, password }), 401, 'invalid-email-password');
    await fails(hijacker.auth.refreshToken({ refreshToken: hijacked.session.refreshToken }), 401, 'invalid-refresh-token');

    const unverified = `unverified-${address()}`;
    await d.browser().auth.signUpEmailPassword({ email: unverified, password });
    const arrived = await signIn(d.browser().auth.signInProviderURL('corp', { redirectTo: app }), unverified);
    assert.equal(arrived.searchParams.get('error'), 'unverified-user');
    await d.browser().auth.signInEmailPassword({ email: unverified, password });
  });

  it('links an identity to a user, lists it and removes it', async () => {
    const { client: nhost, session } = await d.signedUp();
    const login = address();
    const arrived = await signIn(nhost.auth.signInProviderURL('corp', { redirectTo: app, connect: session.accessToken }), login);
    assert.equal(arrived.href, app);
    const authorized = { headers: { authorization: `Bearer ${session.accessToken}` } };
    const { providers } = await (await d.fetch('/user/providers', authorized)).json();
    assert.deepEqual(providers.map(({ provider, issuer: from, providerUserId }) => [provider, from, providerUserId]), [['corp', issuer.url, login]]);
    assert.match(providers[0].id, uuid);
    const linked = await sessionFrom(await signIn(d.browser().auth.signInProviderURL('corp', { redirectTo: app }), login));
    assert.equal((await linked.auth.getUser()).body.id, session.user.id);

    const taken = await d.signedUp();
    const refused = await signIn(taken.client.auth.signInProviderURL('corp', { redirectTo: app, connect: taken.session.accessToken }), login);
    assert.equal(refused.searchParams.get('error'), 'provider-account-already-linked');

    const removed = await d.fetch(`/user/providers/${providers[0].id}`, { method: 'DELETE', ...authorized });
    assert.equal(await removed.json(), 'OK');
  });

  it('signs in with an id token that the app got by itself', async () => {
    const login = address();
    const location = `${issuer.url}/auth?${new URLSearchParams({
      client_id: client.id, response_type: 'id_token', scope: 'openid email profile', redirect_uri: app, nonce: 'of the app', state: 'x',
    })}`;
    const { context, page } = await visitor();
    await page.goto(location);
    await consent(page, login);
    await page.waitForURL('https://app.example.com/**');
    const idToken = new URLSearchParams(new URL(page.url()).hash.slice(1)).get('id_token');
    await context.close();
    const nhost = d.browser();
    const { body } = await nhost.auth.signUpIdToken({ provider: 'corp', idToken, nonce: 'of the app' });
    assert.equal(body.session.user.email, login);
    await fails(d.browser().auth.signUpIdToken({ provider: 'corp', idToken, nonce: 'of the app' }), 409, 'email-already-in-use');
    const { body: again } = await d.browser({ instance: 1 }).auth.signInIdToken({ provider: 'corp', idToken, nonce: 'of the app' });
    assert.equal(again.session.user.id, body.session.user.id);
    for (const nonce of ['another', undefined]) {
      await fails(d.browser().auth.signInIdToken({ provider: 'corp', idToken, nonce }), 400, 'invalid-request');
    }
    await fails(d.browser().auth.signInIdToken({ provider: 'google', idToken }), 409, 'disabled-endpoint');
  });

  it('does without an issuer that is away, and says so to who wants it', async () => {
    const response = await fetch(d.browser().auth.signInProviderURL('away', { redirectTo: app }), { redirect: 'manual' });
    assert.equal(new URL(response.headers.get('location')).searchParams.get('error'), 'oauth-provider-error');
    await refuses(d.fetch('/signin/provider/nobody'), 400, 'schema-validation-error');
  });
});
