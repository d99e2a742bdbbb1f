// A service and a resource server built on openid-client: the service gets a
// token, the resource server asks about it, the service takes it back.
import assert from 'node:assert/strict';
import { importJWK } from 'jose';
import * as client from 'openid-client';

const { issuer, audience, pairs } = JSON.parse(process.env.SCENE);

async function authentication({ method, secret, key }) {
  switch (method) {
    case 'client_secret_basic':
      return client.ClientSecretBasic(secret);
    case 'client_secret_post':
      return client.ClientSecretPost(secret);
    case 'private_key_jwt':
      return client.PrivateKeyJwt({ key: await importJWK(key, key.alg), kid: key.kid });
  }
}

async function discover(who) {
  return client.discovery(new URL(issuer), who.id, undefined, await authentication(who), {
    algorithm: 'oauth2',
    execute: [client.allowInsecureRequests], // plain http on loopback
  });
}

for (const { service, resourceServer } of pairs) {
  const asService = await discover(service);
  const asResourceServer = await discover(resourceServer);

  for (const audienceParameter of ['resource', 'audience']) {
    const tokens = await client.clientCredentialsGrant(asService, { scope: 'documents:read', [audienceParameter]: audience });
    assert.equal(tokens.token_type, 'bearer');
    assert.equal(tokens.scope, 'documents:read');
    assert.ok(tokens.expiresIn() > 0);
    assert.equal(tokens.refresh_token, undefined);

    const good = await client.tokenIntrospection(asResourceServer, tokens.access_token);
    assert.equal(good.active, true);
    assert.equal(good.client_id, service.id);
    assert.equal(good.aud, audience);
    assert.equal(good.iss, issuer);

    await client.tokenRevocation(asService, tokens.access_token);
    assert.deepEqual(await client.tokenIntrospection(asResourceServer, tokens.access_token), { active: false });
  }

  await assert.rejects(client.clientCredentialsGrant(asService, { scope: 'admin' }), { error: 'invalid_scope', status: 400 });
  await assert.rejects(client.clientCredentialsGrant(asService, { resource: 'https://elsewhere.example' }), { error: 'invalid_target', status: 400 });
  await assert.rejects(client.tokenIntrospection(asService, 'any'), { error: 'access_denied', status: 403 });
}

const stranger = await discover({ ...pairs[0].service, method: 'client_secret_basic', secret: 'wrong' });
await assert.rejects(client.clientCredentialsGrant(stranger), (err) => {
  assert.equal(err.status, 401);
  assert.equal(err.cause[0].scheme, 'basic');
  return true;
});
console.log('done');
