package cost

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/test/proc"
)

// startKeys runs a server behind proxy that has passkeys and tells nobody who has an account.
func startKeys(t *testing.T, proxy *Proxy) (*Client, *proc.Server) {
	t.Helper()
	extra := withStaticKey(t)
	extra["AUTH_WEBAUTHN_ENABLED"], extra["AUTH_CONCEAL_ERRORS"] = "true", "true"
	return start(t, proxy, extra)
}

func TestKeyOperations_CostTheirStatementsAndRoundTripsAndNoMore(t *testing.T) {
	proxy := newProxy(t)
	client, _ := startKeys(t, proxy)
	records := map[string]Record{}
	for _, operation := range KeyOperations() {
		record := count(t, proxy, client, operation)
		require.LessOrEqual(t, len(record.Statements), operation.Statements, "%s: %s", operation.Name, record)
		require.LessOrEqual(t, record.RoundTrips, operation.RoundTrips, "%s: %s", operation.Name, record)
		require.NotZero(t, record.RoundTrips, operation.Name)
		records[operation.Name] = record
	}
	// What is asked of the database must not tell whether there is such an account, or whether it has a key.
	require.Equal(t, records[beginKnown], records[beginUnknown])
	require.Equal(t, records[beginKnown], records[beginKeyless])
}

// populateKeys fills the tables of passkeys.
const populateKeys = `
	INSERT INTO auth.user_security_keys (user_id, credential_id, credential_public_key) SELECT id, md5(id::text), '\x00' FROM auth.users;
	INSERT INTO auth.hexauth_ceremonies (challenge, purpose, user_id, state, expires_at)
	SELECT md5(id::text), 'add', id, '{}', now() + interval '1 day' FROM auth.users;
	ANALYZE auth.user_security_keys, auth.hexauth_ceremonies`

func TestKeyOperations_ReadNoWholeTable(t *testing.T) {
	proxy := newProxy(t)
	_, first := startKeys(t, proxy) // migrates
	require.Zero(t, first.Stop())
	execute(t, proxy, populate)
	execute(t, proxy, populateKeys)
	before, keysBefore := readScans(t, proxy), scansOf(t, proxy, "user_security_keys", "hexauth_ceremonies")

	client, server := startKeys(t, proxy)
	for _, operation := range KeyOperations() {
		for _, call := range prepareAll(t, client, operation, drives) {
			require.NoError(t, call(), operation.Name)
		}
	}
	require.Zero(t, server.Stop())
	require.Equal(t, before.whole, readScans(t, proxy).whole)
	after := scansOf(t, proxy, "user_security_keys", "hexauth_ceremonies")
	require.Equal(t, keysBefore.whole, after.whole)
	require.Greater(t, after.index, keysBefore.index+drives, "the statistics of the server's connections must be in")
}
