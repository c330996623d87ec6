// An OpenID issuer made by somebody else (npm package oidc-provider), for the tests of sign-in through providers. Whoever signs in
// with an address as the name has that address; it is attested unless the name begins with "unverified".

import { once } from 'node:events';
import http from 'node:http';

import { Provider } from 'oidc-provider';

export const client = { id: 'hexauth', secret: 'secret of hexauth at the issuer' };

/** Starts the issuer. `callbacks` answers where it may send browsers back to. */
export async function startIssuer() {
  const server = http.createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const url = `http://127.0.0.1:${server.address().port}`;
  const provider = quietly(() => new Provider(url, {
    clients: [{
      client_id: client.id,
      client_secret: client.secret,
      redirect_uris: ['http://127.0.0.1/callback'],
      grant_types: ['authorization_code', 'refresh_token', 'implicit'],
      response_types: ['code', 'id_token'],
      application_type: 'native',
    }],
    cookies: { keys: ['of no importance'] },
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    features: { devInteractions: { enabled: true } },
    pkce: { required: (ctx) => ctx.oidc.params.response_type === 'code' },
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({ sub: id, email: id, email_verified: !id.startsWith('unverified'), name: `Name of ${id.split('@')[0]}` }),
    }),
    ttl: { AccessToken: 3600, AuthorizationCode: 60, Grant: 3600, IdToken: 3600, Interaction: 600, Session: 3600, RefreshToken: 3600 },
    issueRefreshToken: async () => true,
  }));
  // The ports of the servers under test are not known when the issuer starts.
  provider.Client.prototype.redirectUriAllowed = (uri) => ['127.0.0.1', 'app.example.com'].includes(new URL(uri).hostname);
  server.on('request', provider.callback());
  return {
    url,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Goes through the issuer's pages as a user does. */
export async function consent(page, login) {
  await page.locator('input[name=login]').fill(login);
  await page.locator('input[name=password]').fill('anything');
  await page.getByRole('button', { name: 'Sign-in' }).click();
  await page.getByRole('button', { name: 'Continue' }).click();
}

/** The package explains at length that its defaults are not for production. */
function quietly(make) {
  const { warn, info } = console;
  console.warn = console.info = () => {};
  try {
    return make();
  } finally {
    Object.assign(console, { warn, info });
  }
}
