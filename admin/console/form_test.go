package console

import (
	"errors"
	"net/url"
	"slices"
	"testing"
	"time"

	"keywright/internal/web"
	"keywright/registry"
)

func TestFormKeepsWhatIsWrong(t *testing.T) {
	t.Parallel()
	f := newForm("name", "x")
	err := f.try(func() error {
		return &registry.Error{Kind: registry.KindInvalid, Code: registry.CodeInvalidInput, Fields: []registry.FieldError{
			{Field: "name", Message: "is required"}, {Field: "ipWhitelist[2]", Message: "is no address"}, {Field: "endpoints[0].path", Message: "is taken"},
		}}
	})
	if err == nil || !f.Rejected() {
		t.Fatalf("got %v, rejected %v", err, f.Rejected())
	}
	want := []wrong{{"name", "Is required."}, {"ipWhitelist", "Entry 3 is no address."}, {"endpoints", "Entry 1 is taken."}}
	if got := f.Wrong(); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := f.WrongWith("ipWhitelist"); len(got) != 1 {
		t.Errorf("got %q", got)
	}
}

func TestFormRejectsWhatItCanShow(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		err  error
		want bool
	}{
		"conflict":    {registry.Conflict(registry.CodeConflict, "taken"), true},
		"forbidden":   {registry.Forbidden(registry.CodeForbidden, "no"), false},
		"not found":   {registry.NotFound("client"), false},
		"unavailable": {registry.Unavailable(errors.New("secret text")), false},
		"none":        {nil, false},
	} {
		f := newForm()
		if err := f.try(func() error { return tc.err }); !errors.Is(err, tc.err) || f.Rejected() != tc.want {
			t.Errorf("%s: got %v, rejected %v", name, err, f.Rejected())
		}
	}
}

func TestFormDoesNotSubmitWhatItCannotRead(t *testing.T) {
	t.Parallel()
	f := newForm("lifetime", "soon", "day", "tomorrow", "expires", "2027-01-31")
	if got, want := f.Day("expires"), time.Date(2027, 1, 31, 23, 59, 59, 0, time.UTC); !got.Equal(want) {
		t.Errorf("got %s, want %s", got, want)
	}
	f.Number("lifetime")
	f.Day("day")
	err := f.try(func() error { t.Error("it was submitted"); return nil })
	if err == nil || len(f.WrongWith("lifetime")) != 1 || len(f.WrongWith("day")) != 1 {
		t.Errorf("got %v, %v", err, f.Wrong())
	}
}

// TestFormSaysHowLongToWait rounds up, as the header does.
func TestFormSaysHowLongToWait(t *testing.T) {
	t.Parallel()
	for after, want := range map[time.Duration]string{
		0: "1 second", 14*time.Second + 1: "15 seconds", time.Minute: "1 minute", 75 * time.Second: "75 seconds",
	} {
		f := newForm()
		_ = f.try(func() error { return &web.SlowDownError{After: after} })
		if got := f.Wrong(); len(got) != 1 || got[0].Message != "Too many attempts. Try again in "+want+"." {
			t.Errorf("%s: got %v", after, got)
		}
	}
}

func TestListAddresses(t *testing.T) {
	t.Parallel()
	l := &list{form: &form{values: url.Values{"q": {"a&b"}, "sort": {"name"}, "cursor": {"c1"}, "evil": {"x"}}}, path: "/console/clients", filters: []string{"q"}, Next: "c2"}
	for got, want := range map[string]string{
		l.FirstURL():           "/console/clients?q=a%26b&sort=name",
		l.NextURL():            "/console/clients?cursor=c2&q=a%26b&sort=name",
		l.SortURL("name"):      "/console/clients?q=a%26b&sort=-name",
		l.SortURL("expiresAt"): "/console/clients?q=a%26b&sort=expiresAt",
		l.Sorted("name"):       "ascending",
		l.Sorted("expiresAt"):  "none",
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if !l.Filtered() {
		t.Error("it is narrowed by q")
	}
}

func TestWellFormed(t *testing.T) {
	t.Parallel()
	for _, bad := range []url.Values{{"a": {"x\x00"}}, {"a": {"\xff"}}, {"\xff": {"x"}}} {
		if err := wellFormed(bad); registry.KindOf(err) != registry.KindInvalid {
			t.Errorf("%q: got %v", bad, err)
		}
	}
}
