package embedded

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestDataOfAnotherVersionIsRefused(t *testing.T) {
	installed, err := Find()
	require.NoError(t, err)
	for _, major := range []int{9, installed.Major + 100} {
		dir := folder(t)
		require.NoError(t, os.MkdirAll(filepath.Join(dir, dataName), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, dataName, "PG_VERSION"), fmt.Appendln(nil, major), 0o600))
		_, err := Start(t.Context(), Options{Dir: dir, Fast: true})
		require.ErrorContains(t, err, fmt.Sprintf("made by PostgreSQL %d but PostgreSQL", major))
		assert.ErrorContains(t, err, fmt.Sprint(installed.Major))
		assert.ErrorContains(t, err, dir)
	}
}

func TestForeignFolderIsLeftAlone(t *testing.T) {
	dir := folder(t)
	precious := filepath.Join(dir, dataName, "precious")
	require.NoError(t, os.MkdirAll(precious, 0o755))
	_, err := Start(t.Context(), Options{Dir: dir, Fast: true})
	require.ErrorContains(t, err, "is not a data folder of PostgreSQL")
	assert.DirExists(t, precious)
}

func TestFileInPlaceOfTheFolder(t *testing.T) {
	dir := folder(t)
	require.NoError(t, os.WriteFile(dir, nil, 0o600))
	_, err := Start(t.Context(), Options{Dir: dir, Fast: true})
	require.ErrorContains(t, err, dir+" is not a folder")
}

func TestLostPasswordIsNamed(t *testing.T) {
	dir := folder(t)
	stop(t, start(t, Options{Dir: dir, Fast: true}))
	require.NoError(t, os.Remove(filepath.Join(dir, passwordName)))
	_, err := Start(t.Context(), Options{Dir: dir, Fast: true})
	require.ErrorContains(t, err, filepath.Join(dir, passwordName))
}

func TestUnfinishedFirstStartIsStartedOver(t *testing.T) {
	dir := folder(t)
	require.NoError(t, os.MkdirAll(filepath.Join(dir, dataName+".new", "base"), 0o755))
	start(t, Options{Dir: dir, Fast: true})
	assert.NoDirExists(t, filepath.Join(dir, dataName+".new"))
}
