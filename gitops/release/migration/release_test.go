package migration

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func table(name, table string) File {
	return File{Name: name, Content: up("CREATE TABLE " + table + " ();")}
}

func TestReleasedMigrationsMustNotChange(t *testing.T) {
	t.Parallel()
	first, second, third := table("00001_first.sql", "first"), table("00002_second.sql", "second"), table("00003_third.sql", "third")
	for name, c := range map[string]struct {
		candidate []File
		withdrawn []Withdrawn
		problems  []string
	}{
		"unchanged":            {candidate: []File{first, second}},
		"one added":            {candidate: []File{first, second, third}},
		"a gap":                {candidate: []File{first, second, table("00010_third.sql", "third")}},
		"edited":               {candidate: []File{first, table("00002_second.sql", "other")}, problems: []string{"was released and is changed"}},
		"removed":              {candidate: []File{second}, problems: []string{"was released and is missing"}},
		"renumbered":           {candidate: []File{first, table("00003_second.sql", "second")}, problems: []string{"was released and is now 00003_second.sql"}},
		"inserted before":      {candidate: []File{first, second, table("00000002_late.sql", "late")}, problems: []string{"has the number of 00000002_late.sql", "comes before the last released migration, 2"}},
		"two of one number":    {candidate: []File{first, second, third, table("00003_other.sql", "other")}, problems: []string{"has the number of 00003_other.sql"}},
		"without a number":     {candidate: []File{first, second, table("third.sql", "third")}, problems: []string{"cannot be ordered"}},
		"numbered zero":        {candidate: []File{first, second, table("00000_third.sql", "third")}, problems: []string{"cannot be ordered"}},
		"removed and changed":  {candidate: []File{first, second, third}, withdrawn: []Withdrawn{{File: table("00003_third.sql", "draft"), Commit: "abc1234"}}, problems: []string{"has the number of 00003_third.sql, which was released and removed by abc1234"}},
		"removed and restored": {candidate: []File{first, second, third}, withdrawn: []Withdrawn{{File: third, Commit: "abc1234"}}},
		"removed and left out": {candidate: []File{first, second}, withdrawn: []Withdrawn{{File: third, Commit: "abc1234"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			compared := Compare([]File{first, second}, c.candidate, c.withdrawn)
			assert.ElementsMatch(t, c.problems, problems(compared.Findings, Refusal))
			for _, finding := range Refused(compared.Findings) {
				assert.NotEmpty(t, finding.Remedy)
			}
		})
	}
}

func TestAddedMigrationsAreInTheOrderTheyRun(t *testing.T) {
	t.Parallel()
	compared := Compare(nil, []File{table("00010_c.sql", "c"), table("2_b.sql", "b"), table("00001_a.sql", "a")}, nil)
	require.Len(t, compared.Added, 3)
	assert.Equal(t, "00001_a.sql", compared.Added[0].Name)
	assert.Equal(t, "2_b.sql", compared.Added[1].Name)
	assert.Equal(t, "00010_c.sql", compared.Added[2].Name)
}

func TestAMigrationMayChangeObjectsOfEarlierUnreleasedOnes(t *testing.T) {
	t.Parallel()
	compared := Compare(nil, []File{table("00001_a.sql", "a"), {Name: "00002_b.sql", Content: up("DROP TABLE a;")}}, nil)
	assert.Empty(t, Refused(compared.Findings))
	compared = Compare([]File{table("00001_a.sql", "a")}, []File{table("00001_a.sql", "a"), {Name: "00002_b.sql", Content: up("DROP TABLE a;")}}, nil)
	assert.Len(t, Refused(compared.Findings), 1)
}
