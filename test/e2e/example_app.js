// Serves the app that a document shows, taken from there.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const shown = 'http://127.0.0.1:4000/v1'; // the server's address in the documents

/** The text of a document. */
export const readDocument = (document) => readFile(path.join(here, '../../docs', document), 'utf8');

/** Starts serving the app of `document`. `authUrl` returns the address of the server to use. */
export async function serveExample(document, authUrl) {
  const server = http.createServer(async (request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost');
    try {
      const [type, text] = await file(document, pathname, authUrl);
      response.writeHead(200, { 'content-type': type }).end(text);
    } catch (error) {
      response.writeHead(404).end(error.message);
    }
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://localhost:${server.address().port}`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function file(document, pathname, authUrl) {
  if (pathname === '/') return ['text/html', await block(document, 'index.html')];
  if (pathname === '/app.js') {
    const text = await block(document, 'app.js');
    assert.equal(text.split(shown).length, 2, `${document} names ${shown} once`);
    return ['text/javascript', text.replace(shown, authUrl())];
  }
  const place = path.join(here, path.normalize(pathname));
  assert.ok(place.startsWith(path.join(here, 'node_modules', path.sep)), `no ${pathname}`);
  return ['text/javascript', await readFile(place)];
}

/** The code block of the document that is marked with a file's name. */
async function block(document, name) {
  const found = new RegExp(`^<!-- tested: ${name.replace('.', '\\.')} -->\n\`\`\`[a-z]+\n([^]*?)^\`\`\`$`, 'm').exec(await readDocument(document));
  assert.ok(found, `${document} has no ${name}`);
  return found[1];
}
