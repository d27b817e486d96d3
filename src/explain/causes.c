#include "explain/weigh-internal.h"

#include <string.h>

#include "base/file.h"
#include "elf/elf.h"

static const struct {
	const char *name, *words;
} causes[EXPLAIN_N_CAUSES] = {
	[EXPLAIN_TLS] = {"tls", "thread-local access"},
	[EXPLAIN_PLT_OWN] = {"plt-own", "interposition: PLT stubs to the same file"},
	[EXPLAIN_PLT_OTHER] = {"plt-other", "PLT stubs to other files"},
	[EXPLAIN_GOT_OWN] = {"got-own", "interposition: GOT loads of its own symbols"},
	[EXPLAIN_GOT] = {"got", "other GOT loads"},
	[EXPLAIN_ADDRESS] = {"address", "addresses without the GOT (lea)"},
	[EXPLAIN_CALL] = {"call", "call instructions"},
	[EXPLAIN_FRAME] = {"frame", "entry and exit of functions"},
	[EXPLAIN_SPILL] = {"spill", "registers to and from the stack"},
	[EXPLAIN_GUARD] = {"stack-protector", "stack protector"},
	[EXPLAIN_MARKER] = {"control-flow-marker", "control-flow markers"},
	[EXPLAIN_WORK] = {"work", "all other work of the interpreter"},
	[EXPLAIN_UNKNOWN] = {"unknown", "in no known function"},
	[EXPLAIN_LIBC] = {"libc", "C library"},
	[EXPLAIN_LOADER] = {"loader", "loader"},
	[EXPLAIN_OBJECTS] = {"objects", "extension modules and libraries"},
	[EXPLAIN_NOWHERE] = {"nowhere", "other files' stubs, code in no file"},
};

const char *explain_cause_name(enum explain_cause cause)
{
	return causes[cause].name;
}

const char *explain_cause_words(enum explain_cause cause)
{
	return causes[cause].words;
}

enum explain_cause weigh_cause_of_class(unsigned class)
{
	switch (class) {
	case CODE_SITE_TLS_LE:
	case CODE_SITE_TLS_IE:
	case CODE_SITE_TLS_GD:
	case CODE_SITE_TLS_LD:
	case CODE_SITE_TLS_DESC:
		return EXPLAIN_TLS;
	case CODE_SITE_CALL_DIRECT:
	case CODE_SITE_CALL_PLT_OWN:
	case CODE_SITE_CALL_PLT_OTHER:
	case CODE_SITE_CALL_GOT:
	case CODE_SITE_CALL_INDIRECT:
		return EXPLAIN_CALL;
	case CODE_SITE_GOT_LOAD:
		return EXPLAIN_GOT;
	case CODE_INSN_STACK_PROTECTOR:
		return EXPLAIN_GUARD;
	case CODE_INSN_CONTROL_FLOW:
		return EXPLAIN_MARKER;
	case CODE_INSN_FRAME:
		return EXPLAIN_FRAME;
	case CODE_INSN_SPILL:
		return EXPLAIN_SPILL;
	case CODE_INSN_PLT_STUB:
		return EXPLAIN_PLT_OTHER;
	case CODE_INSN_UNKNOWN:
		return EXPLAIN_UNKNOWN;
	default:
		return EXPLAIN_WORK;
	}
}

static bool begins_with_one_of(const char *s, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!strncmp(s, words[i], strlen(words[i])))
			return true;
	return false;
}

enum explain_cause weigh_cause_of_object(const char *path)
{
	static const char *const loaders[] = {"ld-linux", "ld-musl", "ld.so", "ld-2.", "ld64.so"};
	static const char *const libcs[] = {"libc.so", "libc-2.", "libm.so", "libm-2.",
		"libpthread", "libdl.so", "libdl-2.", "librt.so", "librt-2.", "libutil.so"};
	const char *base = path_base(path);

	if (!strcmp(path, "???"))
		return EXPLAIN_NOWHERE;
	if (begins_with_one_of(base, loaders, ARRAY_SIZE(loaders)))
		return EXPLAIN_LOADER;
	if (begins_with_one_of(base, libcs, ARRAY_SIZE(libcs)))
		return EXPLAIN_LIBC;
	return EXPLAIN_OBJECTS;
}

bool weigh_is_tls_function(const char *name)
{
	static const char *const names[] = {"__tls_get_addr", "__tls_get_addr_slow",
		"update_get_addr", "tls_get_addr_tail", "_dl_update_slotinfo", "allocate_dtv_entry",
		"allocate_and_init", "_dl_tlsdesc_return", "_dl_tlsdesc_undefweak",
		"_dl_tlsdesc_dynamic", "_dl_tlsdesc_dynamic_fxsave", "_dl_tlsdesc_dynamic_xsave",
		"_dl_tlsdesc_dynamic_xsavec", "__tlsdesc_static", "__tlsdesc_dynamic"};
	/* Callgrind counts recursions behind an apostrophe. */
	size_t n = strcspn(name, "'");

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strlen(names[i]) == n && !memcmp(names[i], name, n))
			return true;
	return false;
}

size_t explain_fold(const char *name)
{
	static const char *const suffixes[] = {".lto_priv.", ".constprop.", ".isra.", ".part.",
		".cold", ".llvm.", ".localalias", ".warm", ".__uniq."};
	size_t n = strlen(name);

	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		const char *at = strstr(name, suffixes[i]);

		if (at && at > name && (size_t)(at - name) < n)
			n = (size_t)(at - name);
	}
	return n;
}
