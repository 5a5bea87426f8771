package delivery

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestFiguresAreWrittenBetweenTheirMarks(t *testing.T) {
	folder := t.TempDir()
	page, picture := filepath.Join(folder, "page.md"), filepath.Join(folder, "plot.svg")
	f := newFigures()
	f.Add("Promotion", "push → serving", Seconds(1500*time.Millisecond))
	f.Mark("TestPromotion")
	for i := range 3 {
		f.samples = append(f.samples, sample{at: time.Duration(i) * time.Second, count: map[Environment]int{Prod: i}})
	}
	f.Draw("bars.svg", Bars{Title: "Calls", Steps: []string{"open", "answer"}, Ways: []string{"before", "after"},
		Values: [][]time.Duration{{time.Second, 2 * time.Second}, {500 * time.Millisecond, 250 * time.Millisecond}}})
	require.ErrorContains(t, f.Write(page, picture), "no such file")
	require.NoError(t, os.WriteFile(page, []byte("before\n"), 0o644))
	require.ErrorContains(t, f.Write(page, picture), "no place for figures")

	require.NoError(t, os.WriteFile(page, []byte("before\n"+beginFigures+"\nold\n"+endFigures+"\nafter\n"), 0o644))
	for range 2 { // writing again replaces
		require.NoError(t, f.Write(page, picture))
		content, err := os.ReadFile(page)
		require.NoError(t, err)
		require.Equal(t, "before\n"+beginFigures+"\n\nThe numbers in the picture: 1 `TestPromotion`\n\n### Promotion\n\n| | |\n| --- | --- |\n| push → serving | 1.50 s |\n\n"+endFigures+"\nafter\n", string(content))
	}
	for path, shows := range map[string]string{picture: "prod", filepath.Join(folder, "bars.svg"): "0.25"} {
		drawn, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Contains(t, string(drawn), "<svg")
		require.Contains(t, string(drawn), shows)
	}
}
