package rest

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/rest/api"
	"github.com/hexauth/hexauth/domain"
)

// decided says of every operation what it counts as, addresses having to be verified.
func decided() map[string]string {
	const (
		nothing, global         = "", "user-global"
		guess                   = "user-global user-bruteforce"
		signUp                  = "user-global user-signups"
		mail                    = "user-global user-email"
		mailedSignIn, mailedNew = "user-global user-email user-bruteforce", "user-global user-email user-signups"
	)
	return map[string]string{
		"healthCheckGet": nothing, "healthCheckHead": nothing, "getReadiness": nothing, "verifyToken": "user-token-verify",

		"getJWKs": global, "getVersion": global, "getContract": global, "getUser": global, "refreshToken": global, "tokenExchange": global,
		"signOut": global, "createPAT": global, "deletePAT": global, "listPATs": global, "listSessions": global, "endSession": global,
		"endOtherSessions": global, "changeUserPassword": global, "changeUserMfa": global, "linkIdToken": global, "listProviders": global,
		"unlinkProvider": global, "refreshProviderToken": global, "addSecurityKey": global,
		"elevateWebauthn": global, "listSecurityKeys": global, "renameSecurityKey": global, "removeSecurityKey": global,

		"adminCreateUser": global, "adminDeleteUser": global, "adminEndSessions": global, "adminExportUser": global, "adminGetUser": global,
		"adminListSessions": global, "adminListUsers": global, "adminSetPassword": global, "adminUpdateUser": global,

		"signInEmailPassword": guess, "signInAnonymous": guess, "signInIdToken": guess, "signInPAT": guess, "signInProvider": guess, "getProviderTokens": guess, "renewProviderTokens": guess,
		"signInProviderCallbackGet": guess, "signInProviderCallbackPost": guess, "signInWebauthn": guess, "verifySignInWebauthn": guess,
		"verifySignInMfaTotp": guess, "verifySignInOTPEmail": guess, "verifySignInPasswordlessSms": guess, "verifyElevateWebauthn": guess,
		"verifyAddSecurityKey": guess, "verifyChangeUserMfa": guess, "createRecoveryCodes": guess, "elevateTotp": guess, "verifyTicket": guess,

		"signUpWebauthn": signUp, "signUpIdToken": signUp, "signUpProvider": signUp, "verifySignUpWebauthn": "user-global user-email user-bruteforce user-signups",
		"changeUserEmail": mail, "sendVerificationEmail": mail, "sendPasswordResetEmail": mail,
		"signInPasswordlessEmail": mailedSignIn, "signInOTPEmail": mailedSignIn, "signInPasswordlessSms": "user-global user-sms user-bruteforce",
		"signUpPasswordlessSms":   "user-global user-sms user-signups",
		"signUpPasswordlessEmail": mailedNew, "signUpOTPEmail": mailedNew, "signUpEmailPassword": mailedNew, "deanonymizeUser": mailedNew,
	}
}

func names(buckets []domain.Bucket) string {
	list := make([]string, len(buckets))
	for i, b := range buckets {
		list[i] = b.Name
	}
	return strings.Join(list, " ")
}

func TestLimits_EveryOperationIsDecided(t *testing.T) {
	t.Parallel()
	doc, err := api.Load()
	require.NoError(t, err)
	want, seen := decided(), 0
	for path, item := range doc.Paths.Map() {
		for _, operation := range item.Operations() {
			buckets, found := want[operation.OperationID]
			require.True(t, found, "decide what %s counts as", operation.OperationID)
			require.Equal(t, buckets, names(bucketsOf(path, Limits{VerifiedIsAMust: true})), operation.OperationID)
			require.Equal(t, buckets != "", strings.Contains(operation.Description, "`too-many-requests` (429)"), "%s does not document it", operation.OperationID)
			seen++
		}
	}
	require.Len(t, want, seen)
}

func TestLimits_MailIsCountedWhereItIsSent(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"/signup/email-password": "user-global user-signups", "/user/deanonymize": "user-global user-email user-signups",
		"/signup/webauthn/verify":             "user-global user-bruteforce user-signups",
		"/user/email/send-verification-email": "user-global user-email", "/signin/otp/email": "user-global user-email user-bruteforce",
	} {
		require.Equal(t, want, names(bucketsOf(path, Limits{})), path)
	}
	shared := bucketsOf("/user/password/reset", Limits{Limits: domain.RateLimits{EmailIsShared: true}})
	require.Equal(t, "user-global global-email", names(shared))
	require.True(t, shared[1].Shared)
	require.False(t, shared[0].Shared)
}

func TestLimits_PathsThatAreNotThereYetAreCountedByTheSameRules(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"/signin/anything/new": "user-global user-bruteforce", "/signup/provider/{provider}": "user-global user-signups",
		"/signup/passwordless/sms": "user-global user-sms user-signups", "/oauth2/token": "user-global user-oauth2-server",
		"/oauth2/introspect": "user-global user-oauth2-server", "/oauth2/login": "user-global user-bruteforce", "/oauth2/authorize": "user-global user-bruteforce",
	} {
		require.Equal(t, want, names(bucketsOf(path, Limits{})), path)
	}
}
