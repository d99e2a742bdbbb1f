package storage

import (
	"context"
	"time"

	"keywright/registry"
)

// SessionTokens finds console sessions by their tokens: the store of package
// scs, which hashes tokens before they get here. Its data is the id of a
// session that sign-in has made. A commit gives that session its token and
// makes none, so that a late one cannot bring back a session that was ended.
// When a session ends by time is kept with it and is registry's to say; the
// expiry that scs tells is left aside.
type SessionTokens struct{ db *DB }

// SessionTokens returns the store of session tokens.
func (db *DB) SessionTokens() SessionTokens { return SessionTokens{db} }

// FindCtx returns the id of the session with that token.
func (t SessionTokens) FindCtx(ctx context.Context, token string) ([]byte, bool, error) {
	s := t.db.single(t.db.read)
	var id string
	err := s.get(ctx, "session", s.bun.NewSelect().Table("sessions").Column("id").Where("token = ?", token), &id)
	if err != nil && registry.KindOf(err) == registry.KindNotFound {
		return nil, false, nil
	}
	return []byte(id), err == nil, err
}

// CommitCtx gives the session with that id its token, or fails with NotFound.
func (t SessionTokens) CommitCtx(ctx context.Context, token string, id []byte, _ time.Time) error {
	s := t.db.single(t.db.write)
	return s.execOne(ctx, "session", s.bun.NewUpdate().Table("sessions").Set("token = ?", token).Where("id = ?", string(id)))
}

// DeleteCtx takes the token from its session, which nobody can use then.
func (t SessionTokens) DeleteCtx(ctx context.Context, token string) error {
	s := t.db.single(t.db.write)
	_, err := s.exec(ctx, "session", s.bun.NewUpdate().Table("sessions").Set("token = NULL").Where("token = ?", token))
	return err
}

// Find is FindCtx without a context.
func (t SessionTokens) Find(token string) ([]byte, bool, error) {
	return t.FindCtx(context.Background(), token)
}

// Commit is CommitCtx without a context.
func (t SessionTokens) Commit(token string, id []byte, expiry time.Time) error {
	return t.CommitCtx(context.Background(), token, id, expiry)
}

// Delete is DeleteCtx without a context.
func (t SessionTokens) Delete(token string) error { return t.DeleteCtx(context.Background(), token) }
