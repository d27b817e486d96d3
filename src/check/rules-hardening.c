/* Rules about segments, relocations and flags of each file. */
#include <string.h>

#include "check/check-internal.h"

static void stack(struct rule_run *r, const struct py_file *f)
{
	if (f->facts.stack == ELF_STACK_EXEC)
		rule_find(r, f->path, "asks for an executable stack");
	else if (f->facts.stack == ELF_STACK_MISSING)
		rule_find(r, f->path,
			"has no PT_GNU_STACK, which older machines take for an executable stack");
}

static void writable_code(struct rule_run *r, const struct py_file *f)
{
	if (f->facts.wx_segment)
		rule_find(r, f->path, "has a segment that is writable and executable");
}

static void segments(struct rule_run *r, const struct py_file *f)
{
	if (f->facts.misplaced)
		rule_find(r, f->path, "%s", f->facts.misplaced);
}

static void instrumented(struct rule_run *r, const struct py_file *f)
{
	if (f->facts.bolt.instrumented)
		rule_find(r, f->path, "is instrumented by BOLT");
}

static void text_relocations(struct rule_run *r, const struct py_file *f)
{
	if (f->facts.textrel)
		rule_find(r, f->path, "has relocations in its code (DT_TEXTREL)");
}

static void relro(struct rule_run *r, const struct py_file *f)
{
	if (f->facts.dynamic && f->facts.relro == ELF_RELRO_NONE)
		rule_find(r, f->path, "has no PT_GNU_RELRO");
}

static void bind_now(struct rule_run *r)
{
	const unsigned int named = ROLE(PY_ROLE_INTERPRETER) | ROLE(PY_ROLE_LIBPYTHON);
	const struct py_file *f;
	size_t lazy = 0, all = 0;
	const char *first = NULL;

	for (size_t i = 0; (f = rule_next(r, ROLES_ALL, &i));) {
		bool binds = false; /* a library that calls no other has nothing to bind */

		for (size_t k = 0; k < f->facts.n_undefined; k++)
			binds = binds || !f->facts.undefined[k].weak;
		if (!f->facts.dynamic || !binds)
			continue;
		all++;
		if (f->facts.bind_now)
			continue;
		lazy++;
		if (!first)
			first = f->path;
		/* Names the interpreter and libpython; the rest are too many. */
		if (ROLE(f->role) & named)
			rule_find(r, f->path, "binds lazily: its GOT stays writable");
	}
	if (lazy && !json_array_size(r->findings))
		rule_find(r, first, "binds lazily: its GOT stays writable");
	if (lazy > 1)
		rule_find(r, r->dist->prefix, "%zu of %zu files bind lazily", lazy, all);
}

static void pie(struct rule_run *r)
{
	if (r->interpreter->facts.kind == ELF_KIND_EXECUTABLE)
		rule_find(r, r->interpreter->path, "is at a fixed address (ET_EXEC)");
}

static void fortified(struct rule_run *r)
{
	const struct py_file *f = r->dist->link == PY_LINK_SHARED ? r->library : r->interpreter;
	bool protector = f && elf_exports(&f->facts, "__stack_chk_fail"), checked = false;

	if (!f) {
		rule_unchecked(r, "needs a file with libpython that can be read");
		return;
	}
	for (size_t i = 0; i < f->facts.n_undefined; i++) {
		const char *name = f->facts.undefined[i].name;

		protector = protector || !strcmp(name, "__stack_chk_fail");
		checked = checked || ends_with(name, "_chk");
	}
	if (!protector)
		rule_find(r, f->path, "has no stack protector (no use of __stack_chk_fail)");
	if (!checked)
		rule_find(r, f->path, "has no checked string functions (_FORTIFY_SOURCE)");
}

static void build_id(struct rule_run *r, const struct py_file *f)
{
	if (!f->facts.build_id)
		rule_find(r, f->path, "has no build-id");
}

const struct check_rule rules_hardening[] = {
	{"stack", CHECK_ERROR, 0,
		"an executable stack makes overflows into exploits; kernels with SELinux and newer "
		"C libraries refuse to load such files",
		"mark assembler sources with .note.GNU-stack, or link with -Wl,-z,noexecstack",
		"Each file has PT_GNU_STACK and it is not executable. One such library makes the "
		"stack of the whole process executable; glibc 2.41 refuses to dlopen it.",
		.roles = ROLES_ALL, .on_file = stack},
	{"writable-code", CHECK_ERROR, 0,
		"whoever can write memory can write code; processes under PR_SET_MDWE do not start",
		"link with -Wl,-z,separate-code and without -N",
		"No PT_LOAD is both writable and executable.", .roles = ROLES_ALL,
		.on_file = writable_code},
	{"segments", CHECK_ERROR, 0,
		"the file crashes at start, or does not load, although its sections look right",
		"make the file again with llvm-strip or llvm-objcopy: GNU strip and objcopy up to "
		"2.40 move the segment that BOLT adds, and patchelf has moved others",
		"Segments that are loaded go by address, do not overlap, and lie in the file where "
		"their alignment wants them; and what the loader reads (program headers, dynamic "
		"section, thread-local data, unwind table) is what is loaded at its address.",
		.roles = ROLES_ALL, .on_file = segments},
	{"instrumented", CHECK_ERROR, 0,
		"the program counts its own branches, slowly, and writes a profile when it ends",
		"ship what llvm-bolt makes with the profile, not what it makes to get one",
		"No file was instrumented by BOLT (sections .bolt.instr.…).", .roles = ROLES_ALL,
		.on_file = instrumented},
	{"text-relocations", CHECK_ERROR, 0,
		"code pages are written at start: not shared, and refused by hardened systems",
		"compile everything with -fPIC", "No file has DT_TEXTREL.", .roles = ROLES_ALL,
		.on_file = text_relocations},
	{"relro", CHECK_WARNING, 0, "tables of addresses stay writable while the program runs",
		"link with -Wl,-z,relro", "Each dynamic file has PT_GNU_RELRO.", .roles = ROLES_ALL,
		.on_file = relro},
	{"bind-now", CHECK_WARNING, 0,
		"the GOT stays writable while the program runs: a common exploit technique",
		"link with -Wl,-z,now; LD_BIND_NOW=1 does it for one process",
		"Each file that calls functions of others resolves them at start (DF_BIND_NOW), so "
		"that all of the GOT is read-only afterwards. The interpreter and libpython are "
		"named one by one, all other files are counted. Many builds, Debian's among them, "
		"decide against it; this rule says so, not that it is a mistake.",
		.apply = bind_now},
	{"pie", CHECK_NOTE, NEEDS_FILE, "the interpreter's addresses are the same in every process",
		"compile with -fPIE and link with -pie; it costs a few percent",
		"The interpreter is position-independent. Some decide otherwise for speed.",
		.apply = pie},
	{"fortified", CHECK_NOTE, 0, "overflows of buffers on the stack are not noticed",
		"compile with -fstack-protector-strong -D_FORTIFY_SOURCE=2; it costs 2 to 3 "
		"percent",
		"The file that carries libpython refers to __stack_chk_fail and to checked string "
		"functions (__memcpy_chk and the like).",
		.apply = fortified},
	{"build-id", CHECK_NOTE, 0, "debuginfod and crash reports cannot tell builds apart",
		"link with -Wl,--build-id",
		"The interpreter, libpython and the extension modules have a build-id.",
		.roles = ROLES_PYTHON, .on_file = build_id},
	{0},
};
