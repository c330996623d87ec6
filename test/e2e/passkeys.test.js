import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { after, before } from 'node:test';

import { complaints, launch } from './browser.js';
import { readDocument, serveExample } from './example_app.js';
import { address, onEveryDatabase, onSQLite, password } from './harness.js';

let deployment;
const app = await serveExample('passkeys.md', () => deployment.url());
after(() => app.close());

// What the authenticator of a phone or laptop does, with a user who always agrees.
const platform = {
  protocol: 'ctap2', ctap2Version: 'ctap2_1', transport: 'internal', hasResidentKey: true, hasUserVerification: true,
  isUserVerified: true, automaticPresenceSimulation: true, defaultBackupEligibility: true, defaultBackupState: true,
};

const env = { AUTH_WEBAUTHN_ENABLED: 'true', AUTH_CLIENT_URL: app.url };

/** A browser with an authenticator of its own, in which the app is open. Requests of one ceremony reach different instances. */
async function open(browser, d, authenticator = platform) {
  const context = await browser.newContext();
  let turn = 0;
  await context.route(`${d.url()}/**`, (route) => {
    const { pathname, search } = new URL(route.request().url());
    return route.continue({ url: d.origin(turn++) + pathname + search });
  });
  const page = await context.newPage();
  const device = await context.newCDPSession(page);
  await device.send('WebAuthn.enable', { enableUI: false });
  const { authenticatorId } = await device.send('WebAuthn.addVirtualAuthenticator', { options: authenticator });
  const problems = complaints(context);
  await page.goto(app.url);
  const user = {
    context, page, problems,
    press: (name) => page.getByRole('button', { name, exact: true }).first().click(),
    says: (text) => page.getByRole('status').filter({ hasText: text }).waitFor(),
    status: () => page.getByRole('status').filter({ hasText: /./ }).textContent(),
    session: () => page.evaluate(() => JSON.parse(localStorage.getItem('nhostSession'))),
    credentials: async () => (await device.send('WebAuthn.getCredentials', { authenticatorId })).credentials,
    setUserVerified: (isUserVerified) => device.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified }),
    /** Puts the device away and takes another one. */
    async changeDevice() {
      await device.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled: false });
      await device.send('WebAuthn.addVirtualAuthenticator', { options: { ...platform, transport: 'usb' } });
    },
    async signUp(email = address()) {
      await page.getByLabel('Address').fill(email);
      await user.press('Sign up with a passkey');
      return email;
    },
  };
  return user;
}

onEveryDatabase('passkeys in Chromium', env, (d, it) => {
  let browser;
  before(async () => {
    deployment = d;
    browser = await launch();
  });
  after(() => browser?.close());

  it('sign up, and in again without an address', async () => {
    const user = await open(browser, d);
    await user.says('Not signed in');
    const email = await user.signUp();
    await user.says(`Signed in as ${email}, 1 keys`);
    const first = await user.session();
    const [credential] = await user.credentials();
    assert.equal(credential.isResidentCredential, true);
    assert.equal(credential.rpId, 'localhost');
    assert.equal(Buffer.from(credential.userHandle, 'base64').length, 27, 'browsers take the id for base64url');

    await user.press('Sign out');
    await user.says('Not signed in');
    await user.press('Sign in with a passkey');
    await user.says(`Signed in as ${email}, 1 keys`);
    const second = await user.session();
    assert.equal(second.user.id, first.user.id);
    assert.notEqual(second.refreshTokenId, first.refreshTokenId);
    assert.deepEqual(user.problems, []);
    await user.context.close();
  });

  it('sign in by address', async () => {
    const user = await open(browser, d);
    const email = await user.signUp();
    await user.says(`Signed in as ${email}`);
    await user.press('Sign out');
    await user.says('Not signed in');
    const signedIn = await user.page.evaluate(async ([authUrl, email]) => {
      const { createClient } = await import('@nhost/nhost-js');
      const nhost = createClient({ authUrl });
      const { body: options } = await nhost.auth.signInWebauthn({ email });
      const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
      const credential = await navigator.credentials.get({ publicKey });
      const { body } = await nhost.auth.verifySignInWebauthn({ credential });
      return { allowed: options.allowCredentials.length, email: body.session.user.email, kept: nhost.getUserSession()?.user.email };
    }, [d.url(), email.toUpperCase()]);
    assert.deepEqual(signedIn, { allowed: 1, email, kept: email });
    await user.context.close();
  });

  it('are offered by autofill', async () => {
    const user = await open(browser, d);
    assert.equal(await user.page.evaluate(() => PublicKeyCredential.isConditionalMediationAvailable()), true);
    const email = await user.signUp();
    await user.says(`Signed in as ${email}`);
    await user.press('Sign out');
    await user.says('Not signed in');
    await user.page.reload(); // nobody presses anything: the browser answers the conditional request
    await user.says(`Signed in as ${email}`);
    assert.equal((await user.session()).user.email, email);
    await user.context.close();
  });

  it('are added, renamed and removed', async () => {
    const user = await open(browser, d);
    const { client, email, session } = await d.signedUp();
    await user.page.evaluate((value) => localStorage.setItem('nhostSession', JSON.stringify(value)), session);
    await user.page.reload();
    await user.says(`Signed in as ${email}, 0 keys`);
    await user.press('Add another passkey');
    await user.says('1 keys');
    user.page.once('dialog', (dialog) => dialog.accept('Läptop'));
    await user.press('Rename');
    await user.page.getByRole('listitem').filter({ hasText: 'Läptop' }).waitFor();

    const { securityKeys } = await (await d.fetch('/user/webauthn', { headers: { Authorization: `Bearer ${session.accessToken}` } })).json();
    const { id, credentialId, createdAt, ...rest } = securityKeys[0];
    assert.deepEqual(rest, { nickname: 'Läptop', transports: ['internal'], backupEligible: true, backedUp: true });
    assert.ok(Math.abs(Date.now() - Date.parse(createdAt)) < 60_000);
    assert.equal(credentialId, Buffer.from((await user.credentials())[0].credentialId, 'base64').toString('base64url'));

    await user.press('Remove'); // the password is another way in
    await user.says('0 keys');
    await client.auth.signInEmailPassword({ email, password });
    await user.context.close();
  });

  it('stay when they are the last way in', async () => {
    const user = await open(browser, d);
    await user.signUp();
    await user.says('1 keys');
    await user.press('Remove');
    await user.says('Failed: This is the last way to sign in to the account');
    await user.context.close();
  });

  it('are of no use without user verification where they are the only factor', async () => {
    const user = await open(browser, d, { ...platform, hasUserVerification: false, isUserVerified: false });
    await user.signUp();
    assert.match(await user.status(), /^Failed: /);
    assert.equal(await user.session(), null);
    await user.context.close();
  });

  it('are asked for where there are none, which is no sign-in', async () => {
    const user = await open(browser, d);
    await user.press('Sign in with a passkey');
    assert.match(await user.status(), /^Failed: /);
    await user.context.close();
  });
});

onEveryDatabase('passkeys in Chromium, elevation demanded', { ...env, AUTH_REQUIRE_ELEVATED_CLAIM: 'recommended' }, (d, it) => {
  let browser;
  before(async () => {
    deployment = d;
    browser = await launch();
  });
  after(() => browser?.close());

  it('prove their user once more before another is added or one is removed', async () => {
    const user = await open(browser, d);
    const email = await user.signUp();
    await user.says('1 keys');
    const demanded = user.page.waitForResponse((response) => response.url().endsWith('/user/webauthn/add') && response.status() === 401);
    const elevated = user.page.waitForResponse((response) => response.url().endsWith('/elevate/webauthn/verify') && response.status() === 200);
    await user.context.route('**/elevate/webauthn/verify', async (route) => {
      await user.changeDevice(); // the first one is excluded, so another has to hold the new key
      await route.fallback();
    });
    await user.press('Add another passkey');
    assert.equal((await (await demanded).json()).error, 'elevated-claim-required');
    const { session } = await (await elevated).json();
    const claims = JSON.parse(Buffer.from(session.accessToken.split('.')[1], 'base64url'))['https://hasura.io/jwt/claims'];
    assert.equal(claims['x-hasura-auth-elevated'], session.user.id);
    await user.says(`Signed in as ${email}, 2 keys`);
    await user.page.reload();
    await user.says(`Signed in as ${email}, 2 keys`);
    await user.press('Remove'); // the device in hand elevates
    await user.says(`Signed in as ${email}, 1 keys`);
    await user.context.close();
  });
});

onSQLite('docs/passkeys.md', env, (d, it) => {
  it('uses the version of the client that is tested', async () => {
    const { version } = createRequire(import.meta.url)('./node_modules/@nhost/nhost-js/package.json');
    assert.ok((await readDocument('passkeys.md')).includes(`npm install @nhost/nhost-js@${version}\n`));
  });
});
