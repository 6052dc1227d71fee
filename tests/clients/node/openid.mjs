// Signs a person in with openid-client, refreshes, asks about the token and takes it back.
// node openid.mjs ISSUER CLIENT_ID CLIENT_SECRET REDIRECT_URI RESOURCE SCOPE
// Prints the address to open, reads the address that the browser came back to, and prints what it saw, as JSON lines.
import { createInterface } from 'node:readline/promises';
import * as client from 'openid-client';

const [issuer, id, secret, redirectUri, resource, scope] = process.argv.slice(2);
const config = await client.discovery(new URL(issuer), id, { client_secret: secret }, client.ClientSecretBasic(secret), {
  execute: [client.allowInsecureRequests],
});
const verifier = client.randomPKCECodeVerifier();
const state = client.randomState();
const nonce = client.randomNonce();
const url = client.buildAuthorizationUrl(config, {
  redirect_uri: redirectUri, scope, state, nonce, aud: resource,
  code_challenge: await client.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
});
console.log(JSON.stringify({ url: url.href }));

const input = createInterface({ input: process.stdin });
const back = new URL((await input[Symbol.asyncIterator]().next()).value);
input.close();
const refusal = async (work) => {
  try {
    await work();
    return null;
  } catch (error) {
    return error.error ?? error.code;
  }
};
const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true };
const strange = await refusal(() => client.authorizationCodeGrant(config, back, { ...checks, expectedState: 'x' }));
const first = await client.authorizationCodeGrant(config, back, checks);
const claims = first.claims();
const person = await client.fetchUserInfo(config, first.access_token, claims.sub);
const second = await client.refreshTokenGrant(config, first.refresh_token);
const told = await client.tokenIntrospection(config, second.access_token);
await client.tokenRevocation(config, second.refresh_token);
const after = await client.tokenIntrospection(config, second.access_token);
const again = await refusal(() => client.refreshTokenGrant(config, second.refresh_token));
console.log(JSON.stringify({
  strange, nonce: claims.nonce === nonce, issuer: claims.iss, patient: first.patient, fhirUser: person.fhirUser,
  renewed: second.access_token !== first.access_token, active: told.active, sub: told.sub === claims.sub,
  after: after.active, again,
}));
