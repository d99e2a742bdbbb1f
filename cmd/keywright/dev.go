package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"keywright/configs"
)

// What serve --dev keeps in the working directory.
const (
	dataFolder    = "keywright-data"
	masterKeyFile = "master.key"
	databaseFile  = "keywright.db"
)

// serveDev is serve with everything prepared: a database and a master key in
// the data folder, and on the first start something to try out.
func serveDev(cmd *cobra.Command, env Environment, migrate bool) error {
	folder, err := filepath.Abs(dataFolder)
	if err != nil {
		return fmt.Errorf("find the data folder: %w", err)
	}
	cfg, err := load(cmd, env, map[string]string{
		"database_url": "sqlite:" + filepath.Join(dataFolder, databaseFile),
		"stop_delay":   "0s",
	})
	if err != nil {
		return err
	}
	if err := cfg.CheckLoopback(); err != nil {
		return err
	}
	//nolint:gosec // a folder needs the x
	if err := errors.Join(os.MkdirAll(folder, 0o700), os.Chmod(folder, 0o700)); err != nil {
		return fmt.Errorf("make the data folder: %w", err)
	}
	if !cfg.MasterKey.IsSet() {
		key, err := devMasterKey(filepath.Join(folder, masterKeyFile))
		if err != nil {
			return err
		}
		cfg.MasterKey = configs.NewSecret(key)
	}
	if err := cfg.CheckServe(); err != nil {
		return err
	}
	return serve(cmd.Context(), cfg, newLogger(env, cfg), options{migrate: migrate}, func(ctx context.Context, s *server) error {
		q, err := loadQuickstart(ctx, s, filepath.Join(folder, quickstartFile))
		if err != nil {
			return err
		}
		return q.print(env.Stdout, s, filepath.Join(folder, tokenFile))
	})
}

// devMasterKey reads the master key of the data folder, or makes it.
func devMasterKey(path string) (string, error) {
	key, err := os.ReadFile(path)
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return string(key), err
	}
	var raw [32]byte
	if _, err := rand.Read(raw[:]); err != nil {
		return "", fmt.Errorf("make a master key: %w", err)
	}
	text := base64.StdEncoding.EncodeToString(raw[:])
	if err := writePrivate(path, []byte(text+"\n")); err != nil {
		return "", fmt.Errorf("keep the master key: %w", err)
	}
	return text, nil
}

// writePrivate writes a file for its owner alone, whole or not at all.
func writePrivate(path string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	if _, err := f.Write(content); err != nil {
		f.Close()
		return err
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
