package registry

import "strings"

// maxUsersNamed is how many users of each kind a refusal names.
const maxUsersNamed = 5

// inUse is the error for a thing that cannot be deleted, and says who uses it.
func inUse(what string, users []User) error {
	names := make([]string, len(users))
	for i, u := range users {
		names[i] = strings.ReplaceAll(u.Kind, "_", " ") + " " + u.ID + " (" + u.Name + ")"
	}
	return Conflict(CodeConflict, "the %s is in use by %s", what, strings.Join(names, ", "))
}
