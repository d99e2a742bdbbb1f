package console

import "keywright/registry"

const signingKeysPath = root + "/signing-keys"

func signingKeyPages(r router) {
	r.get(signingKeysPath, signingKeyList)
	r.getFresh(signingKeysPath+"/rotate", signingKeyRotation)
	r.postFresh(signingKeysPath+"/rotate", signingKeyRotate)
}

// signingKey is a key with where it stands now.
type signingKey struct {
	registry.KeyLife
	State registry.KeyState
}

// Badge is the colour of the state: that of a credential's status.
func (k signingKey) Badge() string {
	switch k.State {
	case registry.KeyNext:
		return "pending"
	case registry.KeyActive:
		return "active"
	case registry.KeyRetiring:
		return "expired"
	}
	return "disabled"
}

func signingKeyList(v *visit) error {
	lives, err := v.Service.SigningKeys(v.ctx(), v.Actor)
	if err != nil {
		return err
	}
	keys, now := make([]signingKey, len(lives)), v.Now()
	for i, l := range lives {
		keys[i] = signingKey{l, l.StateAt(now)}
	}
	return v.show(view{Page: "signing_keys", Title: "Signing keys", Data: keys})
}

func signingKeyRotation(v *visit) error { return v.signingKeyRotation(nil) }

func (v *visit) signingKeyRotation(f *form) error {
	if err := v.mustAdminister(); err != nil {
		return err
	}
	return v.showRemoval("Rotate the signing key now?", f, removal{
		Effects: []string{
			"The next key takes over as soon as every verifier can know it, in " + life(registry.KeyLead) + " at the most. Tokens that were issued stay good.",
			"The keys are those of the whole installation, not of this organization alone.",
		},
		Path: signingKeysPath + "/rotate", Back: signingKeysPath, Button: "Rotate now",
	})
}

func signingKeyRotate(v *visit, f *form) error {
	var takesOver registry.KeyLife
	err := f.try(func() (err error) {
		takesOver, err = v.Service.RotateSigningKey(v.ctx(), v.Actor)
		return err
	})
	switch {
	case f.Rejected():
		return v.signingKeyRotation(f)
	case err != nil:
		return err
	}
	return v.done(signingKeysPath, "The key "+hint(takesOver.ID)+" signs from "+takesOver.ActiveFrom.UTC().Format("15:04:05 UTC")+" on.")
}
