package jwk

import (
	"encoding/json"
	"fmt"

	strict "github.com/go-jose/go-jose/v4/json"

	"keywright/registry"
)

// maxSetBytes is room for five of the largest keys and what stands beside them.
const maxSetBytes = 16 << 10

// ParseSet reads a key set, and returns each key with its public members alone,
// in the order given, or the rules that are broken: each with a path within
// the set, such as ".keys[1].alg". It is a registry.ServiceConfig.ParseKeys.
func ParseSet(set []byte) ([]registry.PublicKey, []registry.FieldError) {
	if len(set) > maxSetBytes {
		return nil, []registry.FieldError{{Message: fmt.Sprintf("must have at most %d bytes", maxSetBytes)}}
	}
	var given struct {
		Keys []json.RawMessage `json:"keys"`
	}
	// This parser takes names as they are written and none twice.
	if err := strict.Unmarshal(set, &given); err != nil || len(given.Keys) == 0 {
		return nil, []registry.FieldError{{Message: "must be a JSON Web Key Set with at least one key"}}
	}
	var keys []registry.PublicKey
	var broken []registry.FieldError
	for i, raw := range given.Keys {
		at := fmt.Sprintf(".keys[%d]", i)
		key, wrong := parseKey(raw)
		if wrong == nil {
			wrong = unlike(key, keys)
		}
		if wrong != nil {
			broken = append(broken, registry.FieldError{Field: at + wrong.member, Message: wrong.rule})
			continue
		}
		keys = append(keys, key)
	}
	if len(broken) > 0 {
		return nil, broken
	}
	return keys, nil
}

// breach is a rule that a key breaks, and where: ".alg", or nothing for the
// key itself.
type breach struct{ member, rule string }

// unlike refuses a key, or a name, that the set has already.
func unlike(key registry.PublicKey, others []registry.PublicKey) *breach {
	for _, other := range others {
		switch {
		case key.Thumbprint == other.Thumbprint:
			return &breach{"", "is in the set already"}
		case key.KeyID == other.KeyID:
			return &breach{".kid", "names another key of the set already"}
		}
	}
	return nil
}
