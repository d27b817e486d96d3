/* The ELF files of a wheel, and their roles for the interpreter under test. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/below.h"
#include "base/file.h"
#include "check/check-internal.h"

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

void wheel_audit_release(struct wheel_audit *audit)
{
	for (size_t i = 0; i < audit->n; i++) {
		free(audit->v[i].path);
		free(audit->v[i].rel);
		free(audit->v[i].module);
		elf_facts_release(&audit->v[i].facts);
	}
	free(audit->v);
	strv_release(&audit->problems);
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
	bool fits = false;
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

bool wheel_is_elf(const unsigned char *start, size_t n)
{
	return n >= 4 && !memcmp(start, "\177ELF", 4);
}

static int visit_file(void *ctx, const struct tree_entry *e, struct err *err)
{
	struct wheel_audit *audit = ctx;
	struct wheel_file f = {0};
	struct err bad = ERR_INIT;
	unsigned char magic[4];

	(void)err;
	if (!S_ISREG(e->st->st_mode))
		return 0;
	CLEANUP_CLOSE int fd = file_open_below(e->in, e->name, &bad);

	if (fd < 0 || file_pread(fd, magic, sizeof(magic), 0) != (ssize_t)sizeof(magic) ||
		!wheel_is_elf(magic, sizeof(magic)))
		return 0;
	if (elf_facts_read(e->path, &f.facts, &bad) < 0) {
		strv_addf(&audit->problems, "%s: %s", e->rel, bad.msg);
		return 0;
	}
	f.path = xstrdup(e->path);
	f.rel = xstrdup(e->rel);
	f.dev = e->st->st_dev;
	f.ino = e->st->st_ino;
	*ARRAY_ADD(audit->v, audit->n) = f;
	return 0;
}

int wheel_audit_read(const char *dir, struct wheel_audit *audit, struct err *err)
{
	return tree_walk(dir, visit_file, audit, err);
}
