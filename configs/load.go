package configs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/knadh/koanf/parsers/yaml"
	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/providers/posflag"
	"github.com/knadh/koanf/v2"
	"github.com/spf13/pflag"
)

// Source says where the settings come from.
type Source struct {
	// Environ is the environment, as os.Environ returns it.
	Environ []string
	// Flags were filled by AddFlags and parsed. Only those that were given count.
	Flags *pflag.FlagSet
	// Presets replace defaults, by key.
	Presets map[string]string
}

// Load merges file, environment and flags, in this order, over the defaults.
// Every value is parsed; whether the whole is fit for a purpose is for the
// Check methods. An unknown key or variable is an error, as is anything that
// cannot be parsed: an *Error of one line that names it.
func Load(src Source) (Config, error) {
	merged := koanf.New(".")
	for _, s := range settings {
		if err := merged.Set(s.key, s.preset); err != nil {
			return Config{}, fmt.Errorf("set the default of %s: %w", s.key, err)
		}
	}
	for key, text := range src.Presets {
		if err := merged.Set(key, text); err != nil {
			return Config{}, fmt.Errorf("set the preset of %s: %w", key, err)
		}
	}
	for _, read := range []func(Source) (*koanf.Koanf, error){fileLayer, environmentLayer, flagLayer} {
		layer, err := read(src)
		if err != nil {
			return Config{}, err
		}
		dropEmpty(layer)
		if err := resolveFiles(layer); err != nil {
			return Config{}, err
		}
		if err := merged.Merge(layer); err != nil {
			return Config{}, fmt.Errorf("merge the settings: %w", err)
		}
	}
	var c Config
	for _, s := range settings {
		text := textOf(merged.Get(s.key))
		if text == "" {
			continue
		}
		if rule := s.set(&c, text); rule != "" {
			return Config{}, wrong(s.key, rule)
		}
	}
	return c, nil
}

func fileLayer(src Source) (*koanf.Koanf, error) {
	layer := koanf.New(".")
	path := ""
	if f := src.Flags.Lookup(ConfigFlag); f != nil {
		path = f.Value.String()
	}
	if path == "" {
		return layer, nil
	}
	if err := layer.Load(file.Provider(path), yaml.Parser()); err != nil {
		return nil, &Error{"--" + ConfigFlag, fmt.Sprintf("%s: %s", path, fileProblem(err))}
	}
	for _, key := range layer.Keys() {
		if !known(key) {
			return nil, &Error{key, fmt.Sprintf("is no setting (in %s)", path)}
		}
	}
	return layer, nil
}

// quoted is how the YAML parser quotes values, which may be secrets.
var quoted = regexp.MustCompile("`[^`]*`")

func fileProblem(err error) string {
	if pathErr, ok := errors.AsType[*fs.PathError](err); ok {
		return pathErr.Err.Error()
	}
	text := quoted.ReplaceAllString(err.Error(), "a value")
	return strings.Join(strings.Fields(text), " ")
}

func environmentLayer(src Source) (*koanf.Koanf, error) {
	layer := koanf.New(".")
	var unknown []string
	provider := env.Provider(".", env.Opt{
		Prefix:      prefix,
		EnvironFunc: func() []string { return src.Environ },
		TransformFunc: func(name, value string) (string, any) {
			key := strings.ToLower(strings.TrimPrefix(name, prefix))
			switch {
			case known(key) && name == variable(key):
				return key, value
			case !serviceLink.MatchString(name):
				unknown = append(unknown, name)
			}
			return "", nil
		},
	})
	if err := layer.Load(provider, nil); err != nil {
		return nil, fmt.Errorf("read the environment: %w", err)
	}
	if len(unknown) > 0 {
		return nil, &Error{slices.Min(unknown), "is no setting (in the environment)"}
	}
	return layer, nil
}

// serviceLink matches the variables that Kubernetes puts into every container
// for a service that is named keywright or keywright-something.
var serviceLink = regexp.MustCompile(`^KEYWRIGHT_([A-Z0-9_]+_)?(SERVICE_(HOST|PORT(_[A-Z0-9_]+)?)|PORT(_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)$`)

func flagLayer(src Source) (*koanf.Koanf, error) {
	layer := koanf.New(".")
	provider := posflag.ProviderWithFlag(src.Flags, ".", nil, func(f *pflag.Flag) (string, any) {
		key := strings.ReplaceAll(f.Name, "-", "_")
		if !f.Changed || !known(key) {
			return "", nil
		}
		return key, f.Value.String()
	})
	if err := layer.Load(provider, nil); err != nil {
		return nil, fmt.Errorf("read the flags: %w", err)
	}
	return layer, nil
}

// dropEmpty makes what is set to nothing not set, as in variables that a
// container file hands through.
func dropEmpty(layer *koanf.Koanf) {
	for _, key := range layer.Keys() {
		if textOf(layer.Get(key)) == "" {
			layer.Delete(key)
		}
	}
}

// resolveFiles replaces every …_file of one layer by what the file holds, so
// that a twin overrides and is overridden like the setting itself.
func resolveFiles(layer *koanf.Koanf) error {
	for _, s := range settings {
		twin := s.key + fileSuffix
		path := textOf(layer.Get(twin))
		if !s.secret || path == "" {
			continue
		}
		if textOf(layer.Get(s.key)) != "" {
			return wrong(twin, "and "+variable(s.key)+" are both set: set one")
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return wrong(twin, fmt.Sprintf("%s: %s", path, fileProblem(err)))
		}
		text := strings.TrimSpace(string(content))
		if text == "" {
			return wrong(twin, path+": is empty")
		}
		layer.Delete(twin)
		if err := layer.Set(s.key, text); err != nil {
			return fmt.Errorf("set %s: %w", s.key, err)
		}
	}
	return nil
}

// textOf is a value as one would write it in a variable: lists with commas.
func textOf(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case []any:
		texts := make([]string, len(v))
		for i, entry := range v {
			texts[i] = fmt.Sprint(entry)
		}
		return strings.Join(texts, ",")
	}
	return strings.TrimSpace(fmt.Sprint(value))
}
