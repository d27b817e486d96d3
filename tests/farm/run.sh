# Steps on other machines: two workers behind sshd on 127.0.0.1, each in a container with folders and
# processes of its own.
#
#   SOLDER=/abs/solder sh tests/farm/run.sh [PART]...
#
# Parts: executor (failures, and steps by ssh and by GNU parallel), matrix (8 rows on two machines
# with one cache), distcc (two servers), launchers (ccache, sccache, recc, icecc), slurm (on this host), trexe (an execution service, BuildBox's,
# which is unpacked into CASD=DIR). Without any: all.
# SEED=CACHE OPTIONS=…: the rows of the matrix are real ones of CPython with these options, and the
# common cache begins with the steps of SEED, which has them for the first row.
set -u
LC_ALL=C.UTF-8
export LC_ALL
unset http_proxy https_proxy all_proxy no_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY
unset CFLAGS LDFLAGS MAKEFLAGS MFLAGS MAKELEVEL SOLDER_REMOTE_CACHE SSH_AUTH_SOCK

here=$(cd "$(dirname "$0")" && pwd)
world=$(mktemp -d "${TMPDIR:-/var/tmp}/solder-farm.XXXXXX")
mark=86400.3
. "$here/../broken/world.sh"
. "$here/../lib/machines.sh"
servers=
stop() {
	# shellcheck disable=SC2086
	[ -z "$servers" ] || kill $servers 2>/dev/null
	servers=
	wait
}
trap 'stop; rm -rf "$world"' EXIT
trap 'exit 130' INT TERM

# build CACHE [OPTION...]: a tree of the small world, with that cache; what it says is in $world/err.
build() {
	cache=$1
	shift
	fill_sources "$cache"
	"$SOLDER" build --cache "$world/$cache/cache" -o "$world/$cache/tree" \
		--recipes "$world/recipes" --sources debian --mirror file:/nowhere "$@" \
		>"$world/out" 2>"$world/err"
}

# Of ssh: keys of this test's own, and what each machine has.
start_machines() {
	mkdir -p "$world/ssh" "$world/one" "$world/two"
	[ "$(id -u)" != 0 ] || mkdir -p /run/sshd
	ssh-keygen -q -t ed25519 -N '' -f "$world/ssh/user"
	ssh-keygen -q -t ed25519 -N '' -f "$world/ssh/host"
	cp "$world/ssh/user.pub" "$world/ssh/authorized"
	for machine in one two; do
		mkdir -p "$world/$machine/tmp" "$world/$machine/home"
		port=$(free_port)
		cat >"$world/ssh/$machine" <<END
ListenAddress 127.0.0.1
Port $port
HostKey $world/ssh/host
AuthorizedKeysFile $world/ssh/authorized
PidFile none
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
SetEnv TMPDIR=$world/$machine/tmp MACHINE=$machine SOLDER=$SOLDER
END
		cat >>"$world/ssh/config" <<END
Host $machine
HostName 127.0.0.1
Port $port
IdentityFile $world/ssh/user
IdentitiesOnly yes
UserKnownHostsFile $world/ssh/known
StrictHostKeyChecking accept-new
LogLevel ERROR
END
		# A container: its own processes and /tmp, and the other machine's folders are not there.
		bwrap --dev-bind / / --proc /proc --unshare-pid --tmpfs /tmp --die-with-parent \
			--tmpfs "$world/$([ $machine = one ] && echo two || echo one)" \
			/usr/sbin/sshd -D -f "$world/ssh/$machine" 2>>"$world/ssh/log" &
		servers="$servers $!"
	done
	for i in $(seq 100); do
		if ssh -F "$world/ssh/config" one true && ssh -F "$world/ssh/config" two true; then
			return 0
		fi 2>/dev/null
		sleep 0.1
	done
	cat "$world/ssh/log"
	return 1
}

# The templates of docs/scale.md, with this test's hosts and a line for each step that ran.
machine_of='host=$(echo one two | cut -d" " -f{slot})'
# shellcheck disable=SC2016
by_ssh() {
	echo "$machine_of; tar -C {dir} -c . | ssh -F '$world/ssh/config' \$host '
	d=\$(mktemp -d) && trap \"rm -rf \$d\" EXIT && tar -C \$d -x && echo \$MACHINE {name} >>$world/ran &&
	\"\$SOLDER\" step \$d >&2; status=\$?; rm -rf \$d/inputs; tar -C \$d -c .; exit \$status' | tar -C {dir} -x"
}
by_parallel() {
	echo "$machine_of; cd {dir}/.. && parallel --will-cite --ssh \"ssh -F $world/ssh/config\" -S \$host \
		--workdir ... --transferfile step --return step/log --return step/output.tar.zst \
		--return step/result.json --cleanup 'echo \$MACHINE {name} >>$world/ran; \"\$SOLDER\" step {}' ::: step"
}

same() {
	diff -r --no-dereference "$world/here/tree" "$world/$1/tree" >"$world/differences"
}
both_worked() {
	[ "$(wc -l <"$world/ran")" = 4 ] && grep -q '^one ' "$world/ran" && grep -q '^two ' "$world/ran"
}
nothing_left() {
	[ -z "$(ls -A "$world/one/tmp" "$world/two/tmp" | grep -v '^$\|:$')" ]
}
sleeps() {
	pgrep -f "^sleep $mark" >/dev/null
}
none_sleeps() {
	! sleeps
}
within() { # SECONDS COMMAND...
	tries=$((10 * $1))
	shift
	for i in $(seq $tries); do
		if "$@"; then return 0; fi
		sleep 0.1
	done
	return 1
}
wait_until() {
	within 30 "$@"
}

by_way() { # NAME COMMAND
	: >"$world/ran"
	check "$1: built" build "$1" --farm-jobs 2 --executor "$2"
	check "$1: the same tree" same "$1"
	check "$1: both machines made steps, four in all" both_worked
	check "$1: nothing is left on them" nothing_left
}

# at_work COMMAND: this command of solder that waits for the sleeping program, as its ancestor if it is
# one: other steps may still be at work.
at_work() {
	pid=$(pgrep -o -f "^sleep $mark") ancestor=
	while [ "${pid:-0}" -gt 1 ]; do
		if ps -o args= -p "$pid" | grep -q "^$SOLDER $1"; then ancestor=$pid; fi
		pid=$(ps -o ppid= -p "$pid" | tr -d ' ')
	done
	echo "${ancestor:-$(pgrep -o -f "^$SOLDER $1")}"
}

# kill_slow WORDS SIGNAL COMMAND OPTION...: a build whose step for zlib does not end, and a signal to
# this command of solder when it is at work; returns what the build ended with.
slow_build="build --cache $world/slow/cache"
kill_slow() {
	words=$1 signal=$2 command=$3
	shift 3
	touch "$world/recipes/zlib/slow-zlib"
	build slow "$@" &
	builder=$!
	check "$words" wait_until sleeps
	kill "-$signal" "$(at_work "$command")"
	wait $builder
}

# A build that is interrupted while a worker is at a step.
interrupted() {
	kill_slow "a worker is at work" TERM "$slow_build" --farm-jobs 2 --executor "$(by_ssh)"
	check "a signal ends the build" [ $? -ge 128 ]
	check "and the worker, wherever it is" within 10 none_sleeps
	check "which leaves nothing" wait_until nothing_left
}

# A worker that is killed leaves its folder to the next one.
killed() {
	kill_slow "another worker is at work" KILL "step $world/" --farm-jobs 2 --executor "$(by_ssh)"
	check "a killed worker fails the build" [ $? = 2 ]
	check "in words" grep -q 'the executor' "$world/err"
	check "and what it ran ends" within 10 none_sleeps
	rm "$world/recipes/zlib/slow-zlib"
	check "the same build then works" build slow --farm-jobs 2 --executor "$(by_ssh)"
	check "with the same tree" same slow
	ssh -F "$world/ssh/config" one "\"\$SOLDER\" step /nowhere" >/dev/null 2>&1
	ssh -F "$world/ssh/config" two "\"\$SOLDER\" step /nowhere" >/dev/null 2>&1
	check "and the folder of the killed one is gone" nothing_left
}

part_executor() {
	check "two machines listen" start_machines
	check "here: built" build here
	by_way ssh "$(by_ssh)"
	by_way parallel "$(by_parallel)"
	interrupted
	killed
	stop
}

# ---- a matrix of 8 rows ----------------------------------------------------------------------

serve_cache() {
	mkdir -p "$world/nginx/store"
	port=$(free_port)
	sed -e "s,@ROOT@,$world/nginx,; s,@PORT@,$port,; s,@RATE@,0," "$here/../remote/nginx.conf" \
		>"$world/nginx/conf"
	/usr/sbin/nginx -c "$world/nginx/conf" 2>/dev/null &
	servers="$servers $!"
	wait_until curl -s -o "$world/answer" "http://127.0.0.1:$port/"
}

# The archives of the trees below a folder, by name.
archives() {
	for tree in "$1"/*; do
		(cd "$tree" && tar --sort=name --owner=0 --group=0 --numeric-owner -cf - -- *) | sha256sum |
			sed "s,-$,${tree##*/},"
	done
}

# The rows, and what every build of them has; the cache of a machine that begins.
small_matrix() {
	cat >"$world/matrix.yaml" <<END
versions: [3.13.2, 3.13.5]
options:
  static: {}
  shared: {link: shared}
  static-lazy: {bind: lazy}
  shared-lazy: {link: shared, bind: lazy}
END
	common="--recipes $world/recipes --sources debian --mirror file:/nowhere"
	start_cache() { fill_sources "$1"; }
}
real_matrix() {
	cat >"$world/matrix.yaml" <<END
versions: [3.13]
options:
  static: {}
  shared: {link: shared}
  static-lazy: {bind: lazy}
  shared-lazy: {link: shared, bind: lazy}
  static-no-soname: {soname: no}
  shared-plain-calls: {link: shared, symbolic: no}
  static-shuffled: {shuffle: 7}
  shared-shuffled: {link: shared, shuffle: 7}
END
	common=$OPTIONS
	start_cache() { mkdir -p "$world/$1/cache" && cp -al "$SEED/sources" "$world/$1/cache/"; }
}
# The steps of a first row, from SEED.
give_seed() {
	# shellcheck disable=SC2086
	start_cache first && "$SOLDER" build -n --json --cache "$SEED" $OPTIONS >"$world/plan" 2>"$world/err" &&
		python3 "$here/../remote/seed.py" "$world/plan" "$SEED" "$world/first/cache" 2>"$world/err" &&
		"$SOLDER" build --cache "$world/first/cache" -o "$world/first/tree" $OPTIONS \
			--remote-cache "http://127.0.0.1:$port" --remote-cache-mode readwrite >"$world/out" 2>"$world/err"
}

part_matrix() {
	if [ -n "${SEED:-}" ]; then real_matrix; else small_matrix; fi
	check "two machines listen" start_machines
	check "which do not see each other" ssh -F "$world/ssh/config" one "test ! -e $world/two/home"
	check "a cache for both" serve_cache
	[ -z "${SEED:-}" ] || check "which has the steps of a first row" give_seed
	start_cache one
	start_cache two
	start_cache alone
	whole() { # MACHINE [OPTION...]
		machine=$1
		shift
		# shellcheck disable=SC2086
		"$SOLDER" build --matrix "$world/matrix.yaml" --cache "$world/$machine/cache" \
			-o "$world/$machine/dist" $common "$@" >"$world/out" 2>"$world/err"
	}
	[ -z "${SEED:-}" ] || cp -al "$world/first/cache/store" "$world/first/cache/logs" "$world/alone/cache/"
	check "one machine makes all rows" whole alone
	"$SOLDER" build --matrix "$world/matrix.yaml" --matrix-list >"$world/rows.json"
	python3 -c 'import json, sys; [print(r["name"] + "\t" + r["args"]) for r in json.load(sys.stdin)["include"]]' \
		<"$world/rows.json" >"$world/rows"
	# A row a line; each machine has a cache of its own, and takes from the common one.
	together() {
		parallel --will-cite --colsep '\t' --ssh "ssh -F $world/ssh/config" -S 1/one,1/two \
			--joblog "$world/jobs" \
			"\"\$SOLDER\" build {=2 uq() =} --cache $world/\$MACHINE/cache -o $world/farm/{1} \
			$common --remote-cache http://127.0.0.1:$port --remote-cache-mode readwrite" \
			:::: "$world/rows" >"$world/out" 2>"$world/err"
	}
	check "two machines make them through GNU parallel" together
	archives "$world/alone/dist" >"$world/sums"
	archives "$world/farm" >"$world/sums-farm"
	eight() { [ "$(wc -l <"$world/sums")" = 8 ] && cmp "$world/sums" "$world/sums-farm"; }
	check "8 rows, the same archives" eight
	start_cache third
	check "a third machine" whole third --remote-cache "http://127.0.0.1:$port" --keep-going
	found_all() { grep -q '^the remote cache: .*taken' "$world/err" && ! grep -q '\] .*started' "$world/err"; }
	check "finds every step in the cache" found_all
	archives "$world/third/dist" >"$world/sums-farm"
	check "and has the same archives" eight
	hosts() { [ "$(awk 'NR > 1 { print $2 }' "$world/jobs" | sort -u | wc -l)" = 2 ]; }
	check "of both machines" hosts
	awk 'NR > 1 { n[$2]++; t[$2] += $4 } END { for (h in n) printf "    %s: %d rows, %.0f s\n", h, n[h], t[h] }' \
		"$world/jobs"
	stop
}

# ---- two servers of distcc ---------------------------------------------------------------------

start_distcc() {
	DISTCC_HOSTS=
	for n in 1 2; do
		port=$(free_port)
		distccd --no-detach --daemon --listen 127.0.0.1 --allow 127.0.0.1 --port "$port" \
			--make-me-a-botnet --log-level info --log-stderr 2>"$world/distccd.$n" &
		servers="$servers $!"
		DISTCC_HOSTS="$DISTCC_HOSTS 127.0.0.1:$port/2"
	done
	export DISTCC_HOSTS
	wait_until grep -qs listening "$world/distccd.1" && wait_until grep -qs listening "$world/distccd.2"
}

# How many files the servers compiled, each.
compiled() {
	for n in 1 2; do
		grep -c 'COMPILE_OK' "$world/distccd.$n"
	done
}

part_distcc() {
	check "two servers of distcc" start_distcc
	[ -d "$world/here/tree" ] || check "here: built" build here
	check "distcc: built" build distcc --launcher distcc --farm-jobs 4
	check "distcc: the same tree" same distcc
	compiled >"$world/counts"
	echo "    files compiled by the servers: $(tr '\n' ' ' <"$world/counts")"
	# Two packages, and two files of the compile; one more on each is the trial.
	all_compiled() { [ "$(awk '{ n += $1 } END { print n }' "$world/counts")" = 6 ]; }
	check "distcc: every compile was theirs" all_compiled
	same_keys() { [ "$(ls "$world/here/cache/store")" = "$(ls "$world/distcc/cache/store")" ]; }
	check "distcc: the same keys" same_keys
	nobodys() { [ ! -e "$world/distcc/cache/store/$(ls "$world/distcc/cache/store" | grep zlib)/shared" ]; }
	check "distcc: but given to nobody" nobodys
	DISTCC_HOSTS="$DISTCC_HOSTS 127.0.0.1:$(free_port)"
	build lost --launcher distcc
	check "a server that does not answer is told of" [ $? = 2 ]
	check "by name" grep -q "launcher 'distcc' on 127.0.0.1:.* does not make" "$world/err"
	build lost --launcher distcc --sandbox none
	check "without a sandbox it is refused" grep -q 'needs the sandbox' "$world/err"
	unset DISTCC_HOSTS
	build lost --launcher distcc
	check "and so it is without servers" [ $? = 64 ]
	stop
}

# ---- other launchers ---------------------------------------------------------------------------

# by_launcher NAME LAUNCHER [OPTION...]: two machines build through it.
by_launcher() {
	name=$1 launcher=$2
	shift 2
	check "$name: built" build "$name" --launcher "$launcher" "$@"
	check "$name: the same tree" same "$name"
	check "$name: built by another machine" build "$name-again" --launcher "$launcher" "$@"
	check "$name: its tree is the same" same "$name-again"
}

# What a launcher keeps: files that the second machine did not add to.
ccache_hits() {
	ccache -d "$CCACHE_DIR" --print-stats >"$world/err"
	[ "$(sed -n 's/^direct_cache_hit\t//p; s/^preprocessed_cache_hit\t//p' "$world/err" |
		awk '{ n += $1 } END { print n }')" -ge 4 ]
}

part_launchers() {
	[ -d "$world/here/tree" ] || check "here: built" build here
	export CCACHE_DIR="$world/kept-by-ccache"
	mkdir "$CCACHE_DIR"
	by_launcher ccache ccache
	check "ccache: the second machine's compiles were there" ccache_hits
	check "casd" start_casd
	export RECC_SERVER="http://$service" RECC_CACHE_ONLY=1 RECC_CACHE_UPLOAD_LOCAL_BUILD=1 RECC_LOG_LEVEL=info
	by_launcher recc "${casd%/*}/recc"
	recc_hits() { [ "$(grep -c 'ActionResult found' "$world/casd/log")" = 4 ]; }
	check "recc: the second machine's compiles were there" recc_hits
	build lost --launcher sccache
	check "sccache is refused" [ $? = 2 ]
	check "with the reason" grep -q "does not see a step's files" "$world/err"
	stop
}

# ---- Slurm on this host ------------------------------------------------------------------------

start_slurm() {
	mkdir -p "$world/slurm/state" "$world/slurm/spool"
	cat >"$world/slurm/slurm.conf" <<END
ClusterName=test
SlurmctldHost=$(hostname -s)(127.0.0.1)
SlurmctldPort=$(free_port)
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
AuthType=auth/none
CredType=cred/none
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
StateSaveLocation=$world/slurm/state
SlurmdSpoolDir=$world/slurm/spool
SlurmctldPidFile=$world/slurm/ctld.pid
SlurmdPidFile=$world/slurm/d.pid
ReturnToService=2
NodeName=$(hostname -s) NodeAddr=127.0.0.1 Port=$(free_port) CPUs=$(nproc)
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
END
	export SLURM_CONF="$world/slurm/slurm.conf"
	/usr/sbin/slurmctld -D >"$world/slurm/ctld.log" 2>&1 &
	servers="$servers $!"
	/usr/sbin/slurmd -D >"$world/slurm/d.log" 2>&1 &
	servers="$servers $!"
	idle() { [ "$(sinfo -h -o %T 2>/dev/null)" = idle ]; }
	wait_until idle
}

part_slurm() {
	check "Slurm runs" start_slurm
	[ -d "$world/here/tree" ] || check "here: built" build here
	: >"$world/ran"
	check "srun: built" build slurm --farm-jobs 2 \
		--executor "echo {name} >>$world/ran; srun -Q -c 1 $SOLDER step {dir}"
	check "srun: the same tree" same slurm
	four() { [ "$(wc -l <"$world/ran")" = 4 ]; }
	check "srun: four steps" four
	jobs_done() { [ "$(grep -c 'job_complete.*done' "$world/slurm/ctld.log")" = 4 ]; }
	check "srun: four jobs of Slurm" jobs_done
	kill_slow "a job is at work" TERM "$slow_build" --executor "srun -Q $SOLDER step {dir}"
	check "a signal ends the job" within 10 none_sleeps
	rm "$world/recipes/zlib/slow-zlib"
	ended() { [ -z "$(squeue -h)" ]; }
	check "and Slurm has none left" wait_until ended
	stop
}

# ---- an execution service ----------------------------------------------------------------------

start_casd() {
	casd=$(python3 "$here/../remote/casd.py" "$CASD") || return 1
	mkdir -p "$world/casd/tmp"
	service=127.0.0.1:$(free_port)
	TMPDIR="$world/casd/tmp" "$casd" --bind "$service" --buildbox-run "${casd%/*}/runner" \
		--runner-arg=--graceful-shutdown-seconds=10 --cache-failures=false --log-level info \
		"$world/casd/store" 2>"$world/casd/log" &
	servers="$servers $!"
	wait_until grep -qs 'Server listening' "$world/casd/log"
}

# The template of docs/scale.md. {dir} is the input tree, and the outputs come back into it.
by_trexe() {
	cat <<END
	trexe="${casd%/*}/trexe --remote=http://$service"
	job=\$(\$trexe --no-wait --input-path={dir} --output-path=output.tar.zst --output-path=log \
		--output-path=result.json --d={dir} "$SOLDER" step .) || exit
	[ -z "\$job" ] || { trap "\$trexe --operation=\$job --cancel" TERM
	\$trexe --operation=\$job --wait --d={dir}; }
END
}

# How often casd's log has each: a job handed out, one run to its end, an output that was there already.
casd_counts() {
	for line in '] Execute request' 'Runner exited with code 0' 'ActionResult found'; do
		grep -cF "$line" "$world/casd/log"
	done | paste -sd ' '
}
counts_are() {
	casd_counts >"$world/err"
	[ "$(cat "$world/err")" = "$1" ]
}
service_is_clean() {
	[ -z "$(ls -A "$world/casd/store/cas/staging")" ] && ! ls -d "$world"/casd/tmp/solder-step* 2>/dev/null
}

part_trexe() {
	check "casd with an execution service" start_casd
	[ -d "$world/here/tree" ] || check "here: built" build here
	check "trexe: built" build trexe --farm-jobs 2 --executor "$(by_trexe)"
	check "trexe: the same tree" same trexe
	check "trexe: the service made the four steps" counts_are '4 4 0'
	check "trexe: nothing is left there" service_is_clean
	check "trexe: built by another machine" build again --farm-jobs 2 --executor "$(by_trexe)"
	check "trexe: its tree is the same" same again
	check "trexe: of the four outputs that were there" counts_are '4 4 4'
	kill_slow "a job is at work" KILL 'step [.]$' --farm-jobs 1 --executor "$(by_trexe)"
	check "a killed worker fails the build" [ $? = 2 ]
	check "in words" grep -q 'the executor' "$world/err"
	check "and what it ran ends" within 10 none_sleeps
	kill_slow "its failure is not an output: the job is at work again" TERM "$slow_build" \
		--farm-jobs 1 --executor "$(by_trexe)"
	check "a signal ends the job" within 10 none_sleeps
	check "which leaves nothing" wait_until service_is_clean
	rm "$world/recipes/zlib/slow-zlib"
	stop
}

make_world
[ $# != 0 ] || set -- executor matrix distcc slurm trexe
for part; do
	"part_$part"
done
[ $failed = 0 ]
