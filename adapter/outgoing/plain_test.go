package outgoing

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseURL_TakesAbsoluteHTTPAddressesAlone(t *testing.T) {
	for text, want := range map[string]bool{
		"https://a.example.com/x?key=1": true, "http://127.0.0.1:80": true, "": false, "a.example.com": false, "ftp://a.example.com": false,
		"https://": false, "https:///x": false, "http://a b": false, "//a.example.com": false,
	} {
		_, ok := ParseURL(text)
		require.Equal(t, want, ok, text)
	}
}

func TestDirect_HandsOutRedirectsAndLeavesTheGivenClientAlone(t *testing.T) {
	server := httptest.NewServer(http.RedirectHandler("/elsewhere", http.StatusFound))
	defer server.Close()
	given := &http.Client{}
	for _, client := range []*http.Client{Direct(given), Direct(nil)} {
		answer, err := client.Get(server.URL)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		require.Equal(t, http.StatusFound, answer.StatusCode)
	}
	require.Nil(t, given.CheckRedirect)
	require.Nil(t, http.DefaultClient.CheckRedirect)
}

func TestCause_DropsTheURL(t *testing.T) {
	_, err := Direct(nil).Get("http://127.0.0.1:1/?key=secret")
	require.ErrorContains(t, err, "secret")
	require.NotContains(t, Cause(err).Error(), "secret")
	other := errors.New("other")
	require.Equal(t, other, Cause(other))
	require.NoError(t, Cause(nil))
}
