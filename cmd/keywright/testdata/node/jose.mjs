// A resource server that checks JWT access tokens with jose alone and the keys
// that it fetches.
import assert from 'node:assert/strict';
import { createRemoteJWKSet, decodeProtectedHeader, errors, jwtVerify } from 'jose';

const { issuer, audience, algorithm, pairs } = JSON.parse(process.env.SCENE);
const { service } = pairs.find(({ service }) => service.format === 'jwt' && service.secret);

const answer = await fetch(`${issuer}/oauth2/token`, {
  method: 'POST',
  headers: { authorization: `Basic ${btoa(`${service.id}:${service.secret}`)}` },
  body: new URLSearchParams({ grant_type: 'client_credentials' }),
});
const { access_token: token } = await answer.json();

const keys = createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks.json`));
const checks = { issuer, audience, typ: 'at+jwt', algorithms: [algorithm], requiredClaims: ['client_id', 'jti'] };

const { payload, protectedHeader } = await jwtVerify(token, keys, checks);
assert.equal(payload.client_id, service.id);
assert.equal(typeof payload.organization_id, 'string');
assert.equal(protectedHeader.kid, decodeProtectedHeader(token).kid);

await assert.rejects(jwtVerify(token, keys, { ...checks, audience: 'https://elsewhere.example' }), errors.JWTClaimValidationFailed);
await assert.rejects(jwtVerify(token, keys, { ...checks, currentDate: new Date(Date.now() + 3600_000) }), errors.JWTExpired);
const other = token.at(-10) === 'A' ? 'B' : 'A';
await assert.rejects(jwtVerify(token.slice(0, -10) + other + token.slice(-9), keys, checks), errors.JWSSignatureVerificationFailed);
console.log('done');
