package outgoing

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"

	"golang.org/x/oauth2"
)

var errorCode = regexp.MustCompile(`^[a-z_]{1,40}$`)

// Failure says what went wrong with a request, without its address (which can hold a secret) and without the words of the
// answer (which can repeat one), the error code of RFC 6749 §5.2 excepted.
func Failure(err error) error {
	if refused, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		status := 0
		if refused.Response != nil {
			status = refused.Response.StatusCode
		}
		if errorCode.MatchString(refused.ErrorCode) {
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
