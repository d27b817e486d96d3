# solder: GNU make and pkg-config. `make help` lists the targets.

VERSION := 0.1.0
CC ?= cc
PREFIX ?= /usr/local
OUT ?= out
PKG_CONFIG ?= pkg-config

LIBRARIES := libcurl libarchive libzstd zlib libcrypto jansson libfyaml capstone libdw
# What `make dist` and `make check` need on Debian and Ubuntu.
PACKAGES_BUILD := build-essential pkgconf libcurl4-openssl-dev libarchive-dev libzstd-dev \
	zlib1g-dev libdeflate-dev libssl-dev libjansson-dev libfyaml-dev libcapstone-dev libdw-dev
PACKAGES_PYTHON := bubblewrap patch perl tcl autoconf automake libtool xz-utils binutils \
	gperf python3 pkgconf
# The compiler that makes the fastest Python; where it cannot be had, gcc does it.
PACKAGES_FAST := clang-22 lld-22 llvm-22
PACKAGES_RELEASE := bolt-22 valgrind
PACKAGES_CHECK := libcmocka-dev clang-14 libclang-rt-14-dev clang-format-14 cmake python3 openssl \
	libcap2-bin lld-14 gcc-aarch64-linux-gnu libc6-dev-arm64-cross patchelf \
	python3-dev python3-pip python3-pip-whl python3-setuptools-whl valgrind gdb \
	minisign signify-openbsd gpg gpg-agent gpgv llvm-14
PACKAGES_PACK := gdb libarchive-tools python3-venv zstd
PACKAGES_REMOTE := nginx-light openssl python3 python3-h2
PACKAGES_FARM := nginx-light curl openssl python3 openssh-server openssh-client rsync parallel procps distcc slurmctld slurmd slurm-client
PACKAGES_TARGETS := qemu-user-static $(foreach m,arm64 riscv64 ppc64el s390x armhf,libc6-dev-$m-cross) \
	$(foreach m,aarch64-linux-gnu riscv64-linux-gnu powerpc64le-linux-gnu s390x-linux-gnu \
	arm-linux-gnueabihf,gcc-$m g++-$m) musl-tools
PACKAGES_HTML := chromium python3
PACKAGES_TK := xvfb x11-apps x11-utils imagemagick fonts-dejavu-core libegl1 libgl1 libxkbcommon-x11-0 \
	libxcb-cursor0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-render-util0 libxcb-xinerama0

WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla \
	-Wpointer-arith -Wwrite-strings -Wundef
# DEVELOPER=1 is the one switch for strictness.
ifeq ($(DEVELOPER),1)
WARNINGS += -Werror
endif
CFLAGS ?= -O2 -g

# As Debian builds its own network programs. Of the flags those count that the compiler knows for
# this machine. Sanitizers have checks of their own in these places, and -D_FORTIFY_SOURCE needs an
# optimizing compiler. HARDENING= turns it off.
# For commas in arguments of functions.
, := ,
ifeq ($(findstring -fsanitize,$(CFLAGS) $(LDFLAGS)),)
try = $(shell $(CC) -Werror $(1) -x c -o /dev/null - </dev/null -c 2>/dev/null && echo '$(1)')
try_link = $(shell echo 'int main(void){return 0;}' | \
	$(CC) -Werror -fPIE $(1) -x c -o /dev/null - 2>/dev/null && echo '$(1)')
HARDENING := $(foreach f,-fPIE -fstack-protector-strong -fstack-clash-protection \
	$(or $(call try,-fcf-protection),-mbranch-protection=standard),$(call try,$f)) \
	$(if $(filter -O1 -O2 -O3 -Os -Og,$(CFLAGS)),-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
ifneq ($(strip $(HARDENING)),)
HARDENING_LINK := $(foreach f,-pie -Wl$(,)-z$(,)relro -Wl$(,)-z$(,)now -Wl$(,)-z$(,)noexecstack \
	-Wl$(,)-z$(,)separate-code,$(call try_link,$f))
endif
endif

# As every compiler takes our sources, the lint's too.
LANGUAGE = -std=gnu17 -D_GNU_SOURCE -DSOLDER_VERSION='"$(VERSION)"' -Isrc \
	-include src/base/banned.h $(WARNINGS) $(shell $(PKG_CONFIG) --cflags $(LIBRARIES))
ALL_CFLAGS = $(LANGUAGE) $(HARDENING) $(CFLAGS)
# Older packages of libdeflate have no file for pkg-config.
ALL_LIBS = $(shell $(PKG_CONFIG) --libs $(LIBRARIES)) -ldeflate -pthread -lm $(LDLIBS)

SOURCES := $(sort $(wildcard src/*.c src/*/*.c))
OBJECTS := $(SOURCES:%.c=$(OUT)/obj/%.o)
# Without the commands, which need the table in main.c.
ROOM_OBJECTS := $(filter-out $(OUT)/obj/src/main.o $(OUT)/obj/src/cmd/%,$(OBJECTS))
UNIT_TESTS := $(patsubst tests/unit/%.c,$(OUT)/tests/%,$(sort $(wildcard tests/unit/test_*.c)))
FUZZERS := $(patsubst tests/fuzz/fuzz_%.c,%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))

# V=1 shows whole commands.
ifeq ($(V),1)
say = @:
Q :=
else
say = @echo "  $(1)	$@"
Q := @
endif

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:

all: $(OUT)/solder ## build solder itself
.PHONY: all

$(OUT)/solder: $(OBJECTS)
	$(call say,LD)
	$(Q)$(CC) $(CFLAGS) $(HARDENING_LINK) $(LDFLAGS) -o $@ $^ $(ALL_LIBS)

# What tests link: all rooms but the commands.
$(OUT)/librooms.a: $(ROOM_OBJECTS)
	$(call say,AR)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(OUT)/obj/%.o: %.c $(OUT)/flags
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(ALL_CFLAGS) $(EXTRA_CFLAGS) -MMD -MP -c -o $@ $<

# The assembler takes these in.
$(OUT)/obj/src/report/html.o: src/report/page.css src/report/page.js
$(OUT)/obj/src/bench/play.o: src/bench/lacking.py
$(OUT)/obj/src/check/foreign-claims.o: src/check/stable-abi.txt
$(OUT)/obj/src/check/rules-start.o: src/check/bytecode.py src/check/commands.py
$(OUT)/obj/src/cpython/relocate.o: src/cpython/sysconfig.py
$(OUT)/obj/src/explain/startup.o: src/explain/modules.py
$(OUT)/obj/src/pack/package.o: src/pack/ask.py
$(OUT)/obj/src/pack/write.o: src/pack/relink.sh src/pack/run_tests.py
$(OUT)/obj/src/python/ask.o: src/python/ask.py src/python/home.py

# Objects depend on how they are compiled.
$(OUT)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(CC) $(ALL_CFLAGS) $(EXTRA_CFLAGS)' | cmp -s - $@ || \
		echo '$(CC) $(ALL_CFLAGS) $(EXTRA_CFLAGS)' >$@
FORCE:
.PHONY: FORCE

-include $(OBJECTS:.o=.d) $(wildcard $(OUT)/obj/tests/*/*.d)

include tests/tests.mk

packages: ## install what solder and its builds need, on Debian and Ubuntu
	@sh tests/lib/packages.sh $(PACKAGES_BUILD) $(PACKAGES_PYTHON)
.PHONY: packages

# How it is built: without the compiler named above it is gcc's full LTO.
DIST_FORM := --cc best --lto best
dist: packages ## build solder and a real Python with it; RELEASE=1 for the fastest form
	@sh tests/lib/packages.sh --optional $(PACKAGES_FAST) $(if $(RELEASE),$(PACKAGES_RELEASE))
	+@$(MAKE) --no-print-directory all
	@sh tests/dist/demo.sh $(OUT)/solder $(DIST_FORM) $(if $(RELEASE),--bolt auto) $(DIST_FLAGS)
.PHONY: dist

# Each trains for as long as a build takes; `solder build` then takes them from the recipe.
PROFILE_COMPILERS := gcc clang-22
profiles: all ## train the locked profiles again (CPython's version: PROFILE_VERSION)
	@sh recipes/cpython/profiles/make.sh $(OUT)/solder $(or $(PROFILE_VERSION),3.13.15) $(PROFILE_COMPILERS)
.PHONY: profiles

install: all ## install solder, its data, man pages and completions below PREFIX
	install -D $(OUT)/solder $(DESTDIR)$(PREFIX)/bin/solder
	mkdir -p $(DESTDIR)$(PREFIX)/share/solder $(DESTDIR)$(PREFIX)/share/man/man1
	cp -R probes recipes training wheels workloads $(DESTDIR)$(PREFIX)/share/solder/
	rm -rf $(DESTDIR)$(PREFIX)/share/solder/workloads/__pycache__ \
		$(DESTDIR)$(PREFIX)/share/solder/workloads/libraries/__pycache__
	$(OUT)/solder man solder >$(DESTDIR)$(PREFIX)/share/man/man1/solder.1
	for c in $$($(OUT)/solder --help | sed -n '/^Commands:/,/^$$/s/^  \([a-z]*\) .*/\1/p'); do \
		$(OUT)/solder man $$c >$(DESTDIR)$(PREFIX)/share/man/man1/solder-$$c.1 || exit 1; done
	install -d $(DESTDIR)$(PREFIX)/share/bash-completion/completions \
		$(DESTDIR)$(PREFIX)/share/zsh/site-functions \
		$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d
	$(OUT)/solder completion bash >$(DESTDIR)$(PREFIX)/share/bash-completion/completions/solder
	$(OUT)/solder completion zsh >$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_solder
	$(OUT)/solder completion fish >$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/solder.fish
.PHONY: install

# For tests/lib/lint.sh.
show-language:
	@echo "$(subst ",\",$(LANGUAGE) $(TEST_CFLAGS))"
.PHONY: show-language

clean: ## remove what was built (not the cache, not dist/)
	rm -rf $(OUT)
.PHONY: clean

help: ## list the targets
	@sed -n 's/^\([a-z][a-z-]*\):.*## /\1\t/p' Makefile tests/tests.mk | sort | \
		awk -F'\t' '{ printf "  %-14s %s\n", $$1, $$2 }'
.PHONY: help
