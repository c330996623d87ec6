// Starts the Chromium of the system for tests that need a real browser.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';

import { chromium } from 'playwright-core';

const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';

const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync'];

/** A browser with an empty profile of its own, which is removed with it. */
export async function launch() {
  assert.ok(existsSync(executablePath), `there is no ${executablePath}: apt-get install chromium, or set CHROMIUM`);
  return chromium.launch({ executablePath, headless: true, args });
}

/** Collects what the pages of a context complain about: exceptions, requests that fail, violations of a page's policy. */
export function complaints(context) {
  const list = [];
  context.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) list.push(`${message.type()}: ${message.text()} (${message.location().url})`);
  });
  context.on('weberror', (error) => list.push(String(error.error())));
  return list;
}
