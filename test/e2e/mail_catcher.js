// A mail server that delivers nothing: it keeps what it is given, parsed, for tests to read. It speaks as much of SMTP (RFC 5321)
// as a client that pipelines nothing needs.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const patience = 20_000;

/** A mail server on a free port of this machine. */
export class MailCatcher {
  #server = net.createServer((socket) => this.#converse(socket));
  #sockets = new Set();
  #mails = [];

  async start() {
    await once(this.#server.listen(0, '127.0.0.1'), 'listening');
    this.port = this.#server.address().port;
  }

  async stop() {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  /** The next mail to `address` made from `template`, waiting for it. Each mail is returned once. */
  async mailFor(address, template) {
    for (const deadline = Date.now() + patience; Date.now() < deadline; await sleep(20)) {
      const found = this.waiting(address).find((mail) => mail.template === template);
      if (!found) continue;
      found.read = true;
      return found;
    }
    assert.fail(`no ${template} mail for ${address} within ${patience} ms, but ${JSON.stringify(this.#mails.map(describe))}`);
  }

  /** The mails to `address` that mailFor has not returned. */
  waiting(address) {
    return this.#mails.filter((mail) => mail.to === address && !mail.read);
  }

  #converse(socket) {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket)).on('error', () => {});
    const answer = (line) => socket.write(`${line}\r\n`);
    const conversation = new Conversation(answer, (mail) => this.#mails.push(mail));
    let rest = '';
    socket.setEncoding('latin1').on('data', (text) => {
      const lines = (rest + text).split('\r\n');
      rest = lines.pop();
      for (const line of lines) {
        if (!conversation.take(line)) socket.end();
      }
    });
    answer('220 catcher');
  }
}

/** One connection, line by line. */
class Conversation {
  #answer;
  #deliver;
  #to = [];
  #content; // lines so far, undefined outside of DATA

  constructor(answer, deliver) {
    this.#answer = answer;
    this.#deliver = deliver;
  }

  /** Returns false when the client has said goodbye. */
  take(line) {
    if (this.#content) this.#takeContent(line);
    else return this.#takeCommand(line);
    return true;
  }

  #takeCommand(line) {
    switch (line.split(/[ :]/, 1)[0].toUpperCase()) {
      case 'EHLO':
      case 'HELO':
      case 'NOOP':
        this.#answer('250 catcher');
        return true;
      case 'MAIL':
      case 'RSET':
        this.#to = [];
        this.#answer('250 ok');
        return true;
      case 'RCPT':
        this.#to.push(/<(.*)>/.exec(line)[1]);
        this.#answer('250 ok');
        return true;
      case 'DATA':
        this.#content = [];
        this.#answer('354 go on');
        return true;
      case 'QUIT':
        this.#answer('221 bye');
        return false;
    }
    this.#answer('502 not here');
    return true;
  }

  #takeContent(line) {
    if (line !== '.') {
      this.#content.push(line.startsWith('.') ? line.slice(1) : line);
      return;
    }
    const mail = parseMail(this.#content.join('\r\n'));
    for (const to of this.#to) this.#deliver({ ...mail, to, read: false });
    this.#content = undefined;
    this.#answer('250 kept');
  }
}

const describe = ({ to, template, read }) => ({ to, template, read });

/** Reads a mail: its headers by lower-case name, decoded, those of the product under names of their own, and its two texts. */
export function parseMail(source) {
  const { headers, body } = entity(source);
  const mail = {
    headers,
    subject: headers.subject,
    template: headers['x-email-template'],
    link: headers['x-link'],
    ticket: headers['x-ticket'],
    redirectTo: headers['x-redirect-to'],
  };
  const boundary = /boundary="?([^";]+)"?/.exec(headers['content-type'])?.[1];
  const parts = boundary ? body.split(`--${boundary}`).slice(1, -1).map((part) => entity(part.replace(/^\r\n/, ''))) : [];
  for (const [name, type] of [['text', 'text/plain'], ['html', 'text/html']]) {
    const part = parts.find((p) => p.headers['content-type'].startsWith(type));
    mail[name] = part && decode(part.body, part.headers['content-transfer-encoding']);
  }
  return mail;
}

/** Splits headers from body, and unfolds and decodes the headers. */
function entity(source) {
  const end = source.indexOf('\r\n\r\n');
  const headers = {};
  for (const line of source.slice(0, end).replace(/\r\n(?=[ \t])/g, '').split('\r\n')) {
    const colon = line.indexOf(':');
    headers[line.slice(0, colon).toLowerCase()] = decodeWords(line.slice(colon + 1).trim());
  }
  return { headers, body: source.slice(end + 4) };
}

/** Decodes the encoded words of a header (RFC 2047); blanks between two of them are not part of the text. */
function decodeWords(value) {
  return value.replace(/\?=[ \t]+=\?/g, '?==?').replace(/=\?utf-8\?([bq])\?([^?]*)\?=/gi, (_, encoding, text) =>
    encoding.toLowerCase() === 'b'
      ? Buffer.from(text, 'base64').toString()
      : unquote(text.replaceAll('_', ' ')));
}

function decode(body, encoding) {
  switch (encoding?.toLowerCase()) {
    case 'base64':
      return Buffer.from(body, 'base64').toString();
    case 'quoted-printable':
      return unquote(body.replace(/=\r\n/g, ''));
  }
  return Buffer.from(body, 'latin1').toString();
}

function unquote(text) {
  const bytes = text.replace(/=([0-9A-F]{2})/gi, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString();
}
