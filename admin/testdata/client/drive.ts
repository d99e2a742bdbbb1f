// Drives the admin API with a client whose types were generated from
// openapi.json, and prints what it saw.
import createClient from "openapi-fetch";
import type { paths } from "./schema.js";

declare const process: { env: Record<string, string> };

const api = createClient<paths>({
  baseUrl: process.env.KEYWRIGHT_URL,
  headers: { Authorization: `Bearer ${process.env.KEYWRIGHT_TOKEN}` },
});

const created = await api.POST("/v1/clients", { body: { name: "Generated", scopes: ["a"] } });
if (!created.data) throw new Error(JSON.stringify(created.error));
const { clientId, clientSecret, status } = created.data;

const listed = await api.GET("/v1/clients", { params: { query: { limit: 10 } } });
if (!listed.data) throw new Error(JSON.stringify(listed.error));
const names: string[] = listed.data.items.map((client) => client.name);

const revoked = await api.POST("/v1/clients/{clientId}/revoke", { params: { path: { clientId } } });
if (!revoked.data) throw new Error(JSON.stringify(revoked.error));

const again = await api.POST("/v1/clients/{clientId}/revoke", { params: { path: { clientId } } });
const code: string | undefined = again.error?.code;

// @ts-expect-error The types are not so loose that a number could be a name.
const refused = await api.POST("/v1/clients", { body: { name: 5, scopes: ["a"] } });
const field: string | undefined = refused.error?.errors?.[0]?.field;

console.log(JSON.stringify({ clientId, clientSecret, status, names, revoked: revoked.data.status, code, field }));
