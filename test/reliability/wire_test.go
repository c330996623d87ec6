package reliability

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/test/wire"
)

func newWire(t testing.TB, target string) *wire.Wire {
	w, err := wire.New(target)
	require.NoError(t, err)
	t.Cleanup(w.Close)
	return w
}
