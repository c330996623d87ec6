package jwt

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/hexauth/hexauth/domain"
)

// customClaims returns the app's claims as members that follow others in a JSON object, sorted by name; nothing when there are none.
// All values are strings, because Hasura's session variables are.
func customClaims(claims domain.CustomClaims) ([]byte, error) {
	if len(claims) == 0 {
		return nil, nil
	}
	texts := make(map[string]string, len(claims))
	for name, value := range claims {
		text, err := claimText(value)
		if err != nil {
			return nil, err
		}
		texts[name] = text
	}
	encoded, err := json.Marshal(texts)
	if err != nil {
		return nil, err
	}
	encoded[0] = ','
	return encoded[:len(encoded)-1], nil
}

// claimText writes a value as the text of a session variable: a string as it is, a list as an array literal of PostgreSQL, and
// everything else as JSON.
func claimText(value any) (string, error) {
	switch value := value.(type) {
	case string:
		return value, nil
	case []any:
		return arrayLiteral(value)
	}
	return jsonText(value)
}

// arrayLiteral writes a list as PostgreSQL reads arrays (PostgreSQL documentation, 8.15.2): {"a","b"}, {1,2}, {null}. Lists and objects
// in it are written as JSON; no array of PostgreSQL is like that.
func arrayLiteral(list []any) (string, error) {
	var text strings.Builder
	text.WriteByte('{')
	for i, element := range list {
		if i > 0 {
			text.WriteByte(',')
		}
		if s, isText := element.(string); isText {
			text.WriteString(`"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`)
			continue
		}
		encoded, err := jsonText(element)
		if err != nil {
			return "", err
		}
		text.WriteString(encoded)
	}
	text.WriteByte('}')
	return text.String(), nil
}

// jsonText leaves < > & as they are: they mean nothing special in a token.
func jsonText(value any) (string, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(value)
	return strings.TrimSuffix(text.String(), "\n"), err
}
