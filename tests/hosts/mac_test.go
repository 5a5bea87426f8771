package hosts

import (
	"debug/macho"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// No Mac is here: what runs on one is compiled, tests included, and looked at.
func TestTheProgramIsBuiltForMacs(t *testing.T) {
	for architecture, cpu := range map[string]macho.Cpu{"arm64": macho.CpuArm64, "amd64": macho.CpuAmd64} {
		t.Run(architecture, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), product)
			environment := append(os.Environ(), "GOOS=darwin", "GOARCH="+architecture, "CGO_ENABLED=0")
			for _, args := range [][]string{
				{"build", "-trimpath", "-o", path, "./functions/local/cmd/sequential-questioning"},
				{"vet", "-trimpath", "./functions/local/...", "./shared/postgres/..."},
			} {
				command := exec.Command("go", args...)
				command.Dir, command.Env = root, environment
				output(t, command)
			}
			file, err := macho.Open(path)
			require.NoError(t, err)
			defer file.Close()
			assert.Equal(t, cpu, file.Cpu)
			libraries, err := file.ImportedLibraries()
			require.NoError(t, err)
			for _, library := range libraries {
				assert.Regexp(t, `^/(usr/lib|System/Library)/`, library, "every Mac has it")
			}
			if architecture == "arm64" {
				assert.True(t, signed(file), "these Macs run no program without a signature, if only one of the linker's")
			}
		})
	}
}

// signed reports a code signature: LC_CODE_SIGNATURE of Apple's mach-o/loader.h.
func signed(file *macho.File) bool {
	for _, load := range file.Loads {
		if raw := load.Raw(); file.ByteOrder.Uint32(raw) == 0x1d {
			return true
		}
	}
	return false
}
