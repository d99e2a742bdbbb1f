// The same on oauth4webapi, which checks each answer by the letter of its RFC;
// and its check of JWT access tokens (RFC 9068).
import assert from 'node:assert/strict';
import { importJWK } from 'jose';
import * as oauth from 'oauth4webapi';

const { issuer, audience, pairs } = JSON.parse(process.env.SCENE);
const options = { [oauth.allowInsecureRequests]: true }; // plain http on loopback

async function authentication({ method, secret, key }) {
  switch (method) {
    case 'client_secret_basic':
      return oauth.ClientSecretBasic(secret);
    case 'client_secret_post':
      return oauth.ClientSecretPost(secret);
    case 'private_key_jwt':
      return oauth.PrivateKeyJwt({ key: await importJWK(key, key.alg), kid: key.kid });
  }
}

const response = await oauth.discoveryRequest(new URL(issuer), { algorithm: 'oauth2', ...options });
const server = await oauth.processDiscoveryResponse(new URL(issuer), response);

async function getToken(who, parameters) {
  const client = { client_id: who.id };
  const response = await oauth.clientCredentialsGrantRequest(server, client, await authentication(who), parameters, options);
  return oauth.processClientCredentialsResponse(server, client, response);
}

async function introspect(who, token) {
  const client = { client_id: who.id };
  const response = await oauth.introspectionRequest(server, client, await authentication(who), token, options);
  return oauth.processIntrospectionResponse(server, client, response);
}

async function revoke(who, token) {
  const response = await oauth.revocationRequest(server, { client_id: who.id }, await authentication(who), token, options);
  return oauth.processRevocationResponse(response);
}

function validate(token, expectedAudience) {
  const request = new Request('https://api.example.com/', { headers: { authorization: `Bearer ${token}` } });
  return oauth.validateJwtAccessToken(server, request, expectedAudience, options);
}

for (const { service, resourceServer } of pairs) {
  const { access_token: token, scope, expires_in } = await getToken(service, { scope: 'documents:write' });
  assert.equal(scope, 'documents:write');
  assert.equal(expires_in, 900);
  assert.equal((await introspect(resourceServer, token)).client_id, service.id);

  if (service.format === 'jwt') {
    const claims = await validate(token, audience);
    assert.equal(claims.iss, issuer);
    assert.equal(claims.sub, service.id);
    assert.equal(claims.client_id, service.id);
    assert.equal(claims.scope, 'documents:write');
    await assert.rejects(validate(token, 'https://elsewhere.example'), { code: oauth.JWT_CLAIM_COMPARISON });
    const [header, payload, signature] = token.split('.');
    const forged = { ...JSON.parse(atob(payload.replaceAll('-', '+').replaceAll('_', '/'))), scope: 'admin' };
    await assert.rejects(validate([header, Buffer.from(JSON.stringify(forged)).toString('base64url'), signature].join('.'), audience));
  } else {
    await assert.rejects(validate(token, audience));
  }

  await revoke(service, token);
  assert.equal((await introspect(resourceServer, token)).active, false);
  await revoke(service, token); // again: nothing happens, and it is no error
}
console.log('done');
