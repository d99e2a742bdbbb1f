package console

import (
	"encoding/base64"
	"html/template"

	"keywright/internal/onetime"
	"keywright/registry"
)

const oneTimePath = securityPath + "/one-time-code"

func oneTimeCodePages(r router) {
	r.getFresh(oneTimePath, oneTimeForm)
	r.postFresh(oneTimePath, oneTimeEnrol)
	r.getFresh(oneTimePath+"/confirm", oneTimeForm)
	r.postFresh(oneTimePath+"/confirm", oneTimeConfirm)
	r.getFresh(oneTimePath+"/disable", oneTimeForm)
	r.postFresh(oneTimePath+"/disable", oneTimeDisable)
}

// oneTimeData is whether codes are in force, or the one showing of the secret
// for them.
type oneTimeData struct {
	InForce  bool
	Enrolled bool // the first code is asked for
	Secret   string
	Image    template.URL // the secret as a QR code
}

func oneTimeForm(v *visit) error { return v.showOneTime(nil) }

func (v *visit) showOneTime(f *form) error {
	m, err := v.Service.Member(v.ctx(), v.Actor, v.Actor.ID)
	if err != nil {
		return err
	}
	return v.show(view{Page: "one_time_code", Title: "One-time codes", Form: f, Data: oneTimeData{InForce: m.OneTime.InForce()}})
}

func oneTimeEnrol(v *visit, f *form) error {
	var made registry.Enrolment
	err := v.tryOwn(f, func() (err error) {
		made, err = v.Service.EnrolOneTimeCode(v.ctx(), v.Actor, f.Raw("password"))
		return err
	})
	switch {
	case f.Rejected():
		return v.showOneTime(f)
	case err != nil:
		return err
	}
	image, err := onetime.QR(made.URI.Reveal())
	if err != nil {
		return err
	}
	return v.show(view{Page: "one_time_code", Title: "One-time codes", Data: oneTimeData{
		Enrolled: true, Secret: made.Secret.Reveal(),
		Image: template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(image)), //nolint:gosec // an image of our own
	}})
}

func oneTimeConfirm(v *visit, f *form) error {
	err := v.tryOwn(f, func() error { return v.Service.ConfirmOneTimeCode(v.ctx(), v.Actor, f.Text("code")) })
	switch {
	case f.Rejected(): // the secret is not shown again: the app has it by now, or one begins anew
		return v.show(view{Page: "one_time_code", Title: "One-time codes", Form: f, Data: oneTimeData{Enrolled: true}})
	case err != nil:
		return err
	}
	return v.done(securityPath, "One-time codes are in force: the next sign-in asks for one.")
}

func oneTimeDisable(v *visit, f *form) error {
	err := v.tryOwn(f, func() error { return v.Service.DisableOneTimeCode(v.ctx(), v.Actor, f.Raw("password")) })
	switch {
	case f.Rejected():
		return v.showOneTime(f)
	case err != nil:
		return err
	}
	return v.done(securityPath, "One-time codes are off.")
}
