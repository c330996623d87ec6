package rest

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDecodeJSON_AcceptsWhatAllReadersUnderstandAlike(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`null`, ` "a:b" `, `{"a":{"a":1},"b":[{"a":1},{"a":2}]}`, `"\ud83d\ude00"`, `"\\ud83d"`, `"\\\ud83d\ude00\""`, `"\uD83D\uDE00\ud83d\ude00"`,
		`[1,-1,0,-0,0.0,0e5,1e-300,4.9E-324,1.7e308]`, `{"":":,{[","}":"]"}`, strings.Repeat("[", 100) + strings.Repeat("]", 100),
		strings.Repeat("9", 64), `"\u0041\n"`,
	} {
		value, err := decodeJSON([]byte(text))
		require.NoError(t, err, text)
		var want any
		require.NoError(t, json.Unmarshal([]byte(text), &want))
		require.Equal(t, want, value)
	}
}

func TestDecodeJSON_SaysWhatItDoesNotTake(t *testing.T) {
	t.Parallel()
	for reason, texts := range map[string][]string{
		"is not valid JSON":                                  {``, `{`, `{} x`, `{}{}`, `01`, `NaN`, `'a'`, `{"a":1,}`, `1e999`, "\"\n\"", "\ufeff{}", `"\x"`},
		"must not have more than 100 levels":                 {strings.Repeat("[", 101) + strings.Repeat("]", 101), strings.Repeat(`{"a":`, 101) + "1" + strings.Repeat("}", 101)},
		"has a number that is too long or too close to zero": {strings.Repeat("9", 65), `[1e-400]`, `-0.1e-99999`, "0." + strings.Repeat("0", 400) + "1"},
		"has half of a surrogate pair":                       {`"\ud83d"`, `"\ude00"`, `"\ud83d\\ude00"`, `"\ud83dx\ude00"`, `"\ud83d\ud83d\ude00"`, `{"\ude00":1}`},
		"has a name twice in one object":                     {`{"a":1,"a":1}`, `{"a":1,"\u0061":2}`, `[{"b":{"a":{},"a":{}}}]`},
	} {
		for _, text := range texts {
			_, err := decodeJSON([]byte(text))
			require.EqualError(t, err, "request-validation-error: body: "+reason, text)
		}
	}
}
