package oauth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"time"

	"golang.org/x/oauth2"
)

const defaultTimeout = 10 * time.Second

// getJSON asks for a document and decodes it. Errors repeat neither the address nor anything of the answer.
func getJSON(client *http.Client, request *http.Request, into any) error {
	answer, err := client.Do(request)
	if err != nil {
		return failure(err)
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

// failure says what went wrong with a request, without its address (which can hold a secret) and without the words of the
// answer (which can repeat one), the error code of RFC 6749 §5.2 excepted.
func failure(err error) error {
	if refused, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		status := 0
		if refused.Response != nil {
			status = refused.Response.StatusCode
		}
		if regexp.MustCompile(`^[a-z_]{1,40}$`).MatchString(refused.ErrorCode) {
			return fmt.Errorf("status %d: %s", status, refused.ErrorCode)
		}
		return fmt.Errorf("status %d", status)
	}
	if failed, ok := errors.AsType[*url.Error](err); ok {
		return failed.Err
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return errors.New("the answer holds no token")
}
