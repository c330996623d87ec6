package oauth

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/hexauth/hexauth/adapter/outgoing"
)

const defaultTimeout = 10 * time.Second

// getJSON asks for a document and decodes it. Errors repeat neither the address nor anything of the answer.
func getJSON(client *http.Client, request *http.Request, into any) error {
	answer, err := client.Do(request)
	if err != nil {
		return outgoing.Failure(err)
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d", answer.StatusCode)
	}
	if err := json.NewDecoder(answer.Body).Decode(into); err != nil {
		return errors.New("the answer is not the JSON document that was expected")
	}
	return nil
}
