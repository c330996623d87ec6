// Runs the real binary for the tests: one instance on SQLite, two on one PostgreSQL database. TEST_POSTGRES_URL names the
// server on which databases are made (`make test` sees to it); HEXAUTH_BINARY overrides bin/hexauth. The servers mail to a
// catcher in the test's process.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import dgram from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { createClient, createServerClient } from '@nhost/nhost-js';
import { FetchError } from '@nhost/nhost-js/fetch';
import { MemoryStorage } from '@nhost/nhost-js/session';
import pg from 'pg';

import { MailCatcher } from './mail_catcher.js';

const binary = process.env.HEXAUTH_BINARY ?? fileURLToPath(new URL('../../bin/hexauth', import.meta.url));

// The browser client works only with an address that ends in /v1.
const prefix = '/v1';

const startTimeout = 30_000;
const stopTimeout = 35_000;

export const password = 'correct horse battery';
export const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** An e-mail address nobody has yet. */
export const address = () => `user-${randomUUID()}@example.com`;

export { sleep };

/**
 * Declares the tests of `suite` once for every database. `env` is added to the servers' environment. `suite` gets the
 * deployment, started before its first test, and an `it` that prints the servers' log of a test that fails. `concurrency` is how
 * many tests may run at once, for those that mostly wait for mails.
 */
export function onEveryDatabase(title, env, suite, { concurrency = 1 } = {}) {
  for (const [database, open] of [['SQLite', openSQLite], ['PostgreSQL, two instances', openPostgres]]) {
    declare(`${title} (${database})`, open, env, suite, concurrency);
  }
}

/** The same on SQLite alone, for what has nothing to do with the database. */
export function onSQLite(title, env, suite) {
  declare(title, openSQLite, env, suite, 1);
}

function declare(title, open, env, suite, concurrency) {
  describe(title, { concurrency }, () => {
    const deployment = new Deployment(open, env);
    before(() => deployment.start());
    after(() => deployment.stop());
    suite(deployment, (name, run) => it(name, (t) => deployment.watch(() => run(t))));
  });
}

/** One database and the instances that share it. */
class Deployment {
  #open;
  #env;
  #folder;
  #release = async () => {};
  #instances = [];
  #catcher = new MailCatcher();

  constructor(open, env) {
    this.#open = open;
    this.#env = env;
  }

  async start() {
    this.#folder = await mkdtemp(path.join(os.tmpdir(), 'hexauth-e2e-'));
    const { databaseURL, count, release } = await this.#open(this.#folder);
    this.#release = release;
    await this.#catcher.start();
    const ports = await freePorts(count);
    const shared = {
      PATH: process.env.PATH,
      AUTH_HOST: '127.0.0.1',
      AUTH_API_PREFIX: prefix,
      AUTH_DATABASE_URL: databaseURL,
      AUTH_SERVER_URL: `http://127.0.0.1:${ports[0]}${prefix}`,
      AUTH_CLIENT_URL: 'https://app.example.com',
      AUTH_ENCRYPTION_KEY: randomBytes(32).toString('hex'),
      AUTH_EMAIL_SIGNIN_EMAIL_VERIFIED_REQUIRED: 'false',
      AUTH_ANONYMOUS_USERS_ENABLED: 'true',
      AUTH_PASSWORD_HASH_CONCURRENCY: '16', // so that nobody waits for a turn too long when the machine is busy
      AUTH_SMTP_HOST: '127.0.0.1',
      AUTH_SMTP_PORT: String(this.#catcher.port),
      AUTH_SMTP_SENDER: 'hexauth <noreply@example.com>',
      ...this.#env,
    };
    this.issuer = shared.AUTH_SERVER_URL;
    this.#instances = ports.map((port) => new Instance(port, { ...shared, AUTH_PORT: String(port) }, this.#folder));
    await Promise.all(this.#instances.map((instance) => instance.ready()));
  }

  async stop() {
    try {
      await Promise.all(this.#instances.map((instance) => instance.stop()));
    } finally {
      await this.#catcher.stop();
      await this.#release();
      await rm(this.#folder, { recursive: true, force: true });
    }
  }

  /** Base URL of an instance, prefix included. Any number will do: they take turns. */
  url(instance = 0) {
    return this.#instances[instance % this.#instances.length].origin + prefix;
  }

  /** Address of an instance without the prefix. */
  origin(instance = 0) {
    return this.#instances[instance % this.#instances.length].origin;
  }

  /** What a browser runs: keeps a session, refreshes it by itself. */
  browser({ instance = 0, storage = new MemoryStorage() } = {}) {
    return createClient({ ...services(this.url(instance)), storage });
  }

  /** What a server-side page runs: keeps a session, does not refresh it. */
  serverSide({ instance = 0, storage = new MemoryStorage() } = {}) {
    return createServerClient({ ...services(this.url(instance)), storage });
  }

  /** A browser that has just signed up a new user, and what it got. */
  async signedUp(options = {}) {
    const client = this.browser(options);
    const email = address();
    const { body } = await client.auth.signUpEmailPassword({ email, password });
    return { client, email, session: body.session };
  }

  /** Plain fetch of a path below the prefix, for what no client of good manners would send. */
  fetch(path, init) {
    return fetch(this.url() + path, init);
  }

  /** The next mail to `address` made from `template`, waiting for it. Each mail is returned once. */
  mailFor(address, template) {
    return this.#catcher.mailFor(address, template);
  }

  /** The mails to `address` that mailFor has not returned, once the outboxes must be empty. */
  async otherMails(address) {
    await sleep(2_500); // every instance has looked into the outbox twice
    return this.#catcher.waiting(address);
  }

  /** Opens the link of a mail as a browser does, on the instance asked for, and returns where it sends the browser. */
  async open(link, { instance = 0, ...init } = {}) {
    const url = new URL(link);
    url.host = new URL(this.origin(instance)).host;
    const response = await fetch(url, { redirect: 'manual', ...init });
    assert.equal(response.status, 302, `${link}: ${await response.text()}`);
    return new URL(response.headers.get('location'));
  }

  async watch(run) {
    const marks = this.#instances.map((instance) => instance.log.length);
    try {
      await run();
    } catch (error) {
      this.#instances.forEach((instance, i) => {
        process.stderr.write(`log of ${instance.origin}:\n${instance.log.slice(marks[i])}\n`);
      });
      throw error;
    }
  }
}

class Instance {
  log = '';
  #child;
  #exited;

  constructor(port, env, folder) {
    this.origin = `http://127.0.0.1:${port}`;
    this.#child = spawn(binary, ['serve'], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => (this.log += text));
    }
    this.#exited = new Promise((resolve) => {
      this.#child.once('error', (error) => resolve(error.message));
      this.#child.once('exit', (code, signal) => resolve(signal ?? code));
    });
    const kill = () => this.#child.kill('SIGKILL');
    process.once('exit', kill);
    this.#exited.then(() => process.removeListener('exit', kill));
  }

  async ready() {
    let end;
    this.#exited.then((reason) => (end = reason));
    for (const deadline = Date.now() + startTimeout; Date.now() < deadline; await sleep(10)) {
      assert.equal(end, undefined, `hexauth ended at its start (${end}):\n${this.log}`);
      const response = await fetch(`${this.origin}/healthz`).catch(() => undefined);
      if (response?.ok) return;
    }
    assert.fail(`hexauth was not alive after ${startTimeout} ms:\n${this.log}`);
  }

  async stop() {
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), stopTimeout);
    const reason = await this.#exited;
    clearTimeout(timer);
    assert.equal(reason, 0, `hexauth ended with ${reason}:\n${this.log}`);
  }
}

async function openSQLite(folder) {
  return { databaseURL: `sqlite://${path.join(folder, 'hexauth.db')}`, count: 1, release: async () => {} };
}

async function openPostgres() {
  const server = process.env.TEST_POSTGRES_URL;
  assert.ok(server, 'TEST_POSTGRES_URL is not set: run `make test`, or `bin/pgrun -- node --test`');
  const name = `hexauth_e2e_${randomBytes(8).toString('hex')}`;
  await execute(server, `CREATE DATABASE ${name} TEMPLATE template0`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return { databaseURL: url.href, count: 2, release: () => execute(server, `DROP DATABASE ${name} WITH (FORCE)`) };
}

async function execute(server, sql) {
  const client = new pg.Client({ connectionString: server });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

/**
 * Different ports that are free, below the range from which outgoing connections are served. Each stays this process's until it
 * ends: the UDP port of the same number is held, for other processes that look for one.
 */
async function freePorts(count) {
  const ports = new Set();
  while (ports.size < count) {
    const port = randomInt(30_000, 32_700);
    const claim = dgram.createSocket('udp4').unref();
    if (!(await succeeds(claim.bind({ port, address: '127.0.0.1', exclusive: true }), 'listening'))) continue;
    const probe = net.createServer();
    if (!(await succeeds(probe.listen(port, '127.0.0.1'), 'listening'))) continue;
    ports.add(port);
    await new Promise((resolve) => probe.close(resolve));
  }
  return [...ports];
}

const succeeds = (emitter, event) => once(emitter, event).then(() => true, () => false);

function services(authUrl) {
  const nowhere = 'http://127.0.0.1:9/v1';
  return { authUrl, storageUrl: nowhere, graphqlUrl: nowhere, functionsUrl: nowhere };
}

/**
 * The call fails the way every error has to look, with this status and code: the client throws its own error, which shows
 * the message, and the request can be found by its id. Returns the body without the id.
 */
export async function fails(call, status, code) {
  const error = await call.then(
    (response) => assert.fail(`succeeded with ${response.status} ${JSON.stringify(response.body)}`),
    (reason) => reason,
  );
  assert.ok(error instanceof FetchError, `not the client's error: ${error.stack}`);
  checkError({ status: error.status, headers: error.headers, body: error.body }, status, code);
  assert.equal(error.message, error.body.message);
  return withoutId(error.body);
}

/** The same for an answer of plain fetch. */
export async function refuses(call, status, code) {
  const response = await call;
  const body = await response.json();
  checkError({ status: response.status, headers: response.headers, body }, status, code);
  return withoutId(body);
}

function checkError({ status, headers, body }, wantStatus, wantCode) {
  assert.deepEqual({ status, error: body.error }, { status: wantStatus, error: wantCode }, JSON.stringify(body));
  assert.deepEqual(Object.keys(body).sort(), ['error', 'message', 'requestId', 'status']);
  assert.equal(body.status, wantStatus);
  assert.ok(body.message.length > 0);
  assert.ok(body.requestId.length > 0);
  assert.equal(headers.get('x-request-id'), body.requestId);
  assert.match(headers.get('content-type'), /^application\/json\b/);
}

/** The client's session goes on. Its refreshSession would not tell: it falls back on the access token. */
export async function lives(client) {
  const { status } = await client.auth.refreshToken({ refreshToken: client.getUserSession().refreshToken });
  assert.equal(status, 200);
}

/** The client's session has ended, which the client does not know yet. */
export function ended(client) {
  return fails(client.auth.refreshToken({ refreshToken: client.getUserSession().refreshToken }), 401, 'invalid-refresh-token');
}

const withoutId = ({ requestId, ...rest }) => rest;

/** Mutes the client, which complains on the console before it gives up a session. */
export function quiet(t) {
  t.mock.method(console, 'warn', () => {});
  t.mock.method(console, 'error', () => {});
}
