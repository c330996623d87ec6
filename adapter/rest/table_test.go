package rest

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/rest/api"
	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/usecase"
)

// codes reads every constant of type Code from the source of package domain, so that a new one can't be forgotten here.
func codes(t *testing.T) []domain.Code {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join("..", "..", "domain", "error.go"), nil, 0)
	require.NoError(t, err)
	var found []domain.Code
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		name, ok := spec.Type.(*ast.Ident)
		require.True(t, ok && name.Name == "Code", "%s is a Code by its own line", spec.Names[0].Name)
		for _, value := range spec.Values {
			text, err := strconv.Unquote(value.(*ast.BasicLit).Value)
			require.NoError(t, err)
			found = append(found, domain.Code(text))
		}
		return true
	})
	require.Greater(t, len(found), 40)
	slices.Sort(found)
	return found
}

func TestErrorTable_HasARowForEveryCode(t *testing.T) {
	t.Parallel()
	for _, code := range codes(t) {
		row, found := answerTo(code)
		require.True(t, found, "%s has no row", code)
		require.GreaterOrEqual(t, row.status, 400, code)
		require.NotEmpty(t, row.message, code)
	}
	_, found := answerTo("no-such-code")
	require.False(t, found)
}

func TestErrorTable_IsTheContracts(t *testing.T) {
	t.Parallel()
	doc, err := api.Load()
	require.NoError(t, err)
	var listed []domain.Code
	for _, code := range doc.Components.Schemas["ErrorResponse"].Value.Properties["error"].Value.Enum {
		listed = append(listed, domain.Code(code.(string)))
	}
	slices.Sort(listed)
	require.Equal(t, codes(t), listed)

	mentioned := regexp.MustCompile("`([A-Za-z-]+)`\\s\\(([0-9]{3})\\)")
	for path, item := range doc.Paths.Map() {
		for _, o := range item.Operations() {
			for _, m := range mentioned.FindAllStringSubmatch(o.Description, -1) {
				row, _ := answerTo(domain.Code(m[1]))
				require.Equal(t, m[2], strconv.Itoa(row.status), "%s says so of %s", path, m[1])
			}
		}
	}
}

// concealable are the codes that AUTH_CONCEAL_ERRORS hides: all of them tell something about an account.
func concealable() []domain.Code {
	return []domain.Code{
		domain.DisabledUser, domain.EmailAlreadyInUse, domain.EmailAlreadyVerified, domain.ForbiddenAnonymous, domain.InvalidEmailPassword,
		domain.RoleNotAllowed, domain.SignupDisabled, domain.UnverifiedUser, domain.InvalidPAT, domain.InvalidTicket, domain.DisabledMFATOTP,
		domain.NoTOTPSecret, domain.InvalidTOTP, domain.InvalidOTP,
	}
}

func TestErrorTable_ConcealsExactlyWhatTellsOfAccounts(t *testing.T) {
	t.Parallel()
	for _, code := range codes(t) {
		plain, hidden := answerOf(t, false, code), answerOf(t, true, code)
		require.Equal(t, string(code), string(plain.Error))
		if slices.Contains(concealable(), code) {
			require.Equal(t, api.ErrorResponse{Status: 400, Error: "invalid-request", Message: "The request payload is incorrect"}, hidden)
			continue
		}
		require.Equal(t, plain, hidden)
	}
	require.Equal(t, http.StatusUnauthorized, answerOf(t, true, domain.InvalidRefreshToken).Status, "clients drop a dead session on 401 only")
}

func TestErrorTable_AFieldIsConcealedTogetherWithItsCode(t *testing.T) {
	t.Parallel()
	failure := &domain.FieldError{Code: domain.EmailAlreadyInUse, Field: "email", Reason: "belongs to somebody"}
	require.Equal(t, "email belongs to somebody", answerOf(t, false, failure).Message)
	require.Equal(t, api.ErrorResponse{Status: 400, Error: "invalid-request", Message: "The request payload is incorrect"}, answerOf(t, true, failure))
}

func TestErrorTable_FindsTheCodeBesideACause(t *testing.T) {
	t.Parallel()
	cause := errors.New("hidden cause")
	for _, err := range []error{
		fmt.Errorf("%w: %w", domain.InvalidTicket, cause), fmt.Errorf("outer: %w", fmt.Errorf("%w: %w", domain.InvalidTicket, cause)),
		errors.Join(cause, domain.InvalidTicket),
	} {
		require.Equal(t, api.ErrorResponse{Status: 401, Error: "invalid-ticket", Message: "Invalid ticket"}, answerOf(t, false, err))
	}
	require.Equal(t, 500, answerOf(t, false, cause).Status)
}

func TestErrorTable_ARedirectedErrorIsARedirectWhateverItsStatus(t *testing.T) {
	t.Parallel()
	for _, code := range codes(t) {
		for conceal, want := range map[bool]api.ErrorResponse{false: answerOf(t, false, code), true: answerOf(t, true, code)} {
			recorder := httptest.NewRecorder()
			c := echo.New().NewContext(httptest.NewRequest(http.MethodGet, "/", nil), recorder)
			w := errorWriter{conceal: conceal, log: slog.New(slog.NewTextHandler(io.Discard, nil))}
			w.handle(fmt.Errorf("outer: %w", &usecase.RedirectedError{Target: "https://app.example.com/x?a=1", Err: fmt.Errorf("%w: hidden cause", code)}), c)
			require.Equal(t, http.StatusFound, recorder.Code)
			require.Empty(t, recorder.Body.String())
			require.Equal(t, "https://app.example.com/x?a=1&error="+string(want.Error)+"&errorDescription="+url.QueryEscape(want.Message), recorder.Header().Get("Location"))
		}
	}
}

// answerOf returns what err is answered with, without the request's id.
func answerOf(t *testing.T, conceal bool, err error) api.ErrorResponse {
	t.Helper()
	recorder := httptest.NewRecorder()
	c := echo.New().NewContext(httptest.NewRequest(http.MethodPost, "/", nil), recorder)
	w := errorWriter{conceal: conceal, log: slog.New(slog.NewTextHandler(io.Discard, nil))}
	body := w.body(err, c)
	w.handle(err, c)
	require.Equal(t, body.Status, recorder.Code)
	return body
}

func TestPrintable_BoundsWhatAnErrorRepeatsOfAName(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"plain": "plain", "a\r\n\x1b[31mb\u202e": "a[31mb", strings.Repeat("x", 64): strings.Repeat("x", 64),
		strings.Repeat("x", 65): strings.Repeat("x", 64) + "…", strings.Repeat("é", 40): strings.Repeat("é", 32) + "…", strings.Repeat("日", 30): strings.Repeat("日", 21) + "…",
	} {
		require.Equal(t, want, printable(name))
	}
}
