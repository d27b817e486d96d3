/* The ELF files of a wheel: what each is to the interpreter under test. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/below.h"
#include "base/file.h"
#include "check/wheel-internal.h"

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

bool wheel_python_exports(const struct wheel_python *p, const char *name)
{
	return elf_exports(&p->exe, name) || elf_exports(&p->library, name);
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

/* Is it an identifier, as far as files in wheels go? */
static bool is_identifier(const char *s, size_t n)
{
	if (!n || isdigit((unsigned char)*s))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!isalnum((unsigned char)s[i]) && s[i] != '_')
			return false;
	}
	return true;
}

/* "pkg/sub/mod.abi3.so" is "pkg.sub.mod". What wheels keep under NAME.data/platlib (or purelib)
 * lands beside the rest. NULL for what cannot be imported by a name. */
static char *module_name(const char *rel, size_t stem_length)
{
	CLEANUP_BUF struct buf name = BUF_INIT;
	const char *data = strstr(rel, ".data/"), *base;

	if (data && !memchr(rel, '/', (size_t)(data - rel))) {
		data += strlen(".data/");
		if (strncmp(data, "platlib/", 8) != 0 && strncmp(data, "purelib/", 8) != 0)
			return NULL;
		rel = data + 8;
	}
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

static bool is_suffix(const struct wheels *all, const char *suffix)
{
	const json_t *suffixes = json_object_get(all->here.dist->says, "extension_suffixes"), *one;
	size_t i;

	json_array_foreach (suffixes, i, one) {
		if (json_is_string(one) && !strcmp(json_string_value(one), suffix))
			return true;
	}
	return false;
}

static void find_role(const struct wheels *all, struct wheel_file *f)
{
	const char *base = path_base(f->rel);
	size_t stem = strcspn(base, ".");
	const char *suffix = base + stem;
	CLEANUP_FREE char *init = xasprintf("PyInit_%.*s", (int)stem, base);

	f->role = WHEEL_LIBRARY;
	if (!elf_exports(&f->facts, init))
		return;
	f->role = WHEEL_FOREIGN;
	if (f->facts.machine != all->here.exe.machine)
		return;
	if (!is_suffix(all, suffix))
		return;
	f->module = module_name(f->rel, stem);
	f->role = f->module ? WHEEL_EXTENSION : WHEEL_LIBRARY;
}

struct audit_context {
	const struct wheels *all;
	struct wheel_audit *audit;
};

static bool is_elf(const struct tree_entry *e)
{
	struct err ignored = ERR_INIT;
	CLEANUP_CLOSE int fd = file_open_below(e->in, e->name, &ignored);
	char magic[4];

	return fd >= 0 && read(fd, magic, sizeof(magic)) == (ssize_t)sizeof(magic) &&
	       !memcmp(magic, "\177ELF", sizeof(magic));
}

static int visit_file(void *ctx, const struct tree_entry *e, struct err *err)
{
	struct audit_context *c = ctx;
	struct wheel_audit *audit = c->audit;
	struct err bad = ERR_INIT;
	struct wheel_file *f;

	(void)err;
	if (!S_ISREG(e->st->st_mode) || !is_elf(e))
		return 0;
	if (!(audit->n & (audit->n + 1)))
		audit->v = xreallocarray(audit->v, 2 * (audit->n + 1), sizeof(*audit->v));
	f = &audit->v[audit->n];
	*f = (struct wheel_file){0};
	if (elf_facts_read(e->path, &f->facts, &bad) < 0) {
		strv_addf(&audit->problems, "%s: %s", e->rel, bad.msg);
		return 0;
	}
	audit->n++;
	f->path = xstrdup(e->path);
	f->rel = xstrdup(e->rel);
	find_role(c->all, f);
	return 0;
}

int wheel_audit_read(
	const struct wheels *all, const char *dir, struct wheel_audit *audit, struct err *err)
{
	struct audit_context c = {all, audit};

	return tree_walk(dir, visit_file, &c, err);
}
