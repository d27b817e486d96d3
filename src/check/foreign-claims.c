/* Rules over what the ELF files of a wheel claim, bring along and ask for: tags against symbols,
 * libraries that nothing is taken from, known libraries and their versions, what hardened systems
 * refuse. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <elf.h>

#include "base/embed.h"
#include "base/file.h"
#include "code/code.h"
#include "check/foreign-internal.h"

/* "NAME MINOR" in each line but the first, made by tests/wheels/stable_abi.py. */
EMBED(stable_abi, "src/check/stable-abi.txt");

#define NAMES_SHOWN 5

/* The version of Python 3 that brought a symbol into the stable ABI; 0: it is not in it. */
static unsigned int stable_since(const char *symbol)
{
	CLEANUP_FREE char *line = xasprintf("\n%s ", symbol);
	const char *found = strstr(stable_abi, line);

	return found ? (unsigned int)strtoul(found + strlen(line), NULL, 10) : 0;
}

static bool defined_in_wheel(const struct foreign_audit *audit, const char *symbol)
{
	for (size_t i = 0; i < audit->n; i++) {
		if (audit->v[i].form == FOREIGN_ELF && elf_exports(&audit->v[i].elf, symbol))
			return true;
	}
	return false;
}

/* True if a library of another wheel may define what begins with Py, as those of shiboken6 do. */
static bool needs_others(const struct foreign_audit *audit)
{
	for (size_t i = 0; i < audit->n; i++) {
		const struct elf_facts *f = &audit->v[i].elf;

		for (size_t k = 0; audit->v[i].form == FOREIGN_ELF && k < f->n_needed; k++) {
			if (!foreign_is_system(&audit->tags, f->needed[k]) &&
				!foreign_named(audit, path_base(f->needed[k])) &&
				!py_is_libpython(f->needed[k], true))
				return true;
		}
	}
	return false;
}

static void find_names(struct foreign_audit *audit, const char *rule, const struct foreign_file *f,
	const char *what, const struct strv *names)
{
	CLEANUP_FREE char *list = check_first_names(names, NAMES_SHOWN);

	if (names->n)
		foreign_find(audit, rule, f, "%s %s", what, list);
}

static void check_stable(struct foreign_audit *audit, const struct foreign_file *f)
{
	CLEANUP_STRV struct strv private = STRV_INIT, later = STRV_INIT;
	const struct foreign_tags *t = &audit->tags;
	bool others;

	if (!f->extension || !(t->abi3 || strstr(path_base(f->rel), ".abi3.so")))
		return;
	others = needs_others(audit);
	for (size_t i = 0; i < f->elf.n_undefined; i++) {
		const struct elf_undefined *u = &f->elf.undefined[i];
		unsigned int since;

		if (u->weak || !foreign_is_api(u->name) || defined_in_wheel(audit, u->name))
			continue;
		since = stable_since(u->name);
		if (!since && !others)
			strv_add(&private, u->name);
		else if (since && t->minor && since > t->minor)
			strv_addf(&later, "%s (3.%u)", u->name, since);
	}
	find_names(audit, "elf-stable-abi", f,
		"is for the stable ABI, and uses what is not in it:", &private);
	if (later.n && t->abi3) {
		CLEANUP_FREE char *what =
			xasprintf("claims 3.%u, and uses what came later:", t->minor);

		find_names(audit, "elf-stable-abi", f, what, &later);
	}
}

/* Py_DECREF() is inlined: with a GIL it calls _Py_Dealloc, without one _Py_DecRefShared or
 * _Py_MergeZeroLocalRefcount. With the limited API it may be a call of its own. */
static void check_threads(struct foreign_audit *audit, const struct foreign_file *f)
{
	bool without = elf_wants(&f->elf, "_Py_DecRefShared") ||
		       elf_wants(&f->elf, "_Py_MergeZeroLocalRefcount");
	bool with = elf_wants(&f->elf, "_Py_Dealloc");
	const struct foreign_tags *t = &audit->tags;

	if (!t->known || !t->minor || t->abi3 || without == with || without == t->threads)
		return;
	foreign_find(audit, "elf-free-threading", f,
		"was compiled for a Python %s GIL, and the wheel's tag is for one %s",
		without ? "without" : "with", without ? "with" : "without");
	foreign_expect(audit, FOREIGN_ALL, WHEEL_BREAKS,
		"%s was compiled for the other kind of Python, whose objects look different",
		f->rel);
}

/* True for "m.cpython-312-x86_64-linux-gnu.so" in a wheel for 3.13, which does not look for it. */
static bool named_otherwise(const struct foreign_tags *t, const char *rel)
{
	static const char mark[] = ".cpython-3";
	const char *at = strstr(path_base(rel), mark);
	unsigned long minor;
	char *end;

	if (!at || !isdigit((unsigned char)at[strlen(mark)]))
		return false;
	minor = strtoul(at + strlen(mark), &end, 10);
	/* Debug builds and others have no tags of their own. */
	if (*end != '-' && *end != 't')
		return false;
	return t->abi3 || minor != t->minor || (*end == 't') != t->threads;
}

/* The same module may be there for several versions. */
static bool has_sibling(const struct foreign_audit *audit, const struct foreign_file *f)
{
	const char *base = path_base(f->rel);
	size_t n = (size_t)(base - f->rel) + strcspn(base, ".") + 1;

	for (size_t i = 0; i < audit->n; i++) {
		const struct foreign_file *other = &audit->v[i];

		if (other != f && other->extension && !strncmp(other->rel, f->rel, n) &&
			!named_otherwise(&audit->tags, other->rel))
			return true;
	}
	return false;
}

static void check_name(struct foreign_audit *audit, const struct foreign_file *f)
{
	const struct foreign_tags *t = &audit->tags;

	if (!f->extension || !t->known || !t->minor || !named_otherwise(t, f->rel) ||
		has_sibling(audit, f))
		return;
	foreign_find(audit, "elf-module-name", f,
		"is not named for what the wheel's tag says: %s3.%u%s",
		t->abi3 ? "every Python from " : "", t->minor, t->threads ? "t" : "");
}

/* Libraries of glibc and gcc all of whose symbols have versions, so that use leaves a trace. */
static bool is_versioned(const char *needed)
{
	return check_listed("libm.so.6 libdl.so.2 librt.so.1 libpthread.so.0 libutil.so.1 "
			    "libresolv.so.2 libgcc_s.so.1 libstdc++.so.6",
		needed);
}

static bool takes_version(const struct elf_facts *f, const char *library)
{
	for (size_t i = 0; i < f->n_versions; i++) {
		if (!strcmp(f->versions[i].file, library))
			return true;
	}
	return false;
}

static bool takes_symbol(const struct elf_facts *f, const struct elf_facts *library)
{
	for (size_t i = 0; i < f->n_undefined; i++) {
		if (elf_exports(library, f->undefined[i].name))
			return true;
	}
	return false;
}

static void check_overlinked(struct foreign_audit *audit, const struct foreign_file *f)
{
	CLEANUP_STRV struct strv unused = STRV_INIT;

	for (size_t i = 0; i < f->elf.n_needed; i++) {
		const char *needed = f->elf.needed[i];
		const struct foreign_file *library = foreign_named(audit, path_base(needed));

		if (library && library != f && library->form == FOREIGN_ELF &&
			library->elf.n_exports && !takes_symbol(&f->elf, &library->elf))
			strv_add(&unused, needed);
		else if (!library && !audit->tags.musl && is_versioned(needed) &&
			 !takes_version(&f->elf, needed))
			strv_add(&unused, needed);
	}
	find_names(audit, "elf-overlinked", f, "needs, and takes nothing from", &unused);
}

static void check_hardening(struct foreign_audit *audit, const struct foreign_file *f)
{
	if (f->elf.stack == ELF_STACK_EXEC)
		foreign_find(audit, "elf-stack", f, "asks for an executable stack");
	else if (f->elf.stack == ELF_STACK_MISSING)
		foreign_find(audit, "elf-stack", f,
			"has no PT_GNU_STACK, which the loader takes for an executable stack");
	if (f->elf.textrel)
		foreign_find(audit, "elf-text-relocations", f,
			"has relocations in its code, which is written to when it is loaded");
}

/* True if code may choose by what the processor has: it asks, has functions that are chosen when it
 * is loaded, or gcc's record of the processor. */
static bool chooses(const struct elf_facts *f, const struct code_isa *isa)
{
	return isa->asks || elf_reloc_count(f, R_X86_64_IRELATIVE) || elf_wants(f, "__cpu_model") ||
	       elf_wants(f, "__cpu_indicator_init") || elf_wants(f, "__cpu_features2");
}

static void check_isa(struct foreign_audit *audit, const struct foreign_file *f)
{
	CLEANUP_BUF struct buf text = BUF_INIT;

	for (unsigned level = CODE_ISA_LEVELS - 1; level >= 2; level--) {
		const struct code_isa_use *use = &f->isa.levels[level];

		if (!use->insns)
			continue;
		buf_addf(&text, "%sx86-64-v%u in %ju of %ju functions (%s in ",
			text.len ? "; " : "needs ", level, (uintmax_t)use->functions,
			(uintmax_t)f->isa.functions, use->mnemonic);
		if (use->function)
			buf_addf(&text, "%s)", use->function);
		else
			buf_addf(&text, "the one at 0x%jx)", (uintmax_t)use->addr);
	}
	if (text.len)
		foreign_find(audit, "elf-isa", f, "%s; %s", text.data,
			chooses(&f->elf, &f->isa) ? "it asks the processor what it has"
						  : "nothing in it asks the processor");
}

void foreign_check_claims(struct foreign_audit *audit, const struct foreign_file *f)
{
	check_hardening(audit, f);
	check_stable(audit, f);
	check_threads(audit, f);
	check_name(audit, f);
	check_overlinked(audit, f);
	check_isa(audit, f);
	find_names(audit, "elf-bundled", f, "has", &f->bundled);
}

/* CET holds for a process only if all that is loaded has it, so a wheel is told once. */
void foreign_check_cet(struct foreign_audit *audit)
{
	const struct foreign_file *first = NULL;
	size_t without = 0, of = 0;

	for (size_t i = 0; i < audit->n; i++) {
		const struct foreign_file *f = &audit->v[i];

		if (f->form != FOREIGN_ELF || f->elf.machine != EM_X86_64 ||
			f->elf.kind != ELF_KIND_SHARED || f->elf.debug_only)
			continue;
		of++;
		if (f->elf.properties.ibt && f->elf.properties.shstk)
			continue;
		without++;
		first = first ? first : f;
	}
	if (first && of > 1)
		foreign_find(audit, "elf-cet", first,
			"is not marked for both IBT and SHSTK, as %zu of %zu files", without, of);
	else if (first)
		foreign_find(audit, "elf-cet", first, "is not marked for both IBT and SHSTK");
}
