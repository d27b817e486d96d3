# Installs the Debian packages named, if any is missing: as root, or with sudo; otherwise prints
# the exact command and fails.
#   packages.sh [--optional] PACKAGE...
# With --optional it says what cannot be had, and succeeds.
set -eu

failure=1
if [ "$1" = --optional ]; then
	failure=0
	shift
fi

if ! command -v dpkg-query >/dev/null; then
	echo "This is no Debian or Ubuntu; the counterparts of these packages are needed: $*" >&2
	exit 0
fi
missing=
for package; do
	status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
	[ "$status" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

command="apt-get install -y --no-install-recommends$missing"
if [ "$(id -u)" = 0 ]; then
	sudo=
elif command -v sudo >/dev/null; then
	sudo=sudo
else
	echo "Packages are missing and need root to be installed. Run:" >&2
	echo "  su -c 'apt-get update && $command'" >&2
	exit $failure
fi
echo "installing:$missing"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! { $sudo apt-get update && $sudo env DEBIAN_FRONTEND=noninteractive $command; } >"$log" 2>&1; then
	if [ $failure = 0 ]; then
		echo "without these, which this system's sources do not have: $(sed -n 's/^E: //p' "$log" | head -n 1)"
		exit 0
	fi
	tail -n 20 "$log" >&2
	echo "The packages could not be installed. Run:" >&2
	echo "  ${sudo:+sudo }apt-get update && ${sudo:+sudo }$command" >&2
	exit 1
fi
