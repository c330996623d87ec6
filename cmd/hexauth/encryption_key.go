package main

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/hexauth/hexauth/config"
)

// generatedKeyBytes is the size of a key made here: AES-256.
const generatedKeyBytes = 32

// encryptionKey returns the configured key or, in development mode, the one kept in the data directory, which the first
// start creates.
func encryptionKey(cfg config.Config, random io.Reader) ([]byte, error) {
	if cfg.EncryptionKey != nil {
		return cfg.EncryptionKey, nil
	}
	path := cfg.EncryptionKeyFile
	if err := createKeyFile(path, random); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("create the encryption key (AUTH_DATA_DIR): %w", err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the encryption key: %w", err)
	}
	key, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(key) != generatedKeyBytes {
		return nil, fmt.Errorf("%s does not hold %d bytes in hexadecimal: restore it, or remove it together with the database", path, generatedKeyBytes)
	}
	return key, nil
}

// createKeyFile writes a new key to path unless there is one. Of several processes one wins; what the others then read is
// whole, because the file gets its name only when it is complete.
func createKeyFile(path string, random io.Reader) error {
	if _, err := os.Stat(path); err == nil {
		return fs.ErrExist
	}
	key := make([]byte, generatedKeyBytes)
	if _, err := io.ReadFull(random, key); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	draft, err := os.CreateTemp(filepath.Dir(path), "encryption-*.tmp") // readable by its owner only
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(draft.Name()) }()
	_, err = draft.WriteString(hex.EncodeToString(key) + "\n")
	if err := errors.Join(err, draft.Sync(), draft.Close()); err != nil {
		return err
	}
	return os.Link(draft.Name(), path)
}
