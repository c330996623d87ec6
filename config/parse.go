package config

import (
	"crypto/ecdsa"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
)

// parse fills cfg. The parser's own error texts repeat values, so they are replaced by ours.
func (l *loader) parse() {
	l.parseInto(&l.cfg, "")
	providers := reflect.ValueOf(&l.cfg.Providers).Elem()
	for i := range providers.NumField() {
		l.parseInto(providers.Field(i).Addr().Interface(), providers.Type().Field(i).Tag.Get("envPrefix"))
	}
}

// parseInto fills one struct from the variables whose names begin with prefix.
func (l *loader) parseInto(target any, prefix string) {
	err := env.ParseWithOptions(target, env.Options{
		Environment: l.values,
		Prefix:      prefix,
		FuncMap: map[reflect.Type]env.ParserFunc{
			reflect.TypeFor[time.Duration]():        func(s string) (any, error) { return parseDuration(s) },
			reflect.TypeFor[[]string]():             func(s string) (any, error) { return splitList(s), nil },
			reflect.TypeFor[[]byte]():               func(s string) (any, error) { return parseHexKey(s) },
			reflect.TypeFor[JWTSecret]():            func(s string) (any, error) { return parseJWTSecret(s) },
			reflect.TypeFor[Webhooks]():             func(s string) (any, error) { return parseWebhooks(s) },
			reflect.TypeFor[OIDCProviders]():        func(s string) (any, error) { return parseOIDCProviders(s) },
			reflect.TypeFor[ecdsa.PrivateKey]():     func(s string) (any, error) { return parseAppleKey(s) },
			reflect.TypeFor[map[string]string]():    func(s string) (any, error) { return parseObject(s) },
			reflect.TypeFor[CustomClaims]():         func(s string) (any, error) { return parseClaims(s) },
			reflect.TypeFor[HookSecret]():           func(s string) (any, error) { return parseHookSecret(s) },
			reflect.TypeFor[CustomClaimsDefaults](): func(s string) (any, error) { return parseClaimsDefaults(s) },
		},
	})
	var all env.AggregateError
	if !errors.As(err, &all) {
		return
	}
	for _, err := range all.Errors {
		var failed env.ParseError
		if errors.As(err, &failed) {
			l.parseProblem(failed, prefix)
		}
	}
}

func (l *loader) parseProblem(failed env.ParseError, prefix string) {
	i := slices.IndexFunc(l.fields, func(f field) bool { return f.Name == failed.Name && f.prefix == prefix })
	f := l.fields[i]
	if own, ok := errors.AsType[mistakes](failed.Err); ok {
		for _, message := range own {
			l.problem(f.name, message)
		}
		return
	}
	switch f.typeName() {
	case "boolean":
		l.problem(f.name, "must be true or false"+l.got(f))
	case "duration":
		l.problem(f.name, "must be a whole number of seconds or a duration such as 90s, 15m or 720h"+l.got(f))
	case "number":
		l.problem(f.name, "must be a number "+f.limits()+l.got(f))
	default:
		l.problem(f.name, "must be a whole number "+f.limits()+l.got(f))
	}
}

// got repeats the value that was given, unless it could be a secret.
func (l *loader) got(f field) string {
	if f.secret() {
		return ""
	}
	const most = 40
	value := l.values[f.name]
	if len(value) > most {
		value = value[:most] + "…"
	}
	return fmt.Sprintf(" (got %q)", value)
}

// checkLimits applies the tags enum, min and max.
func (l *loader) checkLimits() {
	for _, f := range l.fields {
		if l.hasProblem(f.name) {
			continue
		}
		switch value := reflect.ValueOf(l.cfg).FieldByIndex(f.Index).Interface().(type) {
		case string:
			if enum := f.enum(); enum != nil && !slices.Contains(enum, value) {
				l.problem(f.name, "must be one of "+strings.Join(enum, ", ")+l.got(f))
			}
		case int:
			l.checkInteger(f, int64(value))
		case int64:
			l.checkInteger(f, value)
		case float64:
			l.checkNumber(f, value)
		case time.Duration:
			l.checkDuration(f, value)
		}
	}
}

func (l *loader) checkInteger(f field, value int64) {
	low, lowErr := strconv.ParseInt(f.Tag.Get("min"), 10, 64)
	high, highErr := strconv.ParseInt(f.Tag.Get("max"), 10, 64)
	if (lowErr == nil && value < low) || (highErr == nil && value > high) {
		l.problem(f.name, "must be a whole number "+f.limits()+l.got(f))
	}
}

func (l *loader) checkNumber(f field, value float64) {
	low, lowErr := strconv.ParseFloat(f.Tag.Get("min"), 64)
	high, highErr := strconv.ParseFloat(f.Tag.Get("max"), 64)
	if inside := lowErr == nil && highErr == nil && value >= low && value <= high; !inside { // NaN is nowhere
		l.problem(f.name, "must be a number "+f.limits()+l.got(f))
	}
}

func (l *loader) checkDuration(f field, value time.Duration) {
	low, lowErr := time.ParseDuration(f.Tag.Get("min"))
	high, highErr := time.ParseDuration(f.Tag.Get("max"))
	switch {
	case (lowErr == nil && value < low) || (highErr == nil && value > high):
		l.problem(f.name, "must be a duration "+f.limits()+l.got(f))
	case f.unit() == "seconds" && value%time.Second != 0:
		l.problem(f.name, "must be whole seconds"+l.got(f))
	}
}

func (f field) limits() string {
	return "from " + f.Tag.Get("min") + " to " + f.Tag.Get("max")
}

// parseDuration reads a bare number as seconds, and everything else as time.ParseDuration does.
func parseDuration(text string) (time.Duration, error) {
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.ParseDuration(text)
	}
	if seconds > math.MaxInt64/int64(time.Second) || seconds < math.MinInt64/int64(time.Second) {
		return 0, strconv.ErrRange
	}
	return time.Duration(seconds) * time.Second, nil
}

func parseHexKey(text string) ([]byte, error) {
	key, err := hex.DecodeString(text)
	if err != nil || (len(key) != 16 && len(key) != 24 && len(key) != 32) {
		return nil, mistakes{"must be 32, 48 or 64 hexadecimal digits (16, 24 or 32 bytes), for example from \"openssl rand -hex 32\""}
	}
	return key, nil
}

func parseObject(text string) (map[string]string, error) {
	var object map[string]string
	if err := json.Unmarshal([]byte(text), &object); err != nil || object == nil {
		return nil, mistakes{"must be a JSON object of strings"}
	}
	return object, nil
}
