import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { after, before } from 'node:test';

import { complaints, launch } from './browser.js';
import { readDocument, serveExample } from './example_app.js';
import { address, onSQLite, uuid } from './harness.js';

let deployment;
const app = await serveExample('pkce.md', () => deployment.url());
after(() => app.close());

onSQLite('the app of docs/pkce.md in Chromium', { AUTH_EMAIL_PASSWORDLESS_ENABLED: 'true', AUTH_CLIENT_URL: app.url }, (d, it) => {
  deployment = d;
  let browser;
  before(async () => (browser = await launch()));
  after(() => browser?.close());

  /** Asks for a link in a browser of its own and returns the mail that comes. */
  async function ask() {
    const context = await browser.newContext();
    const page = await context.newPage();
    const problems = complaints(context);
    const email = address();
    await page.goto(app.url);
    await page.getByText('Not signed in').waitFor();
    await page.getByLabel('Address').fill(email);
    await page.getByRole('button', { name: 'Mail me a link' }).click();
    await page.getByText('Look into your mail').waitFor();
    return { context, page, problems, email, mail: await d.mailFor(email, 'signin-passwordless') };
  }

  /** Opens a link in a new tab and returns the tab and where the server sent it. */
  async function open(context, link) {
    const tab = await context.newPage();
    const arrived = [];
    tab.on('request', (request) => {
      if (request.isNavigationRequest() && request.url().startsWith(app.url)) arrived.push(new URL(request.url()));
    });
    await tab.goto(link);
    await tab.getByRole('status').filter({ hasText: /./ }).waitFor();
    return { tab, arrived };
  }

  it('signs in by a magic link', async () => {
    const { context, page, problems, email, mail } = await ask();
    const { tab, arrived } = await open(context, mail.link);
    assert.equal(arrived.length, 1);
    assert.deepEqual([...arrived[0].searchParams.keys()].sort(), ['code', 'type']);

    const status = await tab.getByRole('status').textContent();
    const id = status.replace('Signed in as ', '');
    assert.match(id, uuid, status);
    assert.equal(tab.url(), `${app.url}/`, 'the code is gone from the address');
    const session = JSON.parse(await tab.evaluate(() => localStorage.getItem('nhostSession')));
    assert.deepEqual([session.user.id, session.user.email, session.user.emailVerified], [id, email, true]);

    await page.reload();
    await page.getByText(`Signed in as ${id}`).waitFor();
    assert.deepEqual(problems, []);
    await context.close();
  });

  it('gives whoever else reads the mail nothing', async () => {
    const { context, email, mail } = await ask();
    const stranger = await browser.newContext();
    const { tab, arrived } = await open(stranger, mail.link);
    assert.ok(arrived[0].searchParams.has('code'));
    assert.equal(await tab.getByRole('status').textContent(), 'Failed: open the link in the browser in which you asked for it');
    assert.equal(await tab.evaluate(() => localStorage.getItem('nhostSession')), null);
    await stranger.close();

    const { tab: own } = await open(context, mail.link);
    await own.getByText('Signed in as').waitFor();
    const session = JSON.parse(await own.evaluate(() => localStorage.getItem('nhostSession')));
    assert.equal(session.user.email, email);
    await context.close();
  });

  it('says what is wrong with a link', async () => {
    const { context, mail } = await ask();
    const { tab } = await open(context, mail.link.replace('passwordlessEmail', 'verifyEmail'));
    assert.equal(await tab.getByRole('status').textContent(), 'Failed: Invalid ticket');
    await context.close();
  });

  it('uses the version of the client that is tested', async () => {
    const { version } = createRequire(import.meta.url)('./node_modules/@nhost/nhost-js/package.json');
    assert.ok((await readDocument('pkce.md')).includes(`npm install @nhost/nhost-js@${version}\n`));
  });
});
