package porttest

import (
	"context"
	"encoding/json"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/domain"
	"github.com/hexauth/hexauth/port"
)

// ClaimsSource is a place where an app keeps claims, and the adapter that asks there.
type ClaimsSource struct {
	port.CustomClaims
	Put  func(user domain.UserID, claims string) // a JSON object of claims named text, number, flag, list, object and nothing
	Away func()                                  // nothing answers from now on
}

// CustomClaims holds an adapter to its port.
func CustomClaims(t *testing.T, open func(t *testing.T) ClaimsSource) {
	const everything = `{"text":"a \"b\" ü","number":12345678901234567890,"flag":true,"list":["x","y"],"object":{"a":[1]},"nothing":null}`
	t.Run("answers what the app says about the user, and keeps kinds and digits", func(t *testing.T) {
		source := open(t)
		user, other := domain.UserID(uuid.NewString()), domain.UserID(uuid.NewString())
		source.Put(user, everything)
		source.Put(other, `{"text":"other","number":1,"flag":false,"list":[],"object":{},"nothing":null}`)
		claims, err := source.Of(t.Context(), user)
		require.NoError(t, err)
		encoded, err := json.Marshal(claims)
		require.NoError(t, err)
		require.JSONEq(t, everything, string(encoded))
		require.Equal(t, json.Number("12345678901234567890"), claims["number"])
	})
	t.Run("answers many at once, each what is theirs", func(t *testing.T) {
		source := open(t)
		var users []domain.UserID
		for range 20 {
			user := domain.UserID(uuid.NewString())
			users = append(users, user)
			source.Put(user, `{"text":"`+string(user)+`","number":1,"flag":true,"list":[],"object":{},"nothing":null}`)
		}
		var asking sync.WaitGroup
		for _, user := range append(users, users...) {
			asking.Go(func() {
				claims, err := source.Of(t.Context(), user)
				if err != nil || claims["text"] != string(user) {
					t.Errorf("%v: %v", claims, err)
				}
			})
		}
		asking.Wait()
	})
	t.Run("fails when nothing answers, and when the caller gives up", func(t *testing.T) {
		source := open(t)
		user := domain.UserID(uuid.NewString())
		source.Put(user, everything)
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := source.Of(gone, user)
		require.Error(t, err)
		source.Away()
		_, err = source.Of(t.Context(), user)
		require.Error(t, err)
	})
}
