package admin

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"keywright/internal/signin"
	"keywright/registry"
)

// selfProtection is what lies under /v1/me of a person: password and one-time
// codes. It needs a console session.
type selfProtection struct {
	service *registry.Service
	keeper  *signin.Keeper
}

func (h selfProtection) mount(api huma.API) {
	const codes = "/v1/me/one-time-code"
	huma.Register(api, operation("change-password", http.MethodPost, "/v1/me/password", tagSelf, "Change one's password and end one's other sessions"), h.password)
	huma.Register(api, operation("enrol-one-time-code", http.MethodPost, codes, tagSelf, "Make a secret for one-time codes; confirm puts them in force"), h.enrol)
	huma.Register(api, operation("confirm-one-time-code", http.MethodPost, codes+"/confirm", tagSelf, "Put one-time codes in force with the first one"), h.confirm)
	huma.Register(api, operation("disable-one-time-code", http.MethodPost, codes+"/disable", tagSelf, "Sign in without one-time codes again"), h.disable)
}

// tried runs fn, which checks a password or code of the caller, as one guess.
func (h selfProtection) tried(ctx context.Context, fn func(registry.Actor) error) error {
	actor := actorOf(ctx)
	return h.keeper.Tried(ctx, actor.ID, func() error { return fn(actor) })
}

type changePasswordRequest struct {
	Body struct {
		Current string `json:"current,omitempty" doc:"Required."`
		New     string `json:"new,omitempty" doc:"12 to 200 characters; required."`
	}
}

func (h selfProtection) password(ctx context.Context, req *changePasswordRequest) (*struct{}, error) {
	return nil, h.tried(ctx, func(actor registry.Actor) error {
		return h.service.ChangePassword(ctx, actor, req.Body.Current, req.Body.New)
	})
}

type passwordRequest struct {
	Body struct {
		Password string `json:"password,omitempty" doc:"One's own, once more; required."`
	}
}

type enrolAnswer struct {
	Body struct {
		Secret string `json:"oneTimeSecret" doc:"Base32, to type into an app. Shown once."`
		URI    string `json:"oneTimeUri" doc:"otpauth URI, for a QR code. Shown once."`
	}
}

func (h selfProtection) enrol(ctx context.Context, req *passwordRequest) (*enrolAnswer, error) {
	var answer enrolAnswer
	err := h.tried(ctx, func(actor registry.Actor) error {
		made, err := h.service.EnrolOneTimeCode(ctx, actor, req.Body.Password)
		answer.Body.Secret, answer.Body.URI = made.Secret.Reveal(), made.URI.Reveal()
		return err
	})
	if err != nil {
		return nil, err
	}
	return &answer, nil
}

type confirmRequest struct {
	Body struct {
		Code string `json:"code,omitempty" doc:"Six digits; required."`
	}
}

func (h selfProtection) confirm(ctx context.Context, req *confirmRequest) (*struct{}, error) {
	return nil, h.tried(ctx, func(actor registry.Actor) error {
		return h.service.ConfirmOneTimeCode(ctx, actor, req.Body.Code)
	})
}

func (h selfProtection) disable(ctx context.Context, req *passwordRequest) (*struct{}, error) {
	return nil, h.tried(ctx, func(actor registry.Actor) error {
		return h.service.DisableOneTimeCode(ctx, actor, req.Body.Password)
	})
}
