package main

import (
	"encoding/base64"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAccount_KnowsWhichSessionsAChangeOfThePasswordHasEnded(t *testing.T) {
	a := &account{passwords: []string{"old"}, doubtful: 2}
	first := a.opened(&session{id: "1"}, "", time.Now())
	spared := a.opened(&session{id: "2"}, "password", time.Now())
	gone := a.opened(&session{id: "3"}, "password", time.Now())
	gone.open = no

	a.changedPassword("new", maybe)
	a.endAllBut(spared, maybe)
	require.Equal(t, []string{"old", "new"}, a.passwords)
	require.Equal(t, []truth{maybe, yes, no}, []truth{first.open, spared.open, gone.open})
	require.Equal(t, 2, a.doubtful)

	a.changedPassword("new", yes)
	a.endAllBut(spared, yes)
	require.Equal(t, []string{"new"}, a.passwords)
	require.Equal(t, []truth{no, yes, no}, []truth{first.open, spared.open, gone.open})
	require.Zero(t, a.doubtful)
	require.Len(t, a.signIns, 2, "what opened a session is in the audit log, ended or not")
}

func TestCheckIssue_FindsTokensOfAClockThatIsOff(t *testing.T) {
	now := time.Now()
	token := func(issued time.Time, life int64) string {
		claims := fmt.Sprintf(`{"iat":%d,"exp":%d}`, issued.Unix(), issued.Unix()+life)
		return "e30." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".c2ln"
	}
	require.NoError(t, checkIssue(token(now, 900), now, now))
	require.NoError(t, checkIssue(token(now.Add(4*time.Second), 900), now, now.Add(5*time.Second)), "a request that took long")
	for _, off := range []time.Duration{time.Hour, -time.Hour, 5 * time.Second, -5 * time.Second} {
		require.ErrorContains(t, checkIssue(token(now.Add(off), 900), now, now), "from the time of the request")
	}
	require.ErrorContains(t, checkIssue(token(now, 901), now, now), "lives for 901 s")
	require.Error(t, checkIssue("no token", now, now))
}
