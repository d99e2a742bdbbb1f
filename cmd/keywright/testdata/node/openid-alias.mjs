// Clients that look for an OpenID Connect document: openid-client unless it is
// told otherwise, and any that is given the address of the document itself.
import assert from 'node:assert/strict';
import * as client from 'openid-client';

const { issuer, found, pairs } = JSON.parse(process.env.SCENE);
const { service, resourceServer } = pairs[0];
const { origin, pathname } = new URL(issuer);

for (const address of [issuer, `${issuer}/.well-known/openid-configuration`, `${origin}/.well-known/openid-configuration${pathname}`]) {
  const discover = ({ id, secret }) =>
    client.discovery(new URL(address), id, secret, undefined, { execute: [client.allowInsecureRequests] });
  if (!found) {
    await assert.rejects(discover(service));
    continue;
  }
  const { access_token: token } = await client.clientCredentialsGrant(await discover(service));
  assert.equal((await client.tokenIntrospection(await discover(resourceServer), token)).active, true);
}
console.log('done');
