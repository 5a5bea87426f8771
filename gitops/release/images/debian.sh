#!/bin/sh
# debian.sh MIRROR ARCHITECTURE FILE writes a tar file of PostgreSQL and what it loads, from
# Debian's packages, with the program's user and folders. MIRROR is the URL of a Debian
# archive; empty, it is the one of this machine's apt. The same packages give the same bytes.
#
# It needs apt, dpkg-deb and GNU tar, no root, and leaves the machine's packages alone; the
# machine may be another Debian or Ubuntu. It runs nothing of the packages, neither their
# scripts nor their programs, so it works for other architectures too.
set -eu
umask 022
export LC_ALL=C
suite=trixie    # the stable release, which gets security updates
postgresql=17   # in that release
# Besides PostgreSQL: a shell, by which initdb runs programs; locale C.UTF-8; time zones; the
# folders of the file system.
wanted="postgresql-$postgresql dash libc-bin tzdata base-files"
# What these depend on to manage servers and users of a whole system, and the just-in-time
# compiler with its LLVM, twice the size of everything else. The server does without. With
# these counted as installed, apt follows no dependency of theirs.
unneeded="awk debconf debianutils libaudit-common libllvm19 libsasl2-modules-db locales openssl-provider-legacy perl-base postgresql-client-$postgresql postgresql-common ssl-cert"

fail() { echo "$1" >&2; exit 1; }
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
mirror=$1
[ -n "$mirror" ] || mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Origin: Debian' | sed -n 's|/*$||; /\/debian$/{p;q;}')
[ -n "$mirror" ] || fail "this machine's apt has no Debian archive: name a mirror's, as --mirror http://HOST/debian"
mirror=${mirror%/}

folder=$(mktemp -d "$3.XXXXXX")
trap 'rm -rf "$folder"' EXIT
root=$folder/root
mkdir -p "$folder/lists/partial" "$folder/archives/partial" "$root/etc" "$root/var/lib/dpkg/status.d"
for package in $unneeded; do
	printf 'Package: %s\nStatus: install ok installed\nArchitecture: %s\nVersion: 99:0\nMaintainer: nobody\nDescription: none\n\n' "$package" "$2"
done > "$folder/status"
# Of a mirror, the security updates are beside the archive.
cat > "$folder/sources.list" <<END
deb [signed-by=$keyring] $mirror $suite main
deb [signed-by=$keyring] $mirror $suite-updates main
deb [signed-by=$keyring] $mirror-security $suite-security main
END
# apt works in folders of its own. Proxies and the like are those of the machine.
cat > "$folder/apt.conf" <<END
APT::Architecture "$2";
#clear APT::Architectures;
APT::Architectures { "$2"; };
APT::Install-Recommends "false";
APT::Sandbox::User "root"; # apt's own user cannot enter the folder
Dir::State "$folder";
Dir::State::Lists "$folder/lists";
Dir::State::Status "$folder/status";
Dir::Cache "$folder";
Dir::Cache::Archives "$folder/archives";
Dir::Log "$folder";
Dir::Etc::SourceList "$folder/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
Acquire::Languages "none";
Acquire::Retries "3";
APT::Update::Error-Mode "any";
Debug::NoLocking "true";
END
apt-get --config-file="$folder/apt.conf" --quiet=2 update ||
	fail "Is there a Debian archive at $mirror, and are Debian's keys installed (debian-archive-keyring)?"
apt-get --config-file="$folder/apt.conf" --quiet=2 --yes --download-only install $wanted

# Scanners for vulnerabilities find the packages in status.d, as in the images of distroless.
for package in "$folder"/archives/*.deb; do
	dpkg-deb --extract "$package" "$root"
	dpkg-deb --field "$package" > "$root/var/lib/dpkg/status.d/$(dpkg-deb --field "$package" Package)"
done
# Of documentation only the licences are needed.
find "$root/usr/share/doc" -mindepth 2 ! -type d ! -name copyright -delete
rm -rf "$root/usr/share/man" "$root/usr/share/lintian" "$root/usr/share/locale" "$root/usr/share/bash-completion" \
	"$root/usr/share/doc-base" "$root/usr/share/postgresql/$postgresql/man" \
	"$root/usr/lib/postgresql/$postgresql/lib/bitcode" "$root/usr/lib/postgresql/$postgresql/lib"/llvmjit*
printf '%s\n' root:x:0:0:root:/root:/usr/sbin/nologin questions:x:65532:65532::/data:/usr/sbin/nologin > "$root/etc/passwd"
printf '%s\n' root:x:0: questions:x:65532: > "$root/etc/group"
# The folder of the data is the user's alone, as PostgreSQL requires.
mkdir -m 700 "$folder/data"
cd "$root"
archive() { tar --format=gnu --sort=name --mtime="@${SOURCE_DATE_EPOCH:-0}" --numeric-owner --file "$@"; }
archive "$3" --create --owner=0 --group=0 -- *
archive "$3" --append --owner=65532 --group=65532 --directory "$folder" data
