/* The files of a wheel for another system: what its name says, what is in it, what was found. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <elf.h>

#include "base/file.h"
#include "check/foreign-internal.h"
#include "tar/tar.h"

/* The largest wheels have several hundred. */
#define FILES_MAX 4096
#define FILE_MAX ((size_t)1000 << 20) /* of one that is given by itself; below BUF_MAX */
#define FINDINGS_MAX 100              /* of one rule in one wheel */
#define REASONS_MAX 100

/* ---- tags ---------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	uint16_t elf;
} machines[] = {
	{"x86_64", EM_X86_64},
	{"aarch64", EM_AARCH64},
	{"i686", EM_386},
	{"armv7l", EM_ARM},
	{"ppc64le", EM_PPC64},
	{"s390x", EM_S390},
	{"riscv64", EM_RISCV},
};

static void lower(uint32_t *least, uint32_t version)
{
	if (!*least || version < *least)
		*least = version;
}

/* "macosx_11_0_arm64"; "universal2" stands for both processors. */
static bool read_macos(const char *tag, struct foreign_tags *t)
{
	unsigned int major, minor;
	uint32_t version;
	int n = 0;

	if (sscanf(tag, "macosx_%3u_%3u_%n", &major, &minor, &n) != 2 || !n || major > 0xffff ||
		minor > 0xff)
		return false;
	version = major << 16 | minor << 8;
	/* No macOS before 11 runs on arm64. */
	if (!strcmp(tag + n, "arm64") || !strcmp(tag + n, "universal2"))
		lower(&t->arm64, version < 0xb0000 ? 0xb0000 : version);
	if (!strcmp(tag + n, "x86_64") || !strcmp(tag + n, "universal2") ||
		!strcmp(tag + n, "intel"))
		lower(&t->x86_64, version);
	t->system = FOREIGN_MACOS;
	return true;
}

static bool read_platform(const char *tag, struct foreign_tags *t)
{
	if (!strncmp(tag, "win", 3)) {
		t->system = FOREIGN_WINDOWS;
		t->pe_machine = !strcmp(tag, "win_amd64")   ? PE_MACHINE_AMD64
				: !strcmp(tag, "win_arm64") ? PE_MACHINE_ARM64
				: !strcmp(tag, "win32")     ? PE_MACHINE_I386
							    : 0;
		return t->pe_machine != 0;
	}
	if (!strncmp(tag, "manylinux", 9) || !strncmp(tag, "musllinux", 9) ||
		!strncmp(tag, "linux_", 6)) {
		t->system = FOREIGN_LINUX;
		t->musl = tag[1] == 'u';
		for (size_t i = 0; i < ARRAY_SIZE(machines); i++) {
			if (ends_with(tag, machines[i].name))
				t->elf_machine = machines[i].elf;
		}
		return true;
	}
	return read_macos(tag, t);
}

bool foreign_tags_read(const char *file, struct foreign_tags *tags)
{
	CLEANUP_STRV struct strv parts = STRV_INIT, platforms = STRV_INIT;
	bool known = false;

	*tags = (struct foreign_tags){0};
	if (!wheel_name_split(file, &parts))
		return false;
	strv_split(&platforms, parts.v[parts.n - 1], ".");
	for (size_t i = 0; i < platforms.n; i++)
		known = read_platform(platforms.v[i], tags) || known;
	tags->abi3 = !strcmp(parts.v[parts.n - 2], "abi3");
	tags->threads =
		!strncmp(parts.v[parts.n - 2], "cp", 2) && ends_with(parts.v[parts.n - 2], "t");
	if (sscanf(parts.v[parts.n - 3], "cp3%2u", &tags->minor) != 1)
		tags->minor = 0;
	tags->known = known;
	return known;
}

/* ---- findings ------------------------------------------------------------------------------ */

void foreign_find(struct foreign_audit *audit, const char *rule, const struct foreign_file *file,
	const char *fmt, ...)
{
	CLEANUP_FREE char *what = NULL;
	const json_t *finding;
	size_t i, n = 0;
	va_list ap;

	va_start(ap, fmt);
	what = xvasprintf(fmt, ap);
	va_end(ap);
	json_array_foreach (audit->findings, i, finding) {
		if (strcmp(check_text(finding, "rule"), rule) != 0)
			continue;
		n++;
		/* Two slices often say the same. */
		if (!strcmp(check_text(finding, "where"), file->rel) &&
			!strcmp(check_text(finding, "what"), what))
			return;
	}
	if (n < FINDINGS_MAX)
		json_array_append_new(
			audit->findings, json_pack("{s:s, s:o, s:o}", "rule", rule, "where",
						 json_text(file->rel), "what", json_text(what)));
}

void foreign_expect(struct foreign_audit *audit, unsigned int pythons, enum wheel_expected expected,
	const char *fmt, ...)
{
	/* In the order of gravity. */
	static const int grave[] = {[WHEEL_WORKS] = 1, [WHEEL_UNSURE] = 2, [WHEEL_BREAKS] = 3};
	CLEANUP_FREE char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	for (size_t i = 0; i < FOREIGN_N_PYTHONS; i++) {
		if (!(pythons & 1u << i) || grave[expected] < grave[audit->of[i].expected])
			continue;
		if (grave[expected] > grave[audit->of[i].expected])
			strv_clear(&audit->of[i].because);
		audit->of[i].expected = expected;
		if (audit->of[i].because.n < REASONS_MAX && !strv_has(&audit->of[i].because, text))
			strv_add(&audit->of[i].because, text);
	}
}

void foreign_other_machine(struct foreign_audit *audit, const char *rule,
	const struct foreign_file *file, const char *is, const char *tag)
{
	/* Some wheels carry data for other machines. */
	if (!file->extension)
		return;
	foreign_find(audit, rule, file, "is for %s, and the wheel's tag says %s",
		is ? is : "another machine", tag);
	foreign_expect(audit, FOREIGN_ALL, WHEEL_BREAKS, "%s is for another machine than the wheel",
		file->rel);
}

bool foreign_is_api(const char *symbol)
{
	return check_is_api(symbol) && strncmp(symbol + (*symbol == '_'), "PyInit_", 7) != 0;
}

/* ---- places -------------------------------------------------------------------------------- */

char *foreign_join(const char *folder, const char *path)
{
	CLEANUP_STRV struct strv parts = STRV_INIT, kept = STRV_INIT;

	strv_split(&parts, folder, "/");
	strv_split(&parts, path, "/");
	for (size_t i = 0; i < parts.n; i++) {
		if (!strcmp(parts.v[i], ".") || !*parts.v[i])
			continue;
		if (strcmp(parts.v[i], "..") != 0) {
			strv_add(&kept, parts.v[i]);
		} else if (kept.n) {
			free(kept.v[--kept.n]);
			kept.v[kept.n] = NULL;
		} else {
			return NULL;
		}
	}
	return strv_join(&kept, "/");
}

static const char *place_of(const struct foreign_file *f)
{
	return f->place ? f->place : "";
}

static int compare_place(const struct foreign_file *f, const char *place)
{
	return strcmp(place_of(f), place);
}

static int compare_base(const struct foreign_file *f, const char *base)
{
	return strcasecmp(path_base(f->rel), base);
}

/* One wheel is read in a process, and by one thread. */
static const struct foreign_audit *sorting;

static int compare_places(const void *a, const void *b)
{
	return compare_place(
		&sorting->v[*(const size_t *)a], place_of(&sorting->v[*(const size_t *)b]));
}

static int compare_bases(const void *a, const void *b)
{
	return compare_base(
		&sorting->v[*(const size_t *)a], path_base(sorting->v[*(const size_t *)b].rel));
}

static size_t *sort_files(
	const struct foreign_audit *audit, int (*compare)(const void *, const void *))
{
	size_t *order = xcalloc(audit->n + 1, sizeof(*order));

	for (size_t i = 0; i < audit->n; i++)
		order[i] = i;
	sorting = audit;
	sort_array(order, audit->n, sizeof(*order), compare);
	return order;
}

/* A file that is equal to the key, in an order that `compare` made. */
static const struct foreign_file *look_up(const struct foreign_audit *audit, const size_t *order,
	const char *key, int (*compare)(const struct foreign_file *, const char *))
{
	size_t low = 0, high = audit->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int sign = compare(&audit->v[order[mid]], key);

		if (sign == 0)
			return &audit->v[order[mid]];
		if (sign < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

const struct foreign_file *foreign_at(const struct foreign_audit *audit, const char *place)
{
	return look_up(audit, audit->by_place, place, compare_place);
}

const struct foreign_file *foreign_named(const struct foreign_audit *audit, const char *base)
{
	return look_up(audit, audit->by_base, base, compare_base);
}

bool foreign_has_folder(const struct foreign_audit *audit, const char *folder)
{
	size_t n = strlen(folder);

	for (size_t i = 0; i < audit->n; i++) {
		const char *place = audit->v[i].place;

		if (place && !strncmp(place, folder, n) && (!n || place[n] == '/'))
			return true;
	}
	return false;
}

/* The name of the i-th library that the file needs, or NULL. */
static const char *needed(const struct foreign_file *f, size_t i)
{
	if (f->form == FOREIGN_ELF)
		return i < f->elf.n_needed ? f->elf.needed[i] : NULL;
	if (f->form == FOREIGN_PE)
		return i < f->pe.n_imports ? f->pe.imports[i].dll : NULL;
	for (size_t k = 0; k < f->macho.n; i -= f->macho.v[k++].n_libraries) {
		if (i < f->macho.v[k].n_libraries)
			return f->macho.v[k].libraries[i].name;
	}
	return NULL;
}

/* Follows the names from the modules on, as loaders do. */
static void mark_loaded(struct foreign_audit *audit)
{
	CLEANUP_FREE size_t *queue = xcalloc(audit->n + 1, sizeof(*queue));
	size_t end = 0;
	const char *name;

	for (size_t i = 0; i < audit->n; i++) {
		audit->v[i].loaded = audit->v[i].extension;
		if (audit->v[i].loaded)
			queue[end++] = i;
	}
	for (size_t head = 0; head < end; head++) {
		for (size_t k = 0; (name = needed(&audit->v[queue[head]], k)); k++) {
			const struct foreign_file *f = foreign_named(audit, path_base(name));

			if (!f || f->loaded)
				continue;
			queue[end++] = (size_t)(f - audit->v);
			audit->v[f - audit->v].loaded = true;
		}
	}
}

/* ---- reading ------------------------------------------------------------------------------- */

/* A module's init function carries the name up to the first dot of the file's. */
static bool is_extension(const struct foreign_file *f)
{
	const char *base = path_base(f->rel);
	CLEANUP_FREE char *init = xasprintf("_PyInit_%.*s", (int)strcspn(base, "."), base);
	const char *name = init + 1;
	bool found = false;

	if (f->form == FOREIGN_ELF)
		return elf_exports(&f->elf, name);
	for (size_t i = 0; f->form == FOREIGN_PE && !found && i < f->pe.n_exports; i++)
		found = !strcmp(f->pe.exports[i], name);
	for (size_t i = 0; f->form == FOREIGN_MACHO && !found && i < f->macho.n; i++)
		found = macho_exports(&f->macho.v[i], init);
	return found;
}

static void unreadable(
	struct foreign_audit *audit, const struct foreign_file *f, const struct err *bad)
{
	static const char *const rules[] = {[FOREIGN_MACHO] = "macho-damaged",
		[FOREIGN_ELF] = "elf-damaged",
		[FOREIGN_PE] = "pe-damaged"};
	const char *msg = bad->msg;

	if (bad->code == ERR_UNSUPPORTED && f->form != FOREIGN_MACHO)
		return;
	foreign_find(audit, bad->code == ERR_UNSUPPORTED ? "macho-architecture" : rules[f->form], f,
		"%s", msg);
	foreign_expect(audit, FOREIGN_ALL, WHEEL_BREAKS, "%s cannot be loaded: %s", f->rel, msg);
}

static bool is_compiled(const void *start, size_t n)
{
	return macho_is(start, n) || elf_is(start, n) || pe_is(start, n);
}

static void read_claims(
	const struct foreign_audit *audit, struct foreign_file *f, const void *data, size_t size)
{
	struct err ignored = ERR_INIT;

	if (audit->tags.system != FOREIGN_LINUX || f->elf.kind != ELF_KIND_SHARED ||
		f->elf.debug_only)
		return;
	bundled_find(data, size, f->rel, &f->elf, &f->bundled);
	/* What cannot be read is another rule's business. */
	if (f->elf.machine == EM_X86_64)
		code_isa_in_memory(data, size, &f->isa, &ignored);
}

/* Takes a file if it is one of the three forms: 1, or 0. */
static int take_file(struct foreign_audit *audit, const char *rel, const void *data, size_t size)
{
	struct foreign_file f = {0};
	struct err bad = ERR_INIT;
	int r;

	if (!is_compiled(data, size))
		return 0;
	f.rel = xstrdup(rel);
	f.place = wheel_place(f.rel);
	if (macho_is(data, size)) {
		f.form = FOREIGN_MACHO;
		r = macho_facts_from_memory(data, size, &f.macho, &bad);
	} else if (elf_is(data, size)) {
		f.form = FOREIGN_ELF;
		r = elf_facts_from_memory(data, size, &f.elf, &bad);
		if (r == 0)
			read_claims(audit, &f, data, size);
	} else {
		f.form = FOREIGN_PE;
		r = pe_facts_from_memory(data, size, &f.pe, &bad);
	}
	*ARRAY_ADD(audit->v, audit->n) = f;
	if (r < 0) {
		unreadable(audit, &f, &bad);
		/* Its name still answers. */
		return 1;
	}
	audit->v[audit->n - 1].extension = is_extension(&f);
	audit->modules += audit->v[audit->n - 1].extension;
	return 1;
}

static int visit_file(void *ctx, const char *name, const void *data, size_t size, struct err *err)
{
	struct foreign_audit *audit = ctx;

	if (audit->n == FILES_MAX)
		return err_set(err, ERR_INPUT, "it has more than %d compiled files", FILES_MAX);
	take_file(audit, name, data, size);
	return 0;
}

static void judge(struct foreign_audit *audit)
{
	audit->by_place = sort_files(audit, compare_places);
	audit->by_base = sort_files(audit, compare_bases);
	mark_loaded(audit);
	for (size_t i = 0; i < FOREIGN_N_PYTHONS; i++) {
		if (audit->of[i].expected == WHEEL_NOT_EXPECTED)
			audit->of[i].expected = WHEEL_WORKS;
	}
	foreign_judge_macho(audit);
	foreign_judge_elf(audit);
	foreign_judge_pe(audit);
}

static int in_order(const void *a, const void *b)
{
	const struct foreign_file *x = a, *y = b;

	return tar_place_compare(x->rel, y->rel);
}

int foreign_audit_wheel(
	struct foreign_audit *audit, const char *wheel, const char *scratch, struct err *err)
{
	struct tar_wheel reading = {.limits = {WHEEL_MAX_BYTES, WHEEL_MAX_ENTRIES, .wheel = true},
		.memory = WHEEL_MEMORY,
		.scratch = scratch,
		.wants = is_compiled,
		.visit = visit_file,
		.ctx = audit};
	int r;

	audit->findings = json_array();
	r = tar_wheel_read(wheel, &reading, err);
	strv_release(&reading.folders);
	audit->date = reading.date;
	if (r < 0)
		return -1;
	sort_array(audit->v, audit->n, sizeof(*audit->v), in_order);
	judge(audit);
	return 0;
}

int foreign_audit_file(struct foreign_audit *audit, const char *path, struct err *err)
{
	CLEANUP_BUF struct buf content = BUF_INIT;

	audit->findings = json_array();
	if (file_read(path, FILE_MAX, &content, err) < 0)
		return -1;
	audit->tags.system = macho_is(content.data, content.len) ? FOREIGN_MACOS
			     : pe_is(content.data, content.len)  ? FOREIGN_WINDOWS
								 : FOREIGN_LINUX;
	if (!take_file(audit, path_base(path), content.data, content.len))
		return err_set(err, ERR_INPUT, "'%s' is neither Mach-O nor ELF nor PE", path);
	judge(audit);
	return 0;
}

void foreign_audit_release(struct foreign_audit *audit)
{
	for (size_t i = 0; i < audit->n; i++) {
		struct foreign_file *f = &audit->v[i];

		free(f->rel);
		macho_facts_release(&f->macho);
		elf_facts_release(&f->elf);
		pe_facts_release(&f->pe);
		code_isa_release(&f->isa);
		strv_release(&f->bundled);
		strv_release(&f->folders);
	}
	for (size_t i = 0; i < FOREIGN_N_PYTHONS; i++)
		strv_release(&audit->of[i].because);
	free(audit->v);
	free(audit->by_place);
	free(audit->by_base);
	json_decref(audit->findings);
	*audit = (struct foreign_audit){0};
}
