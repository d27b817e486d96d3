/* Whether files would load with another, mostly an older, GNU C library, and what keeps them from
 * it.
 *
 * The loader compares versions, not symbols: each file lists the versions that it needs of each
 * library (DT_VERNEED), and one that is missing ends the start, whether or not a symbol of it is
 * ever called. So versions decide the verdict; symbols and their users are the reasons, which can
 * be worked on. A version may be marked weak (VER_FLG_WEAK), which no linker does just because all
 * its symbols are: then the loader goes on, with a warning on stderr if the file is loaded with its
 * program, and the file must see for itself.
 */
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/interrupt.h"
#include "check/check-internal.h"
#include "proc/parallel.h"
#include "report/json.h"
#include "tar/tar.h"

#define USERS_MAX 100

struct user {
	char *name; /* NULL: the file has none for it */
	uint64_t addr;
	enum code_use_kind kind;
	size_t sites;
};

/* A symbol that a library of that version does not have. */
struct missing {
	const struct elf_undefined *symbol;
	const char *since; /* NULL: it is private to one build of the C library */
	bool weak;         /* the file loads without it */
	struct user *users;
	size_t n_users;
};

/* One file while it is judged. */
struct judging {
	const char *glibc;
	const struct py_file *file;
	struct missing *v;
	size_t n;
	uint32_t *by_index; /* 1 + the place in v, by the symbol's index; 0: not missing */
	size_t n_indexes;
	json_t *findings, *notes;
	bool fails;
};

static void judging_release(struct judging *j)
{
	for (size_t i = 0; i < j->n; i++) {
		for (size_t k = 0; k < j->v[i].n_users; k++)
			free(j->v[i].users[k].name);
		free(j->v[i].users);
	}
	free(j->v);
	free(j->by_index);
}

static bool is_private(const char *version)
{
	return !strcmp(version, "GLIBC_PRIVATE");
}

/* True if the C library of that release lacks the version; those of other libraries do not count.
 */
static bool is_missing(const struct judging *j, const char *version)
{
	const char *since = elf_glibc_release(version);

	return since ? elf_version_compare(since, j->glibc) > 0 : is_private(version);
}

static bool version_is_weak(const struct elf_facts *f, const struct elf_undefined *u)
{
	for (size_t i = 0; i < f->n_versions; i++) {
		const struct elf_version_need *need = &f->versions[i];

		if (!strcmp(need->version, u->version) && !strcmp(need->file, u->library))
			return need->weak;
	}
	return false;
}

static void find_symbols(struct judging *j, const struct elf_undefined *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct elf_undefined *u = &list[i];
		struct missing *m;

		if (!u->version || !is_missing(j, u->version))
			continue;
		m = ARRAY_ADD(j->v, j->n);
		m->symbol = u;
		m->since = elf_glibc_release(u->version);
		m->weak = u->weak && version_is_weak(&j->file->facts, u);
		j->fails = j->fails || !m->weak;
		if (u->index >= j->n_indexes)
			j->n_indexes = (size_t)u->index + 1;
	}
}

static int add_use(void *ctx, const struct code_use *use, struct err *err)
{
	struct judging *j = ctx;
	size_t at = use->symbol < j->n_indexes ? j->by_index[use->symbol] : 0;
	struct missing *m = at ? &j->v[at - 1] : NULL;
	struct user *last = m && m->n_users ? &m->users[m->n_users - 1] : NULL;
	/* What a compiler moved out of a function belongs to it. */
	size_t part = use->user && use->kind != CODE_USE_DATA ? code_part_of(use->user) : 0;

	(void)err;
	if (m && last && last->kind == use->kind && last->addr == use->addr)
		last->sites++;
	else if (m)
		*ARRAY_ADD(m->users, m->n_users) = (struct user){!use->user ? NULL
								 : part ? xstrndup(use->user, part)
									: xstrdup(use->user),
			use->addr, use->kind, .sites = 1};
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	const struct user *x = a, *y = b;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	if (x->name && y->name && strcmp(x->name, y->name) != 0)
		return strcmp(x->name, y->name);
	if (!x->name != !y->name)
		return x->name ? -1 : 1;
	return (x->addr > y->addr) - (x->addr < y->addr);
}

static int compare_places(const void *a, const void *b)
{
	const struct user *x = a, *y = b;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return (x->addr > y->addr) - (x->addr < y->addr);
}

/* One of each name and kind of use. */
static void settle_users(struct missing *m)
{
	size_t kept = 0;

	sort_array(m->users, m->n_users, sizeof(*m->users), compare_names);
	for (size_t i = 0; i < m->n_users; i++) {
		struct user *u = &m->users[i], *last = kept ? &m->users[kept - 1] : NULL;

		if (last && last->kind == u->kind && last->name && u->name &&
			!strcmp(last->name, u->name)) {
			last->sites += u->sites;
			free(u->name);
		} else {
			m->users[kept++] = *u;
		}
	}
	m->n_users = kept;
	sort_array(m->users, m->n_users, sizeof(*m->users), compare_places);
}

/* Finds out who uses the symbols; returns why not, or NULL. */
static char *find_users(struct judging *j)
{
	struct err err = ERR_INIT;

	if (!j->n)
		return NULL;
	j->by_index = xcalloc(j->n_indexes, sizeof(*j->by_index));
	for (size_t i = 0; i < j->n; i++)
		j->by_index[j->v[i].symbol->index] = (uint32_t)i + 1;
	if (code_uses(j->file->path, add_use, j, &err) < 0)
		return xstrdup(err.msg);
	for (size_t i = 0; i < j->n; i++)
		settle_users(&j->v[i]);
	return NULL;
}

__attribute__((format(printf, 2, 3))) static void add_finding(
	struct judging *j, const char *fmt, ...)
{
	CLEANUP_FREE char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	json_array_append_new(j->findings, json_text(text));
	j->fails = true;
}

/* Versions that are needed without a symbol: a loader's ability, or a leftover of the link. */
static void find_versions(struct judging *j)
{
	const struct elf_facts *f = &j->file->facts;

	for (size_t i = 0; i < f->n_versions; i++) {
		const struct elf_version_need *need = &f->versions[i];
		const char *since = elf_glibc_release(need->version);
		bool used = false;

		if (!is_missing(j, need->version))
			continue;
		if (need->weak) {
			json_array_append_new(j->notes,
				json_sprintf("needs %s of %s weakly: where it is missing, the "
					     "loader says so on stderr if the file is loaded with "
					     "its program, and goes on",
					need->version, need->file));
			continue;
		}
		j->fails = true;
		for (size_t k = 0; k < j->n && !used; k++)
			used = !strcmp(j->v[k].symbol->version, need->version) &&
			       !strcmp(j->v[k].symbol->library, need->file);
		/* A sentence of its own tells about packed relocations. */
		if (used || (f->relr && !strcmp(need->version, "GLIBC_ABI_DT_RELR")))
			continue;
		if (!strncmp(need->version, "GLIBC_ABI_", strlen("GLIBC_ABI_")))
			add_finding(j, "needs a loader with %s, which glibc has from %s on",
				need->version, since);
		else
			add_finding(j, "needs %s of %s, though it uses no symbol of that version",
				need->version, need->file);
	}
}

/* What a loader must be able to do, whatever versions say. */
static void find_abilities(struct judging *j)
{
	static const struct {
		const char *library, *since;
	} libraries[] = {{"libmvec.so.1", "2.22"}, {"libc_malloc_debug.so.0", "2.34"}};
	const struct elf_facts *f = &j->file->facts;
	uint64_t choices = elf_reloc_count(f, f->machine == EM_X86_64 ? R_X86_64_IRELATIVE
					      : f->machine == EM_386  ? R_386_IRELATIVE
								      : ELF_RELOC_UNKNOWN);

	if (f->relr && elf_version_compare(j->glibc, "2.36") < 0)
		add_finding(j,
			"has %ju packed relative relocations (DT_RELR), which glibc applies from 2.36 on",
			(uintmax_t)f->relr);
	if (f->gnu_hash && !f->sysv_hash && elf_version_compare(j->glibc, "2.5") < 0)
		add_finding(j, "has no DT_HASH, and glibc reads DT_GNU_HASH from 2.5 on");
	if ((f->machine == EM_X86_64 || f->machine == EM_386) && choices &&
		elf_version_compare(j->glibc, "2.11") < 0)
		add_finding(j,
			"chooses %ju functions when it is loaded (IRELATIVE), which glibc lets it from 2.11 on",
			(uintmax_t)choices);
	for (size_t i = 0; i < f->n_needed; i++) {
		for (size_t k = 0; k < ARRAY_SIZE(libraries); k++) {
			if (!strcmp(f->needed[i], libraries[k].library) &&
				elf_version_compare(j->glibc, libraries[k].since) < 0)
				add_finding(j, "needs %s, which glibc has from %s on", f->needed[i],
					libraries[k].since);
		}
	}
	if (f->machine == EM_X86_64 && f->tls_relocs.desc &&
		elf_version_compare(j->glibc, "2.40") < 0)
		json_array_append_new(j->notes,
			json_sprintf("has %ju descriptors of thread-local variables; before glibc "
				     "2.40 their use may change vector registers in a library that "
				     "is loaded late",
				(uintmax_t)f->tls_relocs.desc));
}

/* Constructors that an older C library leaves to the program, which leaves them to a newer one. The
 * compiler's own start files bring one constructor, which does nothing. */
static void find_start(struct judging *j)
{
	const struct elf_facts *f = &j->file->facts;
	struct err ignored = ERR_INIT;
	enum code_start start;

	for (size_t i = 0; i < j->n; i++) {
		/* Then it does not even start. */
		if (!strcmp(j->v[i].symbol->name, "__libc_start_main"))
			return;
	}
	if (f->interp && f->kind != ELF_KIND_SHARED && f->n_init > 1 &&
		elf_version_compare(j->glibc, "2.34") < 0 &&
		code_start(j->file->path, &start, &ignored) == 0 && start == CODE_START_NO_INIT)
		add_finding(j,
			"leaves its %ju constructors to the C library, which runs them from glibc "
			"2.34 on: it was linked with newer start files",
			(uintmax_t)f->n_init);
}

static json_t *users_json(const struct missing *m)
{
	json_t *users = json_array();

	for (size_t i = 0; i < m->n_users && i < USERS_MAX; i++) {
		const struct user *u = &m->users[i];

		json_array_append_new(
			users, JSON_OBJECT({"name", json_text(u->name)},
				       {"address", json_sprintf("0x%jx", (uintmax_t)u->addr)},
				       {"use", json_string(code_use_name(u->kind))},
				       {"sites", json_integer((json_int_t)u->sites)}));
	}
	return users;
}

static json_t *symbols_json(const struct judging *j)
{
	json_t *list = json_array();

	for (size_t i = 0; i < j->n; i++) {
		const struct missing *m = &j->v[i];
		size_t more = m->n_users > USERS_MAX ? m->n_users - USERS_MAX : 0;

		json_array_append_new(list,
			JSON_OBJECT({"symbol", json_text(m->symbol->name)},
				{"version", json_text(m->symbol->version)},
				{"library", json_text(m->symbol->library)},
				{"since", json_text(m->since)}, {"weak", json_boolean(m->weak)},
				{"weak_symbol", json_boolean(m->symbol->weak)},
				{"users", users_json(m)},
				{"more_users", json_integer((json_int_t)more)}));
	}
	return list;
}

bool check_is_musl(const struct elf_facts *f)
{
	if (f->interp && strstr(f->interp, "ld-musl"))
		return true;
	for (size_t i = 0; i < f->n_needed; i++) {
		if (check_listed("libc.musl-* ld-musl-* libc.so", f->needed[i]))
			return true;
	}
	return false;
}

/* Another C library, whose versions mean nothing here; NULL: none. */
static const char *other_libc(const struct elf_facts *f)
{
	if (check_is_musl(f))
		return "musl";
	return f->interp && !strncmp(f->interp, "/system/", 8) ? "Android's" : NULL;
}

/* The table names the file already, and of an archive the path is a scratch folder's. */
static const char *without_path(const char *problem, const char *path)
{
	CLEANUP_FREE char *start = xasprintf("reading '%s': ", path);

	return strncmp(problem, start, strlen(start)) ? problem : problem + strlen(start);
}

static json_t *judge(const char *glibc, const struct py_file *file)
{
	CLEANUP(judging_release) struct judging j = {.glibc = glibc, .file = file};
	const struct elf_facts *f = &file->facts;
	const char *other = other_libc(f);
	enum check_verdict verdict;
	CLEANUP_FREE char *no_users = NULL, *why = NULL;
	json_t *symbols;

	j.findings = json_array();
	j.notes = json_array();
	if (file->problem && file->unread) {
		why = xstrdup(file->problem);
	} else if (file->problem) {
		add_finding(&j, "is damaged: %s", without_path(file->problem, file->path));
	} else if (other) {
		why = xasprintf("it is for another C library, %s", other);
	} else {
		find_symbols(&j, f->undefined, f->n_undefined);
		find_symbols(&j, f->copies, f->n_copies);
		find_versions(&j);
		find_abilities(&j);
		find_start(&j);
		no_users = find_users(&j);
	}
	verdict = j.fails ? CHECK_FAIL : why ? CHECK_NOT_CHECKED : CHECK_PASS;
	symbols = symbols_json(&j);
	return JSON_OBJECT({"file", json_text(file->rel)},
		{"machine", json_text(file->problem ? NULL : elf_machine_name(f->machine))},
		{"needs", json_text(f->glibc)},
		{"verdict", json_string(check_verdict_word(verdict))}, {"why", json_text(why)},
		{"symbols", symbols}, {"users_why", json_text(no_users)}, {"findings", j.findings},
		{"notes", j.notes});
}

/* ---- all files ----------------------------------------------------------------------------- */

struct judged {
	const char *glibc;
	struct py_files *files;
	json_t **v;
	json_t *list;
};

static void judge_nth(void *ctx, size_t i)
{
	struct judged *all = ctx;
	struct py_file *file = &all->files->v[i];

	/* No loader maps objects and companions with debug information. */
	if ((file->facts.machine || py_file_read(NULL, file)) && file->role != PY_ROLE_OBJECT)
		all->v[i] = judge(all->glibc, file);
}

static int take_nth(void *ctx, size_t i, struct err *err)
{
	struct judged *all = ctx;

	(void)err;
	if (all->v[i])
		json_array_append_new(all->list, steal(&all->v[i]));
	return 0;
}

static void drop_nth(void *ctx, size_t i)
{
	struct judged *all = ctx;

	json_decref(steal(&all->v[i]));
}

/* The highest version that a file needs, and which one does; both NULL: none needs any. */
static const struct py_file *neediest(const struct py_files *files, bool site)
{
	const struct py_file *most = NULL;

	for (size_t i = 0; i < files->n; i++) {
		const struct py_file *f = &files->v[i];

		if (f->facts.glibc && (site || !f->site) && f->role != PY_ROLE_OBJECT &&
			(!most || elf_version_compare(f->facts.glibc, most->facts.glibc) > 0))
			most = f;
	}
	return most;
}

static int judge_files(struct py_files *files, const char *glibc, struct promises *promises,
	json_t *model, struct err *err)
{
	CLEANUP_FREE json_t **slots = xcalloc(files->n + 1, sizeof(json_t *));
	struct judged all = {glibc, files, slots, check_list(model, "files")};
	const struct parallel_work work = {judge_nth, take_nth, drop_nth, .ctx = &all};
	json_t *says = check_list(model, "says");
	const struct py_file *most, *own;

	if (parallel(&work, files->n, err) < 0 || interrupt_check(err) < 0)
		return -1;
	most = neediest(files, true);
	json_object_set_new(model, "needs", json_text(most ? most->facts.glibc : NULL));
	json_object_set_new(model, "needs_of", json_text(most ? most->rel : NULL));
	/* What was installed later is no part of what the tree says of itself. */
	own = neediest(files, false);
	for (size_t i = 0; i < promises->n; i++) {
		const struct promise *p = &promises->v[i];
		bool holds = !own || elf_version_compare(own->facts.glibc, p->glibc) <= 0;

		json_array_append_new(
			says, JSON_OBJECT({"by", json_text(p->by)}, {"glibc", json_text(p->glibc)},
				      {"needs", json_text(own ? own->facts.glibc : NULL)},
				      {"needs_of", json_text(own ? own->rel : NULL)},
				      {"verdict", json_string(check_verdict_word(
							  holds ? CHECK_PASS : CHECK_FAIL))}));
	}
	return 0;
}

static int read_folder(
	const char *dir, struct py_files *files, struct promises *promises, struct err *err)
{
	promises_of_tree(dir, promises);
	return py_folder_list(dir, files, err);
}

/* A file alone, or, if it is neither ELF nor a static library, an archive: unpacked into `scratch`.
 */
static int read_file(const char *path, const char *scratch, struct py_files *files,
	struct promises *promises, struct err *err)
{
	const struct tar_limits limits = {
		WHEEL_MAX_BYTES, WHEEL_MAX_ENTRIES, .wheel = ends_with(path, ".whl")};
	CLEANUP_FREE char *dir = xasprintf("%s/unpacked", scratch);
	CLEANUP_CLOSE int fd = file_open(path, err);
	struct py_file *f;
	char magic[8] = {0};

	if (fd < 0)
		return -1;
	if (file_pread(fd, magic, sizeof(magic), 0) < 0)
		return err_sys(err, "cannot read '%s'", path);
	if (!memcmp(magic, "!<arch>\n", 8))
		return err_set(err, ERR_UNSUPPORTED,
			"'%s' is for a linker: what is linked with it needs a C library", path);
	if (!elf_is(magic, sizeof(magic))) {
		promises_of_wheel(path, promises);
		return tar_extract_fd(fd, path, dir, 0, &limits, err) < 0
			       ? -1
			       : read_folder(dir, files, promises, err);
	}
	f = ARRAY_ADD(files->v, files->n);
	f->path = xstrdup(path);
	f->rel = xstrdup(path);
	/* Of a file that was named alone, damage ends the work. */
	if (elf_facts_read(path, &f->facts, err) < 0)
		return -1;
	f->role = f->facts.kind == ELF_KIND_OBJECT || f->facts.debug_only ? PY_ROLE_OBJECT
									  : PY_ROLE_LIBRARY;
	return f->role == PY_ROLE_OBJECT
		       ? err_set(err, ERR_UNSUPPORTED, "no loader maps '%s': it is %s", path,
				 f->facts.debug_only ? "debug information alone" : "an object file")
		       : 0;
}

int check_glibc(
	const char *what, const char *glibc, const char *scratch, json_t *model, struct err *err)
{
	CLEANUP_PYTHON_FILES struct py_files files = {0};
	CLEANUP(promises_release) struct promises promises = {0};
	CLEANUP_PYTHON struct python dist = {0};
	int r;

	if (!glibc_is_version(glibc)) {
		err_set(err, ERR_USAGE, "--glibc: '%s' is no version of the GNU C library", glibc);
		return err_hint(err, "write it as 2.17");
	}
	json_object_set_new(model, "given", json_text(what));
	json_object_set_new(model, "glibc", json_string(glibc));
	if (path_is_dir(what)) {
		r = read_folder(what, &files, &promises, err);
	} else if (path_exists(what)) {
		r = read_file(what, scratch, &files, &promises, err);
	} else {
		r = py_find_unrun(what, &dist, err);
		if (r == 0)
			promises_of_tree(dist.prefix, &promises);
		r = r == 0 ? py_files_read(&dist, &files, err) : -1;
	}
	if (r < 0 || judge_files(&files, glibc, &promises, model, err) < 0)
		return -1;
	check_summarise(model);
	return 0;
}
