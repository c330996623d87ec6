package strictjson

import (
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDecode_AcceptsWhatAllReadersUnderstandAlike(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`null`, ` "a:b" `, `{"a":{"a":1},"b":[{"a":1},{"a":2}]}`, `"\ud83d\ude00"`, `"\\ud83d"`, `"\\\ud83d\ude00\""`, `"\uD83D\uDE00\ud83d\ude00"`,
		`[1,-1,0,-0,0.0,0e5,1e-300,4.9E-324,1.7e308]`, `{"":":,{[","}":"]"}`, strings.Repeat("[", 100) + strings.Repeat("]", 100),
		strings.Repeat("9", 64), `"\u0041\n"`,
	} {
		value, err := Decode([]byte(text))
		require.NoError(t, err, text)
		var want any
		require.NoError(t, json.Unmarshal([]byte(text), &want))
		require.Equal(t, want, value)
	}
}

func TestDecode_SaysWhatItDoesNotTake(t *testing.T) {
	t.Parallel()
	for reason, texts := range map[string][]string{
		"is not valid JSON":                                  {``, `{`, `{} x`, `{}{}`, `01`, `NaN`, `'a'`, `{"a":1,}`, `1e999`, "\"\n\"", "\ufeff{}", `"\x"`},
		"must not have more than 100 levels":                 {strings.Repeat("[", 101) + strings.Repeat("]", 101), strings.Repeat(`{"a":`, 101) + "1" + strings.Repeat("}", 101)},
		"has a number that is too long or too close to zero": {strings.Repeat("9", 65), `[1e-400]`, `-0.1e-99999`, "0." + strings.Repeat("0", 400) + "1"},
		"has half of a surrogate pair":                       {`"\ud83d"`, `"\ude00"`, `"\ud83d\\ude00"`, `"\ud83dx\ude00"`, `"\ud83d\ud83d\ude00"`, `{"\ude00":1}`},
		"has a name twice in one object":                     {`{"a":1,"a":1}`, `{"a":1,"\u0061":2}`, `[{"b":{"a":{},"a":{}}}]`},
	} {
		for _, text := range texts {
			_, err := Decode([]byte(text))
			require.EqualError(t, err, reason, text)
		}
	}
}

// FuzzDecode reads bodies, lines of imports and metadata. What is accepted is understood alike by a reader that keeps every name and
// every digit, and by one that knows nothing but float64.
func FuzzDecode(f *testing.F) {
	for _, text := range []string{
		`{"a":{"a":1},"b":[{"a":1},{"a":2}]}`, `"\ud83d\ude00"`, `"\\ud83d"`, `"\ud83d"`, `{"a":1,"\u0061":2}`, `[1,-0,0e5,1e-300,1e-400,1e999]`, strings.Repeat("9", 65),
		strings.Repeat("[", 101) + strings.Repeat("]", 101), `{"":":,{[","}":"]"}`, `"\ud83d\ud83d\ude00"`, `{"a":1}{`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		value, err := Decode(text)
		if err != nil {
			require.Nil(t, value)
			require.Less(t, len(err.Error()), 80, "it repeats the text")
			return
		}
		decoder := json.NewDecoder(strings.NewReader(string(text)))
		decoder.UseNumber()
		require.LessOrEqual(t, walk(t, decoder), 100)
		_, err = decoder.Token()
		require.ErrorIs(t, err, io.EOF)
		encoded, err := json.Marshal(value)
		require.NoError(t, err)
		again, err := Decode(encoded)
		require.NoError(t, err, "%s", encoded)
		require.Equal(t, value, again)
	})
}

// walk reads one value token by token, fails on a name that is repeated and a number that float64 loses, and returns the depth.
func walk(t *testing.T, decoder *json.Decoder) (depth int) {
	token, err := decoder.Token()
	require.NoError(t, err)
	if number, isNumber := token.(json.Number); isNumber {
		read, err := number.Float64()
		require.NoError(t, err)
		require.True(t, read != 0 || strings.Trim(strings.FieldsFunc(number.String(), func(r rune) bool { return r == 'e' || r == 'E' })[0], "-0.") == "", number)
	}
	opened, isDelimiter := token.(json.Delim)
	if !isDelimiter {
		return 0
	}
	seen := map[string]bool{}
	for decoder.More() {
		if opened == '{' {
			name, err := decoder.Token()
			require.NoError(t, err)
			require.False(t, seen[name.(string)], name)
			seen[name.(string)] = true
		}
		depth = max(depth, walk(t, decoder))
	}
	_, err = decoder.Token()
	require.NoError(t, err)
	return depth + 1
}
