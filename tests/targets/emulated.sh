# Runs a command where programs of another machine run like one's own, through qemu-user:
#
#   sh tests/targets/emulated.sh ARCH COMMAND...
#
# ARCH is the word in the name of qemu's program: aarch64, riscv64, ppc64le, s390x, arm. The kernel is
# told of it in a namespace of its own (binfmt_misc has them since Linux 6.7), which ends with the
# command; nobody else sees it. QEMU_LD_PREFIX says where the machine's C library is.
set -eu
arch=$1
shift

fail() {
	echo "$1" >&2
	exit 2
}

qemu=$(command -v "qemu-$arch-static" || command -v "qemu-$arch") ||
	fail "there is no qemu-$arch: install the package qemu-user-static"
# The class, the order of bytes, and the machine in an ELF file.
case $arch in
aarch64) kind='\x02\x01' machine='\xb7\x00' triple=aarch64-linux-gnu ;;
riscv64) kind='\x02\x01' machine='\xf3\x00' triple=riscv64-linux-gnu ;;
ppc64le) kind='\x02\x01' machine='\x15\x00' triple=powerpc64le-linux-gnu ;;
s390x) kind='\x02\x02' machine='\x00\x16' triple=s390x-linux-gnu ;;
arm) kind='\x01\x01' machine='\x28\x00' triple=arm-linux-gnueabihf ;;
*) fail "emulated.sh does not know '$arch'" ;;
esac
# Programs and shared objects alike.
case $arch in
s390x) type='\x00\x02' types='\xff\xfe' ;;
*) type='\x02\x00' types='\xfe\xff' ;;
esac
rest='\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00'
all='\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff'
rule=":solder:M::\\x7fELF$kind$rest$type$machine:$all$types\\xff\\xff:$qemu:F"
[ -d "/usr/$triple/lib" ] || fail "there is no C library in /usr/$triple: install that of libc6-dev's cross package"
export QEMU_LD_PREFIX="${QEMU_LD_PREFIX:-/usr/$triple}"
# mount, and the shell within, find the names that they need in the environment.
export RULE="$rule"
exec unshare --user --map-root-user --mount sh -c '
	mount -t binfmt_misc none /proc/sys/fs/binfmt_misc &&
		printf "%s\n" "$RULE" >/proc/sys/fs/binfmt_misc/register || {
		echo "the kernel does not let a namespace have programs of another machine: Linux 6.7 does" >&2
		exit 2
	}
	unset RULE
	exec "$@"' sh "$@"
