import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, before } from 'node:test';

import { complaints, launch } from './browser.js';
import { address, onSQLite } from './harness.js';

const home = 'https://app.example.com';
const pictures = path.join(os.tmpdir(), `hexauth-mailbox-${process.getuid?.() ?? ''}`);

onSQLite('the development mailbox in Chromium', {
  AUTH_DEV_MODE: 'true',
  AUTH_SMTP_HOST: '',
  AUTH_EMAIL_PASSWORDLESS_ENABLED: 'true',
  AUTH_OTP_EMAIL_ENABLED: 'true',
}, (d, it) => {
  let browser, context, page, problems;

  before(async () => {
    browser = await launch();
    await mkdir(pictures, { recursive: true });
    context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
    await context.route(`${home}/**`, (route) => route.fulfill({ contentType: 'text/html', body: '<title>The app</title>' }));
    problems = complaints(context);
    page = await context.newPage();
  });
  after(() => browser?.close());

  const box = (id) => page.getByTestId(id);
  const item = (email) => page.locator(`[data-testid="message"][data-to="${email}"]`);

  it('shows mails as they arrive, and what is in them one click away', async (t) => {
    await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: d.origin() });
    await page.goto(`${d.url()}/dev/mailbox`);
    await box('status').filter({ hasText: 'Live' }).waitFor();
    assert.equal(await box('blank').locator('p').first().textContent(), 'No messages yet');
    assert.equal(await box('count').textContent(), '0');
    assert.ok(await box('empty').isDisabled());

    const byLink = address();
    await d.browser().auth.signInPasswordlessEmail({ email: byLink, options: { redirectTo: `${home}/welcome?from=mail` } });
    await item(byLink).waitFor();
    const byCode = address();
    await d.browser().auth.signInOTPEmail({ email: byCode });
    await item(byCode).waitFor();
    assert.equal(await box('count').textContent(), '2');
    assert.equal(await page.title(), '(2) Mailbox');
    assert.deepEqual(await page.getByTestId('message').evaluateAll((list) => list.map((a) => a.dataset.template)), ['signin-otp', 'signin-passwordless']);

    await item(byLink).click();
    assert.equal(await box('to').textContent(), byLink);
    assert.equal(await box('template').textContent(), 'signin-passwordless');
    const link = await box('link').textContent();
    assert.equal(new URL(link).origin + new URL(link).pathname, `${d.issuer}/verify`);
    const frame = page.frameLocator('[data-testid="html"]');
    await frame.locator(`a[href="${link}"]`).first().waitFor();
    await page.screenshot({ path: path.join(pictures, 'link.png') });

    await box('tab-text').click();
    assert.ok((await box('text').textContent()).includes(link));
    await box('tab-headers').click();
    assert.equal(await page.locator('[data-header="X-Link"]').textContent(), link);
    assert.equal(await page.locator('[data-header="X-Redirect-To"]').textContent(), `${home}/welcome?from=mail`);

    const [tab] = await Promise.all([context.waitForEvent('page'), box('open-link').click()]);
    await tab.waitForURL(`${home}/**`);
    const { searchParams } = new URL(tab.url());
    assert.deepEqual([searchParams.get('from'), searchParams.get('type')], ['mail', 'passwordlessEmail']);
    const { body } = await d.browser().auth.refreshToken({ refreshToken: searchParams.get('refreshToken') });
    assert.equal(body.user.email, byLink);
    await tab.close();

    await item(byCode).click();
    const otp = await box('code').textContent();
    assert.match(otp, /^[0-9]{6}$/);
    await box('copy-code').click();
    await box('copy-code').filter({ hasText: 'Copied' }).waitFor();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), otp);
    await page.screenshot({ path: path.join(pictures, 'code.png') });
    const { body: { session } } = await d.browser().auth.verifySignInOTPEmail({ email: byCode, otp });
    assert.equal(session.user.email, byCode);

    await page.emulateMedia({ colorScheme: 'dark' });
    await page.setViewportSize({ width: 390, height: 844 });
    await page.screenshot({ path: path.join(pictures, 'small-dark.png') });
    t.diagnostic(`pictures are in ${pictures}`);
    assert.deepEqual(problems, []);
  });

  it('is emptied', async () => {
    await page.setViewportSize({ width: 1280, height: 800 });
    await d.browser().auth.signInOTPEmail({ email: address() });
    await page.goto(`${d.url()}/dev/mailbox`);
    await page.getByTestId('message').first().waitFor();
    await box('empty').click();
    await box('blank').filter({ hasText: 'No messages yet' }).waitFor();
    assert.equal(await page.getByTestId('message').count(), 0);
    const response = await d.fetch('/dev/mailbox/messages');
    assert.deepEqual([response.status, await response.json()], [200, []]);
    assert.deepEqual(problems, []);
  });

  it('lets no page of another origin read it', async () => {
    const other = await context.newPage();
    await other.goto(`${home}/`);
    const answer = await other.evaluate((url) => fetch(url).then(() => 'read', () => 'refused'), `${d.url()}/dev/mailbox/messages`);
    assert.equal(answer, 'refused');
    await other.close();
  });
});
