package console

import "slices"

// rotation is how far the change from an old secret to a new one has come. It
// is told from the secrets themselves, so that nothing need be remembered, and
// whoever comes back later, or in place of another, sees the same.
type rotation struct {
	clientPage
	New  secretRow   // the newest, once there are two
	Old  []secretRow // the others that live
	Step string      // what is to be done next
}

// The steps, in their order.
const (
	stepAdd    = "add"
	stepTest   = "test"
	stepWatch  = "watch"
	stepDelete = "delete"
)

var rotationSteps = []string{stepAdd, stepTest, stepWatch, stepDelete}

func clientRotation(v *visit) error {
	page, err := v.client()
	if err != nil {
		return err
	}
	if !page.BySecret() {
		return v.redirect(page.Path + "/credentials")
	}
	return v.show(view{Page: "client_rotation", Title: "Rotate the secret of " + page.Client.Name, Data: rotationOf(page)})
}

func rotationOf(page clientPage) rotation {
	r := rotation{clientPage: page, Step: stepAdd}
	live := page.Live()
	if len(live) < 2 {
		return r
	}
	r.New, r.Old = live[0], live[1:]
	switch {
	case !r.New.Used():
		r.Step = stepTest
	case slices.ContainsFunc(r.Old, secretRow.InUse):
		r.Step = stepWatch
	default:
		r.Step = stepDelete
	}
	return r
}

// Done tells whether a step lies behind.
func (r rotation) Done(step string) bool {
	return slices.Index(rotationSteps, step) < slices.Index(rotationSteps, r.Step)
}
