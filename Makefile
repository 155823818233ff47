# Selvage: one makefile for everything. `make V=1` shows the commands.
#
#   make             build/selvage, build/libselvage.{a,so}, build/libselvage-compiler.so
#   make check       all tests (quick: those of under three minutes); spec: the official suite
#   make asan        the quick tests under AddressSanitizer and UBSan
#   make tsan        tests of threads under ThreadSanitizer
#   make style       lengths, include rules, exported symbols, format
#   make install     to DESTDIR and PREFIX
#   make rust-toolchain   rustc and cargo with wasm targets, for sdk/rust
#
# A new source file needs no edit here: each folder is taken as a whole.

BUILD ?= build
# Relative however it is given: objects made under one name are found under the other.
override BUILD := $(patsubst $(CURDIR)/%,%,$(abspath $(BUILD)))
PREFIX ?= /usr/local
bindir = $(PREFIX)/bin
libdir = $(PREFIX)/lib
includedir = $(PREFIX)/include
mandir = $(PREFIX)/share/man
datadir = $(PREFIX)/share
unitdir = $(PREFIX)/lib/systemd/system
LLVM ?= /usr/lib/llvm-22

CFLAGS ?= -O2 -g
CXXFLAGS ?= -O2 -g
WARNINGS = -Wall -Wextra -Werror
PARTS = -fPIC -fvisibility=hidden -pthread
CPPFLAGS_ALL = -D_GNU_SOURCE -I. -isystem $(LLVM)/include -isystem /usr/share/include -MMD -MP $(CPPFLAGS)
CFLAGS_ALL = -std=c11 $(PARTS) $(WARNINGS) $(CFLAGS) $(SANITIZE)
CXXFLAGS_ALL = -std=c++17 $(PARTS) $(WARNINGS) $(CXXFLAGS) $(SANITIZE)
LDFLAGS_ALL = -pthread -Wl,--as-needed -Wl,-z,relro,-z,now,-z,noexecstack,-z,defs $(LDFLAGS) $(SANITIZE)

VERSION := $(shell sed -n 's/.*SV_VERSION "\(.*\)"/\1/p' base/version.h)
SOVERSION := 0

# ---- what is built from what ----

objects = $(patsubst %,$(BUILD)/%.o,$(basename $(1)))

BASE := $(wildcard base/*.c abi/*.c)
RUNTIME := $(wildcard runtime/*.c runtime/arch/*.c runtime/arch/x86_64/*.[cS])
HOST := $(wildcard host/*.c host/*/*.c host/*.cc)
SERVER := $(wildcard server/*.c)
PLATFORM := $(wildcard platform/*.c)
CLI := $(wildcard cli/*.c cli/*/*.c)
TEXT := compiler/wat.cc
# Files of the compiler that use LLVM; the rest reads, validates and needs no LLVM.
BACK_NAMES := compile budget disassemble lower% optimise% emit% package% target% debug% artifact% link% shard% exact% profile%
BACK := $(filter $(BACK_NAMES:%=compiler/%.c),$(wildcard compiler/*.c)) \
	$(filter-out $(TEXT),$(wildcard compiler/*.cc))
FRONT := $(filter-out $(BACK),$(wildcard compiler/*.c))
LLHTTP := $(addprefix $(BUILD)/llhttp/,api.o http.o llhttp.o)

LIB_OBJECTS := $(call objects,$(BASE) $(RUNTIME))
COMPILER_OBJECTS := $(call objects,$(BASE) $(FRONT) $(BACK))
PROGRAM_OBJECTS := $(call objects,$(BASE) $(RUNTIME) $(FRONT) $(HOST) $(SERVER) $(PLATFORM) $(TEXT)) $(LLHTTP)
# Archives: a program starts in a third of the time (docs/decisions/0019).
PROGRAM_LIBS = -static-libstdc++ -static-libgcc -Wl,--exclude-libs,ALL -Wl,--gc-sections -Wl,-z,pack-relative-relocs \
	-Wl,-Bstatic -lwabt -ldw -lelf -lz -llzma -lbz2 -ljansson -lsqlite3 -lseccomp -lnghttp2 -lbrotlienc -lbrotlidec -lbrotlicommon -lssl -lcrypto -lcares -Wl,-Bdynamic -ldl -lm
COMPILER_LIBS = -L$(LLVM)/lib -llldELF -llldCommon -lLLVM-22 -lelf -lz -lzstd

# tests/unit/X.c is the program X; all of tests/SUITE/*.c together are the program SUITE.
UNIT_TESTS := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/unit/*.c))
SUITE_DIRS := $(filter-out unit lib,$(sort $(patsubst tests/%/,%,$(dir $(wildcard tests/*/*.c)))))
SUITE_TESTS := $(SUITE_DIRS:%=$(BUILD)/tests/%/program)

PROGRAM := $(BUILD)/selvage
LIBRARIES := $(BUILD)/libselvage.a $(BUILD)/libselvage.so $(BUILD)/libselvage-compiler.so

all: $(PROGRAM) $(LIBRARIES)

ifndef V
Q = @
say = @printf '  %-5s %s\n'
else
say = @:
endif

# ---- packages ----

$(BUILD)/.packages: packaging/debian-packages
	$(Q)packaging/install-packages build
	$(Q)mkdir -p $(@D) && touch $@

$(BUILD)/.test-packages: packaging/debian-packages
	$(Q)packaging/install-packages build test
	$(Q)mkdir -p $(@D) && touch $@

# ---- objects ----

$(BUILD)/%.o: %.c | $(BUILD)/.packages
	$(say) CC $<
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -c -o $@ $<

$(BUILD)/%.o: %.S | $(BUILD)/.packages
	$(say) AS $<
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -c -o $@ $<

$(BUILD)/%.o: %.cc | $(BUILD)/.packages
	$(say) C++ $<
	$(Q)mkdir -p $(@D)
	$(Q)$(CXX) $(CPPFLAGS_ALL) $(CXXFLAGS_ALL) -c -o $@ $<

# Debian's sources, not ours: no warnings, and their own headers.
$(BUILD)/llhttp/%.o: | $(BUILD)/.packages
	$(say) CC llhttp/$*.c
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -I/usr/share/include -I/usr/share/include/llhttp $(PARTS) $(CFLAGS) $(SANITIZE) -w \
		-DLLHTTP_STRICT_MODE=1 -c -o $@ /usr/share/llhttp/$*.c

# LLVM is built without type information, so what derives from its classes has none.
$(BUILD)/compiler/exact_%.o $(BUILD)/compiler/emit_trap_%.o: CXXFLAGS_ALL += -fno-rtti

# ---- libraries ----

# One relocatable object, so that nothing but the public functions can be linked against.
$(BUILD)/libselvage.a: $(LIB_OBJECTS)
	$(say) AR $@
	$(Q)$(LD) -r -o $(BUILD)/libselvage.o $^ && objcopy --localize-hidden $(BUILD)/libselvage.o
	$(Q)rm -f $@ && $(AR) rc $@ $(BUILD)/libselvage.o

$(BUILD)/libselvage.so: $(LIB_OBJECTS)
	$(say) LINK $@
	$(Q)$(CC) -shared $(LDFLAGS_ALL) -Wl,-soname,libselvage.so.$(SOVERSION) -o $@ $^ -ldw -lelf -lz -lm
	$(Q)ln -sf libselvage.so $@.$(SOVERSION)

# Templates of the C++ library are visible whatever the flags: the list of exports hides them.
$(BUILD)/libselvage-compiler.so: $(COMPILER_OBJECTS) compiler/exports.map
	$(say) LINK $@
	$(Q)$(CXX) -shared $(LDFLAGS_ALL) -Wl,-soname,libselvage-compiler.so.$(SOVERSION) \
		-Wl,--version-script,compiler/exports.map -o $@ $(COMPILER_OBJECTS) $(COMPILER_LIBS)
	$(Q)ln -sf libselvage-compiler.so $@.$(SOVERSION)

# ---- programs ----

$(PROGRAM): $(call objects,$(CLI)) $(PROGRAM_OBJECTS)
	$(say) LINK $@
	$(Q)$(CXX) -pie $(LDFLAGS_ALL) -o $@ $^ $(PROGRAM_LIBS)

# Everything but the command line, for tests to take what they need from.
$(BUILD)/libtest.a: $(PROGRAM_OBJECTS)
	$(Q)rm -f $@ && $(AR) rcT $@ $^

link_test = $(CXX) -pie $(LDFLAGS_ALL) -Wl,-rpath,$(abspath $(BUILD)) -o $@ $(filter %.o,$^) \
	$(BUILD)/libtest.a $(BUILD)/libselvage-compiler.so $(PROGRAM_LIBS)

$(UNIT_TESTS): %: %.o $(BUILD)/libtest.a $(BUILD)/libselvage-compiler.so
	$(say) LINK $@
	$(Q)$(link_test)

# What the worlds define is led through the test that tries it.
$(BUILD)/tests/unit/host_pointers: private LDFLAGS_ALL += -Wl,--wrap=sv_linker_define_function

# What activates versions is in the test.
$(BUILD)/tests/unit/platform_build: private LDFLAGS_ALL += -Wl,--wrap=activate_version

# Calls that a test refuses are led into it.
refused = $(shell sed -n 's/^CALL.[^,]*, \([a-z_]*\),.*/\1/p' tests/unit/refused_calls.def) \
	mprotect munmap timer_delete free
$(BUILD)/tests/unit/runtime_refused: private LDFLAGS_ALL += $(refused:%=-Wl,--wrap=%)
# The runtime's own only: those of a library that is linked with an archive would be led there too.
$(BUILD)/tests/unit/runtime_refused: private PROGRAM_LIBS = -lwabt -ldw -lelf -lz -lcrypto -lm

.SECONDEXPANSION:
$(SUITE_TESTS): $(BUILD)/tests/%/program: $$(call objects,$$(wildcard tests/%/*.c)) \
		$(BUILD)/libtest.a $(BUILD)/libselvage-compiler.so
	$(say) LINK $@
	$(Q)$(link_test)

# ---- tests ----

tests: all $(UNIT_TESTS) $(SUITE_TESTS) $(BUILD)/.test-packages

run_tests = BUILD=$(abspath $(BUILD)) tests/run

check: tests
	$(Q)$(run_tests)

quick: tests
	$(Q)$(run_tests) --quick

spec: tests
	$(Q)$(run_tests) spec

style: tests
	$(Q)$(run_tests) style

# ASan must leave the runtime's signal handlers and guest stacks alone, and keep less of what was
# freed than tests let a server grow. LLVM's headers must not take our C++ for compiled with it: they
# would poison what LLVM's libraries, compiled without it, do not know how to unpoison.
ASAN_ENV = ASAN_OPTIONS=handle_segv=0:handle_sigbus=0:handle_sigfpe=0:handle_sigill=0:use_sigaltstack=0:detect_stack_use_after_return=0:quarantine_size_mb=4 \
	UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
asan:
	$(Q)$(ASAN_ENV) $(MAKE) BUILD=$(BUILD)/asan CFLAGS="-O1 -g -fno-omit-frame-pointer" \
		CXXFLAGS="-O1 -g -U__SANITIZE_ADDRESS__" SANITIZE="-fsanitize=address,undefined \
		-fno-sanitize-recover=undefined" quick

# Threads of runtime and server under ThreadSanitizer, each test in a process of its own: it takes a handler
# that leaves a guest by switching stacks for one that never ends, and dies of the second or so.
TSAN_TESTS = runtime_pool:threads_share runtime_shared:no_update runtime_shared:growth_of \
	runtime_shared:waiting_ends runtime_shared:a_deadline runtime_shared:a_pool_puts \
	host_stream:both_ends host_intake:both_ends server_streams:streams_end host_cache:of_many host_rates:threads_lose
TSAN_PROGRAMS = $(sort $(foreach test,$(TSAN_TESTS),$(BUILD)/tsan/tests/unit/$(firstword $(subst :, ,$(test)))))
tsan:
	$(Q)$(MAKE) BUILD=$(BUILD)/tsan CFLAGS="-O1 -g -fno-omit-frame-pointer -Wno-maybe-uninitialized" \
		CXXFLAGS="-O1 -g" SANITIZE="-fsanitize=thread" $(TSAN_PROGRAMS)
	$(Q)for test in $(TSAN_TESTS); do \
		TSAN_OPTIONS=report_signal_unsafe=0 $(BUILD)/tsan/tests/unit/$${test%:*} $${test#*:} || exit 1; \
	done

bench: all
	$(Q)packaging/install-packages bench
	$(Q)BUILD=$(abspath $(BUILD)) bench/run

# The README's first command; DEMO=--once ends after one request.
demo: all
	$(Q)BUILD=$(BUILD) packaging/demo $(DEMO)

include sdk/sdk.mk

rust-toolchain:
	$(Q)packaging/install-packages rust

# ---- installation ----

PUBLIC_BASE = base/bytes.h base/check.h base/error.h base/errors.def
PUBLIC_ABI = $(wildcard abi/*.h abi/*.def)
headers = $(DESTDIR)$(includedir)/selvage
install_library = install -m 755 $(BUILD)/$(1).so $(DESTDIR)$(libdir)/$(1).so.$(VERSION) && \
	ln -sf $(1).so.$(VERSION) $(DESTDIR)$(libdir)/$(1).so.$(SOVERSION) && \
	ln -sf $(1).so.$(SOVERSION) $(DESTDIR)$(libdir)/$(1).so
fill_in = sed -e 's,@PREFIX@,$(PREFIX),' -e 's,@LIBDIR@,$(libdir),' -e 's,@INCLUDEDIR@,$(includedir),' \
	-e 's,@VERSION@,$(VERSION),' -e 's,@BINDIR@,$(bindir),'

install: all
	$(Q)install -d $(DESTDIR)$(bindir) $(DESTDIR)$(libdir)/pkgconfig $(DESTDIR)$(mandir)/man1 \
		$(DESTDIR)$(unitdir) $(headers)/base $(headers)/abi $(headers)/runtime $(headers)/compiler $(DESTDIR)$(datadir)/selvage/sdk/c \
		$(DESTDIR)$(datadir)/selvage/sdk/assemblyscript $(DESTDIR)$(datadir)/gdb/auto-load$(bindir)
	$(Q)install -m 755 $(PROGRAM) $(DESTDIR)$(bindir)/selvage
	$(Q)install -m 644 $(BUILD)/libselvage.a $(DESTDIR)$(libdir)/libselvage.a
	$(Q)$(call install_library,libselvage)
	$(Q)$(call install_library,libselvage-compiler)
	$(Q)install -m 644 runtime/selvage.h compiler/compiler.h $(headers)
	$(Q)install -m 644 runtime/selvage.h runtime/selvage_serve.h $(headers)/runtime
	$(Q)install -m 644 $(PUBLIC_BASE) $(headers)/base
	$(Q)install -m 644 $(PUBLIC_ABI) $(headers)/abi
	$(Q)install -m 644 compiler/stages.def compiler/features.def $(headers)/compiler
	$(Q)$(foreach pc,selvage selvage-compiler,$(fill_in) packaging/$(pc).pc.in \
		>$(DESTDIR)$(libdir)/pkgconfig/$(pc).pc;)
	$(Q)$(fill_in) packaging/selvage.service.in >$(DESTDIR)$(unitdir)/selvage.service
	$(Q)install -m 644 packaging/*.socket $(DESTDIR)$(unitdir)
	$(Q)install -m 644 packaging/selvage_guests.py $(DESTDIR)$(datadir)/selvage/selvage_guests.py
	$(Q)install -m 644 packaging/selvage_guests.py $(DESTDIR)$(datadir)/gdb/auto-load$(bindir)/selvage-gdb.py
	$(Q)install -m 644 docs/man/*.1 $(DESTDIR)$(mandir)/man1
	$(Q)install -m 644 sdk/c/*.h sdk/c/assert.c sdk/c/libc_system.c $(DESTDIR)$(datadir)/selvage/sdk/c
	$(Q)install -m 644 sdk/assemblyscript/http_guest.ts $(DESTDIR)$(datadir)/selvage/sdk/assemblyscript

clean:
	rm -rf $(BUILD)

.PHONY: all demo tests check quick spec style asan tsan bench rust-toolchain install clean
.DELETE_ON_ERROR:
.SECONDARY:

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
