package console

import (
	"strconv"

	"keywright/registry"
)

// user is a record that uses another one.
type user struct{ registry.User }

// Path is its page.
func (u user) Path() string { return recordPath(u.Kind, u.ID) }

// KindName is its kind as people call it.
func (u user) KindName() string { return kindName(u.Kind) }

// users are what uses a thing.
type users struct {
	All  []user
	More bool // than are named
}

// Count is how many there are, for people.
func (u users) Count() string {
	n := strconv.Itoa(len(u.All))
	if u.More {
		n += "+"
	}
	return n
}

// usersOf finds what uses each of those APIs, roles, scopes and projects.
func (v *visit) usersOf(ids ...string) (map[string]users, error) {
	found, err := v.Service.Users(v.ctx(), v.Actor, ids...)
	if err != nil {
		return nil, err
	}
	all := map[string]users{}
	for id, list := range found {
		one := users{More: list.More}
		for _, u := range list.Users {
			one.All = append(one.All, user{u})
		}
		all[id] = one
	}
	return all, nil
}
