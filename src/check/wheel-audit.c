/* The ELF files of a wheel, and their roles for the interpreter under test. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "check/check-internal.h"
#include "tar/tar.h"

void wheel_python_release(struct wheel_python *p)
{
	elf_facts_release(&p->exe);
	elf_facts_release(&p->library);
}

static int add_digest(struct buf *text, const char *path, struct err *err)
{
	char hex[SHA256_HEX_SIZE] = "-";

	if (path && sha256_file(path, hex, NULL, err) < 0)
		return -1;
	buf_addf(text, "%s\n", hex);
	return 0;
}

int wheel_python_read(const struct python *dist, struct wheel_python *p, struct err *err)
{
	CLEANUP_BUF struct buf text = BUF_INIT;

	p->dist = dist;
	buf_addf(&text, "%s\n%s\n", dist->version ? dist->version : "-", dist->interpreter);
	if (elf_facts_read(dist->interpreter, &p->exe, err) < 0 ||
		(dist->libpython_loaded &&
			elf_facts_read(dist->libpython_loaded, &p->library, err) < 0) ||
		add_digest(&text, dist->interpreter, err) < 0 ||
		add_digest(&text, dist->libpython_loaded, err) < 0 ||
		add_digest(&text, dist->libpython_shared, err) < 0)
		return err_wrap(err, "reading the interpreter");
	sha256_hex(text.data, text.len, p->identity);
	return 0;
}

static void release_file(struct wheel_file *f)
{
	free(f->path);
	free(f->module);
	elf_facts_release(&f->facts);
	strv_release(&f->bundled);
}

void wheel_audit_release(struct wheel_audit *audit)
{
	for (size_t i = 0; i < audit->n; i++)
		release_file(&audit->v[i]);
	for (size_t i = 0; i < audit->n_bad; i++)
		release_file(&audit->bad[i]);
	free(audit->v);
	free(audit->bad);
	strv_release(&audit->problems);
	strv_release(&audit->folders);
	*audit = (struct wheel_audit){0};
}

/* ASCII only, like file names in wheels. */
static bool is_identifier(const char *s, size_t n)
{
	return n && !isdigit((unsigned char)*s) && strspn(s, LETTERS_AND_DIGITS "_") >= n;
}

const char *wheel_place(const char *rel)
{
	const char *data = strstr(rel, ".data/");

	if (!data || memchr(rel, '/', (size_t)(data - rel)))
		return rel;
	data += strlen(".data/");
	return check_listed("platlib/* purelib/*", data) ? data + strlen("platlib/") : NULL;
}

/* "pkg/sub/mod.abi3.so" becomes "pkg.sub.mod". NULL for files that cannot be imported by name. */
static char *module_name(const char *rel, size_t stem_length)
{
	CLEANUP_BUF struct buf name = BUF_INIT;
	const char *base;

	rel = wheel_place(rel);
	if (!rel)
		return NULL;
	base = path_base(rel);
	for (const char *p = rel; p < base;) {
		size_t n = strcspn(p, "/");

		if (!is_identifier(p, n))
			return NULL;
		buf_add(&name, p, n);
		buf_adds(&name, ".");
		p += n + 1;
	}
	if (!is_identifier(base, stem_length))
		return NULL;
	buf_add(&name, base, stem_length);
	return buf_steal(&name);
}

/* Determines the file's role for the interpreter under test. */
static void find_role(const struct wheel_python *here, struct wheel_file *f)
{
	const char *base = path_base(f->rel), *suffix = base + strcspn(base, ".");
	CLEANUP_FREE char *init = xasprintf("PyInit_%.*s", (int)(suffix - base), base);
	const json_t *suffixes = json_object_get(here->dist->says, "extension_suffixes"), *one;
	/* Of a Python that cannot be asked. */
	CLEANUP_FREE char *usual = xasprintf(".cpython-%d%d%s-* .abi3.so .so", here->dist->major,
		here->dist->minor, here->dist->abiflags ? here->dist->abiflags : "");
	bool fits = !suffixes && check_listed(usual, suffix);
	size_t i;

	f->role = WHEEL_LIBRARY;
	if (!elf_exports(&f->facts, init))
		return;
	json_array_foreach (suffixes, i, one)
		fits = fits || (json_is_string(one) && !strcmp(json_string_value(one), suffix));
	if (!fits || f->facts.machine != here->exe.machine) {
		f->role = WHEEL_FOREIGN;
		return;
	}
	f->module = module_name(f->rel, (size_t)(suffix - base));
	f->role = f->module ? WHEEL_EXTENSION : WHEEL_LIBRARY;
}

void wheel_audit_roles(const struct wheel_python *here, struct wheel_audit *audit)
{
	memset(audit->counts, 0, sizeof(audit->counts));
	for (size_t i = 0; i < audit->n; i++) {
		free(steal(&audit->v[i].module));
		find_role(here, &audit->v[i]);
		audit->counts[audit->v[i].role]++;
	}
}

static int take_file(void *ctx, const char *name, const void *data, size_t size, struct err *err)
{
	struct wheel_audit *audit = ctx;
	struct wheel_file f = {0};
	struct err bad = ERR_INIT;

	(void)err;
	f.path = xasprintf("%s/%s", WHEEL_ROOT, name);
	f.rel = f.path + strlen(WHEEL_ROOT "/");
	if (elf_facts_from_memory(data, size, &f.facts, &bad) == 0) {
		bundled_find(data, size, f.rel, &f.facts, &f.bundled);
		*ARRAY_ADD(audit->v, audit->n) = f;
		return 0;
	}
	strv_addf(&audit->problems, "%s: %s", name, bad.msg);
	/* The loader looks at no more before it takes one. */
	if (elf_ident(data, size, &f.facts.bits, &f.facts.machine))
		*ARRAY_ADD(audit->bad, audit->n_bad) = f;
	else
		release_file(&f);
	return 0;
}

static int by_place(const void *a, const void *b)
{
	const struct wheel_file *x = a, *y = b;

	return tar_place_compare(x->rel, y->rel);
}

int wheel_audit_read(
	const char *wheel, const char *scratch, struct wheel_audit *audit, struct err *err)
{
	struct tar_wheel reading = {.limits = {WHEEL_MAX_BYTES, WHEEL_MAX_ENTRIES, .wheel = true},
		.memory = WHEEL_MEMORY,
		.scratch = scratch,
		.wants = elf_is,
		.visit = take_file,
		.ctx = audit};
	int r = tar_wheel_read(wheel, &reading, err);

	audit->folders = reading.folders;
	audit->date = reading.date;
	sort_array(audit->v, audit->n, sizeof(*audit->v), by_place);
	sort_array(audit->bad, audit->n_bad, sizeof(*audit->bad), by_place);
	return r;
}

static int by_name(const void *key, const void *member)
{
	return strcmp(key, *(const char *const *)member);
}

static const struct wheel_file *find_file(const struct wheel_file *v, size_t n, char *rel)
{
	const struct wheel_file key = {.rel = rel};

	return n ? bsearch(&key, v, n, sizeof(*v), by_place) : NULL;
}

/* auditwheel 6.4.0 came on that day; it removes libpython from DT_NEEDED, as the platform tags of
 * manylinux and musllinux forbid to need it. */
#define REMOVES_LIBPYTHON 20250525

char *wheel_libpython_age(unsigned int date)
{
	if (!date)
		return xstrdup("");
	return xasprintf(" (of %04u-%02u-%02u, %s)", date / 10000, date / 100 % 100, date % 100,
		date < REMOVES_LIBPYTHON ? "when auditwheel did not yet take that out"
					 : "though auditwheel takes that out");
}

bool wheel_owns(const char *path)
{
	return !strncmp(path, WHEEL_ROOT "/", strlen(WHEEL_ROOT "/"));
}

/* As the kernel walks: a folder must be there before '..' leaves it. */
const struct wheel_file *wheel_at(const struct wheel_audit *audit, const char *path, char **missing)
{
	CLEANUP_STRV struct strv parts = STRV_INIT, at = STRV_INIT;
	CLEANUP_FREE char *rel = NULL;
	const struct wheel_file *f = NULL;

	if (missing)
		*missing = NULL;
	if (!wheel_owns(path))
		return NULL;
	strv_split(&parts, path + strlen(WHEEL_ROOT "/"), "/");
	for (size_t i = 0; i < parts.n; i++) {
		const char *part = parts.v[i];

		if (!*part || !strcmp(part, "."))
			continue;
		if (f || (!at.n && !strcmp(part, "..")))
			return NULL;
		if (!strcmp(part, "..")) {
			free(at.v[--at.n]);
			at.v[at.n] = NULL;
			continue;
		}
		strv_add(&at, part);
		free(rel);
		rel = strv_join(&at, "/");
		if (audit->folders.n && bsearch(rel, audit->folders.v, audit->folders.n,
						sizeof(*audit->folders.v), by_name))
			continue;
		f = find_file(audit->v, audit->n, rel);
		f = f ? f : find_file(audit->bad, audit->n_bad, rel);
		if (f)
			continue;
		if (missing)
			*missing = steal(&rel);
		return NULL;
	}
	return f;
}
