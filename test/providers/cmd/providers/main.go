package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/hexauth/hexauth/test/providers"
)

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "providers:", err)
		os.Exit(1)
	}
}

// running is the first line.
type running struct {
	Environment map[string]string `json:"environment"`
	URLs        map[string]string `json:"urls"`
}

func run(stdin io.Reader, stdout io.Writer) error {
	now := running{Environment: map[string]string{}, URLs: map[string]string{}}
	for _, name := range providers.Names() {
		p, err := providers.New(name)
		if err != nil {
			return err
		}
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		p.URL = "http://" + listener.Addr().String()
		server := &http.Server{Handler: withPerson(p), ReadHeaderTimeout: 5 * time.Second}
		defer func() { _ = server.Close() }()
		go func() { _ = server.Serve(listener) }()
		maps.Copy(now.Environment, p.Environment())
		now.URLs[name] = p.URL
	}
	if err := json.NewEncoder(stdout).Encode(now); err != nil {
		return err
	}
	_, err := io.Copy(io.Discard, stdin)
	return err
}

// withPerson lets a test say who signs in.
func withPerson(p *providers.Provider) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", p)
	mux.HandleFunc("PUT /person", func(w http.ResponseWriter, r *http.Request) {
		var person providers.Person
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&person); err != nil {
			http.Error(w, "this is no person", http.StatusBadRequest)
			return
		}
		p.SignsIn(person)
		w.WriteHeader(http.StatusNoContent)
	})
	return mux
}
