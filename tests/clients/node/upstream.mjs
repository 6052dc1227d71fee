// An organization's own identity provider: node-oidc-provider as it comes, with the people of a JSON file.
//   node upstream.mjs PORT PEOPLE.json REDIRECT_URI LOGOUT_URI
import { readFileSync } from 'node:fs';
import Provider from 'oidc-provider';

const [port, people, redirect, logout] = process.argv.slice(2);
const issuer = `http://localhost:${port}`;

const provider = new Provider(issuer, {
  clients: [{
    client_id: 'careweft',
    client_secret: 'a secret of the tests: at least this long',
    redirect_uris: [redirect],
    backchannel_logout_uri: logout,
    backchannel_logout_session_required: true,
  }],
  claims: { openid: ['sub', 'mrn'], profile: ['name'], email: ['email', 'email_verified'] },
  conformIdTokenClaims: false,
  cookies: { keys: ['for the tests only'] },
  features: { backchannelLogout: { enabled: true }, devInteractions: { enabled: true } },
  fetch: (url, { dispatcher, ...options }) => fetch(url, options), // tells the loopback too who signed out
  findAccount: async (_, id) => ({
    accountId: id,
    claims: async () => ({ sub: id, ...JSON.parse(readFileSync(people, 'utf8'))[id] }),
  }),
});

provider.listen(Number(port), 'localhost', () => console.log('ready'));
