/* Finds a library as ld.so of the GNU C library does: its search order, step by step, and its own
 * report (--list-diagnostics) on what was compiled into it. And as musl's does, which has few
 * rules:
 *
 * - libc.so and its other names are the loader itself.
 * - What was found by a search answers to the name of its file; no DT_SONAME counts.
 * - LD_LIBRARY_PATH comes first, then DT_RUNPATH or else DT_RPATH, which are the same to it: of the
 *   file, of what loaded it, and so on to the program; then the folders of the system.
 * - The first file of that name is taken. One that cannot be loaded ends the search. */
#include <ctype.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/interrupt.h"
#include "python/python-internal.h"
#include "proc/proc.h"

#define CACHE_PATH "/etc/ld.so.cache"
#define MAX_CACHE ((size_t)64 << 20)
#define MAX_MUSL_PATH 65536
#define MAX_DIAGNOSTICS (1 << 20)
#define DIAGNOSTICS_MS 10000

/* Values compiled into one ld.so, and what it detected about the processor. */
struct loader {
	struct loader *next;
	char *key;          /* machine, class and path */
	char *lib;          /* $LIB */
	char *platform;     /* $PLATFORM; NULL if unknown */
	struct strv dirs;   /* default folders, without trailing slashes */
	struct strv hwcaps; /* active subfolders of glibc-hwcaps, best first */
	bool musl;
};

/* Constants for all processes of a machine and class. */
static const struct loader_machine {
	uint16_t machine;
	unsigned bits;
	int32_t cache;      /* flags of matching ld.so.cache entries; -1: unknown */
	const char *triple; /* for Debian's folders; NULL: unknown */
	const char *interp; /* the usual loader */
} machines[] = {
	{EM_X86_64, 64, 0x303, "x86_64-linux-gnu", "/lib64/ld-linux-x86-64.so.2"},
	{EM_X86_64, 32, 0x803, "x86_64-linux-gnu", ""},
	{EM_386, 32, 0x003, "i386-linux-gnu", "/lib/ld-linux.so.2"},
	{EM_AARCH64, 64, 0xa03, "aarch64-linux-gnu", "/lib/ld-linux-aarch64.so.1"},
	{EM_RISCV, 64, 0x1003, "riscv64-linux-gnu", ""},
	{EM_S390, 64, 0x403, NULL, ""},
	{EM_PPC64, 64, 0x503, NULL, ""},
	{EM_NONE, 0, -1, NULL, ""},
};

static const struct loader_machine *find_machine(uint16_t machine, unsigned bits)
{
	const struct loader_machine *m = machines;

	while (m->machine && (m->machine != machine || m->bits != bits))
		m++;
	return m;
}

/* All loaders asked so far, and the contents of the cache. They do not change while we run, and are
 * never freed. */
static pthread_mutex_t known_lock = PTHREAD_MUTEX_INITIALIZER;
static struct loader *known_loaders;
static struct buf known_cache;
static bool cache_read;

/* The quoted text of a line NAME="text" or NAME[0x1]="text"; NULL for other lines. */
static char *quoted(const char *line, const char *name)
{
	size_t len = strlen(name);
	const char *p;

	if (strncmp(line, name, len) != 0)
		return NULL;
	p = line + len;
	if (*p == '[')
		p += strcspn(p, "]");
	p += *p == ']';
	if (strncmp(p, "=\"", 2) != 0)
		return NULL;
	return xstrndup(p + 2, strcspn(p + 2, "\""));
}

/* Strips trailing slashes from `dir` and returns it. */
static char *strip_slashes(char *dir)
{
	for (size_t n = dir ? strlen(dir) : 0; n > 1 && dir[n - 1] == '/';)
		dir[--n] = '\0';
	return dir;
}

static void parse_diagnostics(struct loader *l, const char *text)
{
	CLEANUP_STRV struct strv lines = STRV_INIT, subdirs = STRV_INIT;
	static const char active_name[] = "dl_hwcaps_subdirs_active=";
	unsigned long active = 0;
	char *value;

	strv_split(&lines, text, "\n");
	for (size_t i = 0; i < lines.n; i++) {
		const char *line = lines.v[i];

		if (!strncmp(line, active_name, strlen(active_name)))
			active = strtoul(line + strlen(active_name), NULL, 16);
		else if (!l->lib && (value = quoted(line, "dl_dst_lib")))
			l->lib = value;
		else if (!l->platform && (value = quoted(line, "dl_platform")))
			l->platform = value;
		else if ((value = quoted(line, "path.system_dirs")))
			strv_take(&l->dirs, strip_slashes(value));
		else if ((value = quoted(line, "dl_hwcaps_subdirs"))) {
			strv_split(&subdirs, value, ":");
			free(value);
		}
	}
	for (size_t i = 0; i < subdirs.n && i < 32; i++) {
		if (active & (1ul << i))
			strv_add(&l->hwcaps, subdirs.v[i]);
	}
}

static void ask_loader(struct loader *l, const char *interp)
{
	CLEANUP_STRV struct strv argv = STRV_INIT, env = STRV_INIT;
	CLEANUP_FREE char *real = realpath(interp, NULL);
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct proc_spec spec = {.argv = &argv, .env = &env, .cwd = "/", .out = -1, .err = -1};
	const char *base = real ? path_base(real) : "";
	struct err ignored = ERR_INIT;

	/* Run only a real ld.so of the system. */
	if (!real || (strncmp(real, "/lib", 4) != 0 && strncmp(real, "/usr/lib", 8) != 0) ||
		(strncmp(base, "ld-", 3) != 0 && strncmp(base, "ld64.so", 7) != 0 &&
			strncmp(base, "ld.so", 5) != 0))
		return;
	strv_add(&argv, interp);
	strv_add(&argv, "--list-diagnostics");
	strv_add(&env, "LC_ALL=C");
	if (proc_run(&spec, false, MAX_DIAGNOSTICS, DIAGNOSTICS_MS, &out, &ignored) == 0)
		parse_diagnostics(l, out.data);
}

/* Distribution defaults, for a loader that could not be asked (older than 2.33, or for another
 * machine). */
static void fill_defaults(struct loader *l, uint16_t machine, unsigned bits)
{
	const char *triple = find_machine(machine, bits)->triple;
	const char *machine_name = elf_machine_name(machine);
	CLEANUP_FREE char *debian = triple ? xasprintf("/lib/%s", triple) : NULL;
	CLEANUP_FREE char *root = machine_runs(machine) ? NULL : machine_root(machine);
	bool is_debian = debian && path_is_dir(debian);

	if (!l->lib)
		l->lib = xstrdup(is_debian ? debian + 1 : bits == 64 ? "lib64" : "lib");
	if (!l->platform && machine_name)
		l->platform = xstrdup(machine_name);
	if (l->dirs.n > 0)
		return;
	/* Where the emulator's loader looks, that is. */
	if (root) {
		strv_addf(&l->dirs, "%s/lib", root);
		return;
	}
	if (is_debian) {
		strv_add(&l->dirs, debian);
		strv_addf(&l->dirs, "/usr%s", debian);
	} else if (bits == 64) {
		strv_add(&l->dirs, "/lib64");
		strv_add(&l->dirs, "/usr/lib64");
	}
	strv_add(&l->dirs, "/lib");
	strv_add(&l->dirs, "/usr/lib");
}

bool py_is_musl(const char *interp)
{
	return interp && !strncmp(path_base(interp), "ld-musl-", strlen("ld-musl-"));
}

/* musl's folders: of /etc/ld-musl-x86_64.path for /lib/ld-musl-x86_64.so.1, or else its own. */
static void fill_musl(struct loader *l, const char *interp)
{
	CLEANUP_FREE char *dir = path_dir(interp), *prefix = path_dir(dir);
	const char *base = path_base(interp);
	CLEANUP_FREE char *path = xasprintf("%s/etc/%.*s.path", !strcmp(prefix, "/") ? "" : prefix,
		(int)strcspn(base, "."), base);
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct err ignored = ERR_INIT;

	l->musl = true;
	if (file_read(path, MAX_MUSL_PATH, &text, &ignored) < 0)
		buf_adds(&text, "/lib:/usr/local/lib:/usr/lib");
	strv_split(&l->dirs, text.data, ":\n");
}

static const struct loader *get_loader(const struct py_chain *first)
{
	const struct elf_facts *f = first->facts;
	const char *interp = f->interp ? f->interp : find_machine(f->machine, f->bits)->interp;
	CLEANUP_FREE char *key = xasprintf("%u %u %s", f->machine, f->bits, interp);
	struct loader *l;

	pthread_mutex_lock(&known_lock);
	for (l = known_loaders; l && strcmp(l->key, key) != 0;)
		l = l->next;
	if (!l) {
		l = xcalloc(1, sizeof(*l));
		l->key = steal(&key);
		if (!py_is_musl(interp)) {
			ask_loader(l, interp);
			fill_defaults(l, f->machine, f->bits);
		} else {
			fill_musl(l, interp);
		}
		l->next = known_loaders;
		known_loaders = l;
	}
	pthread_mutex_unlock(&known_lock);
	return l;
}

/* Empty if there is no cache, which the loader ignores too. */
static const struct buf *get_cache(void)
{
	struct err ignored = ERR_INIT;

	pthread_mutex_lock(&known_lock);
	if (!cache_read && file_read(CACHE_PATH, MAX_CACHE, &known_cache, &ignored) < 0)
		buf_clear(&known_cache);
	cache_read = true;
	pthread_mutex_unlock(&known_lock);
	return &known_cache;
}

/* ---- a search ------------------------------------------------------------------------------ */

struct search {
	const struct py_view *view;
	const struct py_chain *chain;
	size_t n;
	const char *needed;
	const struct loader *loader;
	unsigned bits;
	uint16_t machine;
	char *found, *why;
	bool blocked; /* found a file that stops the loader */
};

/* True if the file opens and is for this process. The loader skips files of another class or
 * machine, but stops at a file that is not ELF at all. */
static bool would_load(struct search *s, const char *path)
{
	const struct elf_facts *facts;

	if (s->view && s->view->at(s->view->ctx, path, &facts))
		return facts && facts->bits == s->bits && facts->machine == s->machine;

	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	unsigned char head[64];
	uint16_t machine;
	unsigned bits;
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, head, sizeof(head));
	if (n < 0 || !elf_ident(head, (size_t)n, &bits, &machine)) {
		s->blocked = true;
		free(s->why);
		s->why = xasprintf("'%s' is in the way: it is not an ELF file", path);
		return false;
	}
	if (bits == s->bits && machine == s->machine)
		return true;
	if (s->loader->musl) {
		s->blocked = true;
		free(s->why);
		s->why = xasprintf("'%s' is in the way: it is for another machine", path);
	}
	return false;
}

/* The folder of an element of the chain: for a program resolved as by the kernel, for libraries as
 * found. */
static char *origin_of(const struct search *s, size_t i)
{
	bool program = i == 0 && s->chain[i].facts->interp;
	CLEANUP_FREE char *full =
		program ? realpath(s->chain[i].path, NULL) : path_absolute(s->chain[i].path);

	return full ? path_dir(full) : NULL;
}

/* The length of a token ("ORIGIN" or "{ORIGIN}") at p; 0 if it is a different one, such as
 * "ORIGINAL". */
static size_t token_length(const char *p, const char *name)
{
	size_t brace = *p == '{', len = strlen(name);
	char next;

	if (strncmp(p + brace, name, len) != 0)
		return 0;
	next = p[brace + len];
	if (brace ? next != '}' : isalnum((unsigned char)next) || next == '_')
		return 0;
	return len + 2 * brace;
}

bool py_begins_with_origin(const char *text)
{
	return *text == '$' && token_length(text + 1, "ORIGIN") > 0;
}

/* Expands $ORIGIN, $LIB and $PLATFORM for element i of the chain. NULL if a value is unknown; the
 * loader then drops the whole path element. */
static char *expand_tokens(const struct search *s, size_t i, const char *text)
{
	CLEANUP_FREE char *origin = origin_of(s, i);
	const struct {
		const char *name, *value;
	} tokens[] = {
		{"ORIGIN", origin}, {"PLATFORM", s->loader->platform}, {"LIB", s->loader->lib}};
	CLEANUP_BUF struct buf out = BUF_INIT;

	for (const char *p = text; *p;) {
		size_t len = 0, t = 0;

		while (*p == '$' && t < ARRAY_SIZE(tokens) &&
			!(len = token_length(p + 1, tokens[t].name)))
			t++;
		if (len && !tokens[t].value)
			return NULL;
		if (len)
			buf_adds(&out, tokens[t].value);
		else
			buf_add(&out, p, 1);
		p += 1 + len;
	}
	return buf_steal(&out);
}

char *py_loader_expand(const struct py_chain *chain, size_t n_chain, const char *text)
{
	const struct search s = {.chain = chain, .n = n_chain, .loader = get_loader(&chain[0])};

	return expand_tokens(&s, n_chain - 1, text);
}

/* The loader asks what is loaded already before it searches; a program has no name but its
 * SONAME. */
static bool answers_loaded(struct search *s)
{
	for (size_t i = s->loader->musl; i < s->n && !s->found; i++) {
		const struct py_chain *loaded = &s->chain[i];
		const char *soname =
			s->loader->musl ? path_base(loaded->path) : loaded->facts->soname;

		if (!soname || strcmp(s->needed, soname) != 0)
			continue;
		s->found = xstrdup(loaded->path);
		s->why = xasprintf("%s of '%s', which is loaded already",
			s->loader->musl ? "the name" : "DT_SONAME", loaded->path);
	}
	return s->found;
}

bool py_loader_answers(const struct py_chain *library, const char *needed)
{
	const char *soname = library->facts->soname;

	return !strcmp(needed, library->path) || (soname && !strcmp(needed, soname));
}

/* Searches one folder, subfolders for better processors first. Reports the rule that led there, and
 * the file `of` (may be NULL) that contains it. */
static bool search_dir(struct search *s, const char *dir, const char *rule, const char *of)
{
	for (size_t i = 0; i <= s->loader->hwcaps.n; i++) {
		bool last = i == s->loader->hwcaps.n;
		CLEANUP_FREE char *path = last ? xasprintf("%s/%s", dir, s->needed)
					       : xasprintf("%s/glibc-hwcaps/%s/%s", dir,
							 s->loader->hwcaps.v[i], s->needed);

		if (would_load(s, path)) {
			s->found = steal(&path);
			s->why = of ? xasprintf("%s of '%s'", rule, of) : xstrdup(rule);
		}
		if (s->found || s->blocked)
			return true;
	}
	return false;
}

/* Searches the folders of a search path of element i of the chain; an empty one is the current
 * folder. */
static bool search_list(struct search *s, const char *list, const char *separators, size_t i,
	const char *rule, const char *of)
{
	for (const char *p = list; *list;) {
		size_t len = strcspn(p, separators);
		CLEANUP_FREE char *element = xstrndup(p, len);
		/* musl passes over one that is empty. */
		CLEANUP_FREE char *expanded =
			s->loader->musl && !len ? NULL : expand_tokens(s, i, element);
		CLEANUP_FREE char *dir =
			expanded ? strip_slashes(path_absolute(*expanded ? expanded : ".")) : NULL;

		if (dir && search_dir(s, dir, rule, of))
			return true;
		if (!p[len])
			return false;
		p += len + 1;
	}
	return false;
}

static bool search_cache(struct search *s)
{
	int32_t kind = find_machine(s->machine, s->bits)->cache;
	const struct strv *levels = &s->loader->hwcaps;
	const struct buf *bytes = get_cache();
	const char *best = NULL;
	size_t best_level = 0;
	struct err ignored = ERR_INIT;
	struct ldcache_entry e;
	struct ldcache cache;

	if (!bytes->len || ldcache_open(bytes->data, bytes->len, &cache, &ignored) < 0)
		return false;
	/* Entries for better processors come first: the best of them wins, else the first plain
	 * one. */
	while (ldcache_next(&cache, &e, &ignored) > 0) {
		size_t level = 0;

		if (strcmp(e.soname, s->needed) != 0 || (kind >= 0 && e.flags != kind))
			continue;
		if (!e.hwcaps && e.hwcap && !best)
			continue;
		if (!e.hwcaps) {
			best = best ? best : e.path;
			break;
		}
		while (level < levels->n && strcmp(levels->v[level], e.hwcaps) != 0)
			level++;
		if (level < levels->n && (!best || level < best_level)) {
			best = e.path;
			best_level = level;
		}
	}
	if (best && would_load(s, best)) {
		s->found = xstrdup(best);
		s->why = xstrdup(CACHE_PATH);
	}
	return s->found || s->blocked;
}

/* In the loader's order, up to the first file that it would take. */
static void search_all(struct search *s)
{
	const struct py_chain *last = &s->chain[s->n - 1];
	const char *environment = getenv("LD_LIBRARY_PATH");

	/* DT_RPATH of the file, of the file that loaded it, and so on; each only if it has no
	 * DT_RUNPATH. */
	for (size_t i = last->facts->runpath ? 0 : s->n; i-- > 0;) {
		const struct elf_facts *f = s->chain[i].facts;

		if (f->rpath && !f->runpath &&
			search_list(s, f->rpath, ":", i, "DT_RPATH", s->chain[i].path))
			return;
	}
	if (environment && search_list(s, environment, ":;", 0, "LD_LIBRARY_PATH", NULL))
		return;
	if (last->facts->runpath &&
		search_list(s, last->facts->runpath, ":", s->n - 1, "DT_RUNPATH", last->path))
		return;
	if (search_cache(s))
		return;
	for (size_t i = 0; i < s->loader->dirs.n; i++) {
		if (search_dir(s, s->loader->dirs.v[i], "the default folders", NULL))
			return;
	}
}

/* True for libc.so and what else is in musl's loader. */
static bool is_in_musl(const char *needed)
{
	static const char *const names[] = {"c", "pthread", "rt", "m", "dl", "util", "xnet"};
	size_t n = strncmp(needed, "lib", 3) ? 0 : strcspn(needed + 3, ".");

	for (size_t i = 0; n && i < ARRAY_SIZE(names); i++)
		if (needed[3 + n] == '.' && strlen(names[i]) == n &&
			!strncmp(needed + 3, names[i], n))
			return true;
	return false;
}

/* It knows no token but $ORIGIN, and drops a path with another one. */
static bool drops_path(const char *list)
{
	for (const char *p = list; (p = strchr(p, '$')); p++)
		if (!py_begins_with_origin(p))
			return true;
	return false;
}

static void search_musl(struct search *s)
{
	const char *environment = getenv("LD_LIBRARY_PATH"), *interp = s->chain[0].facts->interp;

	if (is_in_musl(s->needed)) {
		s->found = xstrdup(interp);
		s->why = xstrdup("musl's loader has it inside");
		return;
	}
	if (answers_loaded(s) ||
		(environment && search_list(s, environment, ":\n", 0, "LD_LIBRARY_PATH", NULL)))
		return;
	for (size_t i = s->n; i-- > 0;) {
		const struct elf_facts *f = s->chain[i].facts;
		const char *list = f->runpath ? f->runpath : f->rpath;

		if (list && !drops_path(list) &&
			search_list(s, list, ":\n", i, f->runpath ? "DT_RUNPATH" : "DT_RPATH",
				s->chain[i].path))
			return;
	}
	for (size_t i = 0; i < s->loader->dirs.n; i++)
		if (search_dir(s, s->loader->dirs.v[i], "the default folders", NULL))
			return;
}

int py_loader_find(const struct py_chain *chain, size_t n_chain, const char *needed, char **found,
	char **why, struct err *err)
{
	return py_loader_find_in(NULL, chain, n_chain, needed, found, why, err);
}

int py_loader_find_in(const struct py_view *view, const struct py_chain *chain, size_t n_chain,
	const char *needed, char **found, char **why, struct err *err)
{
	const struct elf_facts *first = chain[0].facts;
	struct search s = {.view = view,
		.chain = chain,
		.n = n_chain,
		.needed = needed,
		.bits = first->bits,
		.machine = first->machine};
	CLEANUP_FREE char *path = NULL;

	*found = *why = NULL;
	if (interrupt_check(err) < 0)
		return -1;
	s.loader = get_loader(&chain[0]);
	if (s.loader->musl && !strchr(needed, '/')) {
		search_musl(&s);
	} else if (!strchr(needed, '/')) {
		if (!answers_loaded(&s))
			search_all(&s);
	} else if ((path = s.loader->musl ? xstrdup(needed)
					  : expand_tokens(&s, n_chain - 1, needed)) &&
		   would_load(&s, path)) {
		/* A name with a slash is a path; there is no search. */
		s.found = steal(&path);
		s.why = xstrdup("the path in DT_NEEDED");
	}
	*found = s.found;
	*why = s.why ? s.why : xstrdup("it is not in any folder that the loader searches");
	return 0;
}
