package registry

import "time"

// The views below are what the audit keeps of a record: its settings under
// their wire names, and never a secret or digest.

func auditClient(d ClientDetails) any {
	secrets := make([]map[string]any, len(d.Secrets))
	for i, s := range d.Secrets {
		secrets[i] = map[string]any{"id": s.ID, "hint": s.Hint, "expiresAt": auditTime(s.ExpiresAt), "revokedAt": auditTime(s.RevokedAt)}
	}
	return map[string]any{
		"name": d.Name, "description": d.Description, "projectId": d.ProjectID, "applicationId": d.ApplicationID,
		"environment": d.Environment, "isActive": d.IsActive, "expiresAt": auditTime(d.ExpiresAt),
		"revokedAt": auditTime(d.RevokedAt), "confirmBy": auditTime(d.ConfirmBy), "roles": d.RoleNames,
		"scopes": d.Scopes, "permissions": d.Permissions, "audiences": d.Audiences, "introspects": d.Introspects,
		"ipWhitelist": d.IPWhitelist, "authMethod": d.AuthMethod, "jwks": d.JWKS, "tokenFormat": d.TokenFormat,
		"tokenTtlSeconds": int(d.TokenTTL.Seconds()), "watch": d.Watch, "secrets": secrets, "revision": d.Revision,
	}
}

func auditAPIToken(t APIToken) any {
	return map[string]any{
		"name": t.Name, "description": t.Description, "type": t.Type, "projectId": t.ProjectID,
		"isActive": t.IsActive, "expiresAt": auditTime(t.ExpiresAt), "revokedAt": auditTime(t.RevokedAt),
		"scopes": t.Scopes, "permissions": t.Permissions, "ipWhitelist": t.IPWhitelist, "hint": t.Hint,
		"revision": t.Revision,
	}
}

func auditAPI(a API) map[string]any {
	endpoints := make([]map[string]any, len(a.Endpoints))
	for i, e := range a.Endpoints {
		endpoints[i] = map[string]any{"id": e.ID, "method": e.Method, "path": e.Path, "scope": e.Scope}
	}
	return map[string]any{
		"identifier": a.Identifier, "name": a.Name, "scopes": a.Scopes, "strictScopes": a.StrictScopes,
		"endpoints": endpoints, "revision": a.Revision,
	}
}

func auditRole(r Role) any {
	return map[string]any{
		"name": r.Name, "description": r.Description, "scopes": r.Scopes, "permissions": r.Permissions, "revision": r.Revision,
	}
}

func auditScope(s Scope) any {
	return map[string]any{"name": s.Name, "description": s.Description, "revision": s.Revision}
}

func auditApplication(a Application) any {
	return map[string]any{
		"name": a.Name, "description": a.Description, "projectId": a.ProjectID, "endpoints": a.EndpointIDs, "revision": a.Revision,
	}
}

// auditTime is null for a time that is not set.
func auditTime(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t
}
