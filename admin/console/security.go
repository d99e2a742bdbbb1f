package console

import (
	"strconv"
	"time"

	"keywright/registry"
)

const (
	securityPath = root + "/security"
	passwordPath = securityPath + "/password"
	policyPath   = securityPath + "/policy"
)

func securityPages(r router) {
	r.get(securityPath, securityShow)
	r.getFresh(passwordPath, passwordForm)
	r.postFresh(passwordPath, passwordChange)
	r.getFresh(policyPath, policyForm)
	r.postFresh(policyPath, policyChange)
}

// securityData is how the visitor signs in, and the policy.
type securityData struct {
	Member registry.Member
	Policy []policyLine
}

// policyLine is one limit of the organization.
type policyLine struct{ Label, Value string }

func securityShow(v *visit) error {
	m, err := v.Service.Member(v.ctx(), v.Actor, v.Actor.ID)
	if err != nil {
		return err
	}
	o := v.Me.Organization
	return v.show(view{Page: "security", Title: "Security", Data: securityData{m, []policyLine{
		{"Longest life of a credential", lifeOr(o.MaxCredentialLifetime, "no limit")},
		{"Longest life of an access token", lifeOr(o.MaxTokenTTL, life(registry.MaxTokenTTL))},
		{"Rotation is due after", lifeOr(o.RotationAge, "")},
	}}})
}

// lifeOr is a length of time for people, or what none means.
func lifeOr(d time.Duration, none string) string {
	if d == 0 {
		return none
	}
	return life(d)
}

// life is a length of time in the greatest unit in which it is whole.
func life(d time.Duration) string {
	const day = 24 * time.Hour
	for _, unit := range []struct {
		length    time.Duration
		one, many string
	}{{day, "day", "days"}, {time.Hour, "hour", "hours"}, {time.Minute, "minute", "minutes"}, {time.Second, "second", "seconds"}} {
		if d%unit.length == 0 {
			n := int64(d / unit.length)
			if n == 1 {
				return "1 " + unit.one
			}
			return strconv.FormatInt(n, 10) + " " + unit.many
		}
	}
	return d.String()
}

func passwordForm(v *visit) error {
	return v.show(view{Page: "password", Title: "Change password"})
}

func passwordChange(v *visit, f *form) error {
	err := v.tryOwn(f, func() error { return v.Service.ChangePassword(v.ctx(), v.Actor, f.Raw("current"), f.Raw("new")) })
	switch {
	case f.Rejected():
		return v.show(view{Page: "password", Title: "Change password", Form: f})
	case err != nil:
		return err
	}
	return v.done(securityPath, "The password is changed, and your other sessions have ended.")
}

// tryOwn is try for a change that checks a password or code of the visitor: it
// counts as a guess, and a wrong one is shown in the form.
func (v *visit) tryOwn(f *form, call func() error) error {
	err := f.try(func() error { return v.Sessions.Tried(v.ctx(), v.Actor.ID, call) })
	if err != nil && registry.KindOf(err) == registry.KindForbidden {
		f.reject(err)
	}
	return err
}

// Choices of the policy, in seconds; 0 is none of the organization's own.
var (
	credentialLives = []time.Duration{30 * 24 * time.Hour, 90 * 24 * time.Hour, 180 * 24 * time.Hour, 365 * 24 * time.Hour, 730 * 24 * time.Hour}
	tokenLives      = []time.Duration{5 * time.Minute, 15 * time.Minute, time.Hour, 8 * time.Hour, 24 * time.Hour}
	rotationAges    = []time.Duration{30 * 24 * time.Hour, 60 * 24 * time.Hour, 90 * 24 * time.Hour, 180 * 24 * time.Hour, 365 * 24 * time.Hour}
)

// policyData is what the form offers.
type policyData struct{ CredentialLives, TokenLives, RotationAges []option }

// lifeOptions are the choices, and the value in force where it is none of them.
func lifeOptions(choices []time.Duration, inForce time.Duration) []option {
	var all []option
	known := inForce == 0
	for _, d := range choices {
		known = known || d == inForce
		all = append(all, option{secondsText(d), life(d)})
	}
	if !known {
		all = append(all, option{secondsText(inForce), life(inForce)})
	}
	return all
}

func secondsText(d time.Duration) string { return strconv.FormatInt(int64(d.Seconds()), 10) }

func policyForm(v *visit) error {
	o := v.Me.Organization
	f := newForm("name", o.Name, "rotationAgeSeconds", secondsText(o.RotationAge), "revision", strconv.FormatInt(o.Revision, 10))
	if o.MaxCredentialLifetime != 0 {
		f.values.Set("maxCredentialLifetimeSeconds", secondsText(o.MaxCredentialLifetime))
	}
	if o.MaxTokenTTL != 0 {
		f.values.Set("maxTokenTtlSeconds", secondsText(o.MaxTokenTTL))
	}
	return v.showPolicy(f)
}

func (v *visit) showPolicy(f *form) error {
	if err := v.mustAdminister(); err != nil {
		return err
	}
	o := v.Me.Organization
	return v.show(view{Page: "policy", Title: "Policy of the organization", Form: f, Data: policyData{
		lifeOptions(credentialLives, o.MaxCredentialLifetime), lifeOptions(tokenLives, o.MaxTokenTTL), lifeOptions(rotationAges, o.RotationAge),
	}})
}

func policyChange(v *visit, f *form) error {
	name := f.Text("name")
	var limits [3]time.Duration
	for i, field := range []string{"maxCredentialLifetimeSeconds", "maxTokenTtlSeconds", "rotationAgeSeconds"} {
		limits[i] = f.Seconds(field)
	}
	revision := f.Number("revision")
	err := f.try(func() error {
		_, err := v.Service.UpdateOrganization(v.ctx(), v.Actor, registry.OrganizationPatch{
			Name: &name, MaxCredentialLifetime: &limits[0], MaxTokenTTL: &limits[1], RotationAge: &limits[2],
		}, revision)
		return err
	})
	switch {
	case f.Rejected():
		return v.showPolicy(f)
	case err != nil:
		return err
	}
	return v.done(securityPath, "The policy was changed.")
}
