package console

import "keywright/registry"

// recordPath is the page of a record, by its kind in the audit; empty where
// there is none.
func recordPath(kind, id string) string {
	switch kind {
	case registry.FeedOrganization:
		return securityPath
	case registry.FeedProject:
		return projectsPath + "/" + id
	case registry.FeedApplication:
		return applicationsPath + "/" + id
	case registry.FeedAPI:
		return apisPath + "/" + id
	case registry.FeedRole:
		return rolesPath + "/" + id
	case registry.FeedScope:
		return scopesPath + "/" + id
	case registry.FeedClient:
		return clientsPath + "/" + id
	case registry.FeedAPIToken:
		return tokensPath + "/" + id
	case registry.FeedMember:
		return membersPath + "/" + id
	case registry.FeedKey:
		return signingKeysPath
	}
	return ""
}

// recordKinds are the kinds of record that the audit speaks of, as people call them.
var recordKinds = []option{
	{registry.FeedOrganization, "organization"},
	{registry.FeedProject, "project"},
	{registry.FeedApplication, "application"},
	{registry.FeedAPI, "API"},
	{registry.FeedRole, "role"},
	{registry.FeedScope, "scope"},
	{registry.FeedClient, "client"},
	{registry.FeedAPIToken, "API token"},
	{registry.FeedToken, "access token"},
	{registry.FeedMember, "member"},
	{"session", "session"},
	{registry.FeedKey, "signing key"},
}

// kindName is a kind as people call it.
func kindName(kind string) string {
	for _, known := range recordKinds {
		if known.Value == kind {
			return known.Label
		}
	}
	return kind
}
