# Makes corpus/code/unbolted and bolted, and corpus/elf/bolted and bolted-damaged: a program before
# and after BOLT 22, and what GNU strip 2.40 makes of it. It takes clang, lld, llvm-bolt and llvm-strip
# 22, so the results are kept; tests/unit/test_bolt.c and tests/cli/*-bolted read them.
#
#   sh tests/fuzz/bolted.sh FOLDER
set -eu
cd "$1"
cat >bolted.c <<'C'
#define N __attribute__((noinline))

volatile int sink;

static long syscall3(long n, long a, long b, long c)
{
	long r;

	__asm__ volatile("syscall" : "=a"(r) : "a"(n), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
	return r;
}

N void report(int n) { sink += n; syscall3(1, 2, (long)"seldom\n", 7); }
N int same_a(int n) { sink += 3; return n * 7 + sink; }
N int same_b(int n) { sink += 3; return n * 7 + sink; }

/* The branch is not in the profile, and is taken when there is an argument. */
N static int work(int n, int seldom)
{
	int sum = 0;

	for (int i = 0; i < n; i++) {
		if (i == seldom) {
			report(i);
			sum ^= sink * 5;
			sink = sum + i;
		}
		sum += i * 3 + sink;
	}
	return sum;
}

N int pick(int k, int v)
{
	switch (k) {
	case 0: return v + sink;
	case 1: return v * 3 - sink;
	case 2: return v ^ sink;
	case 3: report(v); return v / 3;
	default: sink = k; report(k); return v % 5;
	}
}

/* Not in the profile at all. */
N int left(int n) { return n > 1 ? work(n, -1) - n : sink; }

__attribute__((used)) void begin(long *stack)
{
	int argc = (int)stack[0], sum = 0;

	for (int i = 0; i < 1000; i++) {
		sum += work(10, argc > 1 && i % 100 == 0 ? 5 : -1);
		sum = pick(i % 3, sum) + same_a(i) + same_b(i);
	}
	if (argc > 1)
		sum += left(argc);
	syscall3(231, sum == 1, 0, 0);
	__builtin_unreachable();
}

__asm__(".globl _start\n.type _start,@function\n_start: mov %rsp,%rdi\nand $-16,%rsp\ncall begin\n.size _start,.-_start\n");
C
# The profile: neither report() nor left() ran, and work() never called report().
cat >profile <<'P'
1 begin 18 1 begin 75 0 1
1 begin 7d 1 begin 20 0 1000
1 begin 37 1 work/1 0 0 1000
1 begin 46 1 pick 0 0 1000
1 begin 51 1 same_a 0 0 1000
1 begin 5c 1 same_b 0 0 1000
1 begin 73 1 begin 75 0 999
1 begin 73 1 begin a6 0 1
1 begin a9 1 begin b4 0 1
1 work/1 1e 1 work/1 59 0 1000
1 work/1 5c 1 work/1 5e 0 10000
1 work/1 61 1 work/1 3c 0 10000
1 work/1 57 1 work/1 59 0 9000
1 work/1 57 1 work/1 63 0 1000
1 pick 6 1 pick 8 0 1000
1 pick a 1 pick 11 0 334
1 pick a 1 pick 44 0 333
1 pick a 1 pick 19 0 333
P
clang-22 -O2 -fno-pic -nostdlib -static -fno-stack-protector -fcf-protection=none -fuse-ld=lld-22 \
	-Wl,--emit-relocs,-z,noseparate-code,-z,max-page-size=4096 -o relocs bolted.c
llvm-bolt-22 relocs -o bolted -data profile -no-huge-pages -align-text=64 -hot-text=0 \
	-reorder-blocks=ext-tsp -reorder-functions=cdsort -split-functions \
	-split-strategy=cdsplit -icf=all --no-threads
llvm-strip-22 --strip-debug relocs -o unbolted
strip bolted -o bolted-damaged 2>/dev/null
