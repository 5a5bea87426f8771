package embedded

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// account returns whom the server runs as; nil stands for the user of this process.
// PostgreSQL refuses to run as root: it then runs as the owner of the data folder or,
// where that is root or there is none yet, as postgres. Ownership decides, so that a
// folder that was started once as another user is still served as that user.
func account(data string) (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	if info, err := os.Stat(data); err == nil {
		if stat, ok := info.Sys().(*syscall.Stat_t); ok && stat.Uid != 0 {
			return &syscall.Credential{Uid: stat.Uid, Gid: stat.Gid}, nil
		}
	}
	found, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("PostgreSQL cannot run as root and there is no user named postgres to run it as: %w", err)
	}
	uid, uidErr := strconv.ParseUint(found.Uid, 10, 32)
	gid, gidErr := strconv.ParseUint(found.Gid, 10, 32)
	if err := errors.Join(uidErr, gidErr); err != nil {
		return nil, fmt.Errorf("read the numbers of the user postgres: %w", err)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

// reaches reports whether the account can enter the folder. It tries, by running a
// program there as the account: permissions on the way, ACLs and mount options
// decide it together. The second try distinguishes an unreachable folder from an
// account that cannot run the program at all.
func reaches(inst Installation, as *syscall.Credential, folder string) (bool, error) {
	if as == nil {
		return true, nil
	}
	try := func(dir string) error {
		cmd := exec.Command(filepath.Join(inst.Bin, "postgres"), "--version")
		cmd.Dir, cmd.Env, cmd.SysProcAttr = dir, environment(), attributes(as)
		return cmd.Run()
	}
	err := try(folder)
	if err == nil {
		return true, nil
	}
	if err := try("/"); err != nil {
		return false, fmt.Errorf("run %s as user %d: %w", filepath.Join(inst.Bin, "postgres"), as.Uid, err)
	}
	return false, nil
}

// give hands what lies in folder, and belongs to root, to the account. Links are
// changed themselves, not what they lead to.
func give(folder string, as *syscall.Credential) error {
	if as == nil {
		return nil
	}
	err := filepath.WalkDir(folder, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, int(as.Uid), int(as.Gid)) //nolint:gosec // G122: a folder that this process has just made, and nobody else may enter
	})
	if err != nil {
		return fmt.Errorf("hand the data folder to user %d: %w", as.Uid, err)
	}
	return nil
}

// ownedByRoot reports data that a server, which never runs as root, could not read.
func ownedByRoot(path string) bool {
	info, err := os.Stat(path)
	if err != nil {
		return false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && stat.Uid == 0
}
