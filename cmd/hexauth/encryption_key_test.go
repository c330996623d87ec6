package main

import (
	"bytes"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/hexauth/hexauth/adapter/system"
	"github.com/hexauth/hexauth/config"
)

func keyFile(t testing.TB) config.Config {
	return config.Config{EncryptionKeyFile: filepath.Join(t.TempDir(), "new", "data", "encryption.key")}
}

func TestEncryptionKey_IsCreatedPrivatelyAndReused(t *testing.T) {
	t.Parallel()
	cfg := keyFile(t)
	key, err := encryptionKey(cfg, bytes.NewReader(bytes.Repeat([]byte{0xa7}, 32)))
	require.NoError(t, err)
	require.Equal(t, bytes.Repeat([]byte{0xa7}, 32), key)
	again, err := encryptionKey(cfg, system.Random{})
	require.NoError(t, err)
	require.Equal(t, key, again)
	info, err := os.Stat(cfg.EncryptionKeyFile)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode())
	folder, err := os.Stat(filepath.Dir(cfg.EncryptionKeyFile))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o700), folder.Mode().Perm())
}

func TestEncryptionKey_TenAtOnceGetTheSame(t *testing.T) {
	t.Parallel()
	cfg := keyFile(t)
	keys := make([]string, 10)
	var all sync.WaitGroup
	for i := range keys {
		all.Go(func() {
			if key, err := encryptionKey(cfg, system.Random{}); err == nil {
				keys[i] = hex.EncodeToString(key)
			}
		})
	}
	all.Wait()
	require.Len(t, keys[0], 64)
	for _, key := range keys {
		require.Equal(t, keys[0], key)
	}
	left, err := os.ReadDir(filepath.Dir(cfg.EncryptionKeyFile))
	require.NoError(t, err)
	require.Len(t, left, 1, "no draft stays behind")
}

func TestEncryptionKey_ConfiguredOneLeavesNoFile(t *testing.T) {
	t.Parallel()
	cfg := keyFile(t)
	cfg.EncryptionKey = []byte("sixteen bytes..!")
	key, err := encryptionKey(cfg, iotest.ErrReader(errors.New("not needed")))
	require.NoError(t, err)
	require.Equal(t, cfg.EncryptionKey, key)
	require.NoFileExists(t, cfg.EncryptionKeyFile)
}

func TestEncryptionKey_RefusesAFileThatHoldsNone(t *testing.T) {
	t.Parallel()
	for _, content := range []string{"", "hunter2-secret", keyOne[:62], keyOne + "00"} {
		path := filepath.Join(t.TempDir(), "encryption.key")
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		_, err := encryptionKey(config.Config{EncryptionKeyFile: path}, system.Random{})
		require.ErrorContains(t, err, path+" does not hold 32 bytes in hexadecimal")
		require.NotContains(t, err.Error(), "hunter2")
	}
}

func TestEncryptionKey_LeavesNothingWhenThereIsNoRandomness(t *testing.T) {
	t.Parallel()
	cfg := keyFile(t)
	_, err := encryptionKey(cfg, bytes.NewReader([]byte("short")))
	require.ErrorContains(t, err, "AUTH_DATA_DIR")
	require.NoFileExists(t, cfg.EncryptionKeyFile)
}
