# What a step sees of the machine, from inside; the test puts it into the script of one, with
# $socket, $name, $port, $folder and $sandbox, which are the machine's. The log is the transcript.
echo "-- inside: uid $(id -u), user $(id -un), host $(uname -n)"
printf -- '-- descriptors:'
for f in /proc/$$/fd/*; do if [ -e "$f" ]; then printf ' %s' "${f##*/}"; fi; done
echo
echo "-- top:" $(ls /)
echo "-- /etc:" $(ls /etc)
echo "-- /dev:" $(ls /dev)
echo "-- interfaces:" $(sed -n 's/^ *\([^ :]*\):.*/\1/p' /proc/net/dev)
$CC -w -o "$TMPDIR/inside" "$RECIPE/inside.c"
"$TMPDIR/inside" "$socket" "$name" "$port" "$folder" "$sandbox"
if [ "$sandbox" != none ]; then
	find /proc -name '[0-9]*' -prune -o -type f -writable -print 2>/dev/null |
		grep -v '^/proc/\(self\|thread-self\)/' | sed 's/^/OPEN   /' || :
fi
for f in "${BUILD:-/nowhere}" "${COMPILED:-/nowhere}"; do
	if { echo >"$f/probe"; } 2>/dev/null; then echo "OPEN   a finished step's folder"; fi
done
: >"$S/probe"
: >"$TMPDIR/probe"
: >"$HOME/probe"
echo "-- done"
