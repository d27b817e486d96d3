/* Where ld.so of the GNU C library finds a library: its search order, step by step, and its own
 * word (--list-diagnostics) on what was compiled into it. */
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
#define MAX_DIAGNOSTICS (1 << 20)
#define DIAGNOSTICS_MS 10000

/* What one ld.so has compiled in or found out about the processor. */
struct loader {
	char *lib;          /* $LIB */
	char *platform;     /* $PLATFORM; NULL when unknown */
	struct strv dirs;   /* default folders, without a final slash */
	struct strv hwcaps; /* subfolders of glibc-hwcaps that are searched, best first */
};

struct search {
	const struct py_chain *chain;
	size_t n;
	const char *needed;
	const struct loader *loader;
	unsigned bits;
	uint16_t machine;
	char *found, *why;
	bool blocked; /* a file that stops the loader */
};

/* All loaders asked so far, and the cache's bytes. They do not change while we run, and are never
 * freed. */
struct known_loader {
	struct known_loader *next;
	char *key;
	struct loader loader;
};
static pthread_mutex_t known_lock = PTHREAD_MUTEX_INITIALIZER;
static struct known_loader *known_loaders;
static struct buf known_cache;
static bool cache_read;

/* The text in quotes of a line NAME="text" or NAME[0x1]="text"; NULL for other lines. */
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

static void keep_dir(struct loader *l, char *dir)
{
	size_t len = strlen(dir);

	while (len > 1 && dir[len - 1] == '/')
		dir[--len] = '\0';
	strv_take(&l->dirs, dir);
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
			keep_dir(l, value);
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

/* Only a real ld.so of the system is run. */
static bool may_run(const char *interp)
{
	CLEANUP_FREE char *real = realpath(interp, NULL);
	const char *base = real ? path_base(real) : "";

	return real && (!strncmp(real, "/lib", 4) || !strncmp(real, "/usr/lib", 8)) &&
	       (!strncmp(base, "ld-", 3) || !strncmp(base, "ld64.so", 7) ||
		       !strncmp(base, "ld.so", 5)) &&
	       !strstr(base, "musl");
}

static void ask_loader(struct loader *l, const char *interp)
{
	CLEANUP_STRV struct strv argv = STRV_INIT, env = STRV_INIT;
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct proc_spec spec = {.argv = &argv, .env = &env, .cwd = "/", .out = -1, .err = -1};
	struct err ignored = ERR_INIT;

	if (!may_run(interp))
		return;
	strv_add(&argv, interp);
	strv_add(&argv, "--list-diagnostics");
	strv_add(&env, "LC_ALL=C");
	if (proc_run(&spec, false, MAX_DIAGNOSTICS, DIAGNOSTICS_MS, &out, &ignored) == 0)
		parse_diagnostics(l, out.data);
}

static const char *multiarch_of(uint16_t machine)
{
	return machine == EM_X86_64    ? "x86_64-linux-gnu"
	       : machine == EM_AARCH64 ? "aarch64-linux-gnu"
	       : machine == EM_386     ? "i386-linux-gnu"
	       : machine == EM_RISCV   ? "riscv64-linux-gnu"
				       : NULL;
}

/* For one that could not be asked (older than 2.33, or for another machine): what distributions
 * compile in. */
static void fill_defaults(struct loader *l, uint16_t machine, unsigned bits)
{
	const char *triple = multiarch_of(machine), *machine_name = elf_machine_name(machine);
	CLEANUP_FREE char *multiarch = triple ? xasprintf("lib/%s", triple) : NULL;
	CLEANUP_FREE char *debian = triple ? xasprintf("/%s", multiarch) : NULL;
	bool is_debian = debian && path_is_dir(debian);

	if (!l->lib)
		l->lib = xstrdup(is_debian ? multiarch : bits == 64 ? "lib64" : "lib");
	if (!l->platform && machine_name)
		l->platform = xstrdup(machine_name);
	if (l->dirs.n > 0)
		return;
	if (is_debian) {
		strv_add(&l->dirs, debian);
		strv_addf(&l->dirs, "/usr%s", debian);
	}
	if (bits == 64 && !is_debian) {
		strv_add(&l->dirs, "/lib64");
		strv_add(&l->dirs, "/usr/lib64");
	}
	strv_add(&l->dirs, "/lib");
	strv_add(&l->dirs, "/usr/lib");
}

static const char *usual_loader(uint16_t machine, unsigned bits)
{
	if (machine == EM_X86_64 && bits == 64)
		return "/lib64/ld-linux-x86-64.so.2";
	if (machine == EM_AARCH64)
		return "/lib/ld-linux-aarch64.so.1";
	return machine == EM_386 ? "/lib/ld-linux.so.2" : "";
}

static const struct loader *get_loader(const struct py_chain *first)
{
	const struct elf_facts *f = first->facts;
	const char *interp = f->interp ? f->interp : usual_loader(f->machine, f->bits);
	CLEANUP_FREE char *key = xasprintf("%u %u %s", f->machine, f->bits, interp);
	struct known_loader *k;

	pthread_mutex_lock(&known_lock);
	for (k = known_loaders; k && strcmp(k->key, key) != 0;)
		k = k->next;
	if (!k) {
		k = xcalloc(1, sizeof(*k));
		k->key = steal(&key);
		ask_loader(&k->loader, interp);
		fill_defaults(&k->loader, f->machine, f->bits);
		k->next = known_loaders;
		known_loaders = k;
	}
	pthread_mutex_unlock(&known_lock);
	return &k->loader;
}

/* Empty when there is none: the loader passes it over too. */
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

/* Does a file open, and is it for this process? Other classes and machines are passed over; what
 * is no ELF file at all stops the loader. */
static bool accept(struct search *s, const char *path)
{
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	unsigned char head[64];
	uint16_t machine;
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, head, sizeof(head));
	if (n < EI_NIDENT + 4 || memcmp(head, ELFMAG, SELFMAG) != 0) {
		s->blocked = true;
		free(s->why);
		s->why = xasprintf("'%s' is in the way: it is not an ELF file", path);
		return false;
	}
	machine = head[EI_DATA] == ELFDATA2MSB ? (uint16_t)(head[18] << 8 | head[19])
					       : (uint16_t)(head[19] << 8 | head[18]);
	return head[EI_CLASS] == (s->bits == 64 ? ELFCLASS64 : ELFCLASS32) && machine == s->machine;
}

static void keep(struct search *s, const char *path, char *why)
{
	s->found = xstrdup(path);
	s->why = why;
}

/* The folder of an element of the chain: of a program as the kernel knows it, of libraries as they
 * were found. */
static char *origin_of(const struct search *s, size_t i)
{
	bool program = i == 0 && s->chain[i].facts->interp;
	CLEANUP_FREE char *full =
		program ? realpath(s->chain[i].path, NULL) : path_absolute(s->chain[i].path);

	return full ? path_dir(full) : NULL;
}

/* The length of a token ("ORIGIN" or "{ORIGIN}") at p; 0 if it is another, as "ORIGINAL" is. */
static size_t token(const char *p, const char *name)
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
	return *text == '$' && token(text + 1, "ORIGIN") > 0;
}

/* Replaces $ORIGIN, $LIB and $PLATFORM as of element i of the chain. NULL: a value is not known,
 * and the loader drops the whole path. */
static char *expand(const struct search *s, size_t i, const char *text)
{
	CLEANUP_FREE char *origin = origin_of(s, i);
	const struct {
		const char *name, *value;
	} tokens[] = {
		{"ORIGIN", origin}, {"PLATFORM", s->loader->platform}, {"LIB", s->loader->lib}};
	CLEANUP_BUF struct buf out = BUF_INIT;

	for (const char *p = text; *p;) {
		size_t len = 0, t = 0;

		while (*p == '$' && t < ARRAY_SIZE(tokens) && !(len = token(p + 1, tokens[t].name)))
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

	return expand(&s, n_chain - 1, text);
}

bool py_loader_answers(const struct py_chain *library, const char *needed)
{
	const char *soname = library->facts->soname;

	return !strcmp(needed, library->path) || (soname && !strcmp(needed, soname));
}

struct rule {
	const char *name, *of;
};

static char *rule_text(const struct rule *r)
{
	return r->of ? xasprintf("%s of '%s'", r->name, r->of) : xstrdup(r->name);
}

/* One folder, with its subfolders for better processors first. */
static bool try_dir(struct search *s, const char *dir, const struct rule *rule)
{
	for (size_t i = 0; i <= s->loader->hwcaps.n; i++) {
		bool last = i == s->loader->hwcaps.n;
		CLEANUP_FREE char *path = last ? xasprintf("%s/%s", dir, s->needed)
					       : xasprintf("%s/glibc-hwcaps/%s/%s", dir,
							 s->loader->hwcaps.v[i], s->needed);

		if (accept(s, path)) {
			keep(s, path, rule_text(rule));
			return true;
		}
		if (s->blocked)
			return true;
	}
	return false;
}

/* A list of folders with separators; an empty element is the current folder. */
static bool try_list(
	struct search *s, const char *list, const char *separators, size_t i, struct rule *rule)
{
	const char *p = list;

	if (!*p)
		return false;
	for (;;) {
		size_t len = strcspn(p, separators);
		CLEANUP_FREE char *element = xstrndup(p, len);
		CLEANUP_FREE char *expanded = expand(s, i, element);
		CLEANUP_FREE char *dir =
			expanded ? path_absolute(*expanded ? expanded : ".") : NULL;

		for (size_t n = dir ? strlen(dir) : 0; n > 1 && dir[n - 1] == '/'; n--)
			dir[n - 1] = '\0';
		if (dir && try_dir(s, dir, rule))
			return true;
		if (!p[len])
			return false;
		p += len + 1;
	}
}

/* DT_RPATH of the file, of what loaded it, and so on; of each only without a DT_RUNPATH. */
static bool try_rpaths(struct search *s)
{
	if (s->chain[s->n - 1].facts->runpath)
		return false;
	for (size_t i = s->n; i-- > 0;) {
		const struct elf_facts *f = s->chain[i].facts;
		struct rule rule = {"DT_RPATH", s->chain[i].path};

		if (f->rpath && !f->runpath && try_list(s, f->rpath, ":", i, &rule))
			return true;
	}
	return false;
}

static bool try_environment(struct search *s)
{
	const char *list = getenv("LD_LIBRARY_PATH");
	struct rule rule = {"LD_LIBRARY_PATH", NULL};

	return list && try_list(s, list, ":;", 0, &rule);
}

static bool try_runpath(struct search *s)
{
	const struct py_chain *last = &s->chain[s->n - 1];
	struct rule rule = {"DT_RUNPATH", last->path};

	return last->facts->runpath && try_list(s, last->facts->runpath, ":", s->n - 1, &rule);
}

/* The kind of entry that a process of this machine and class looks for; -1: not known. */
static int32_t cache_flags(uint16_t machine, unsigned bits)
{
	static const struct {
		uint16_t machine;
		unsigned bits;
		int32_t flags;
	} kinds[] = {{EM_X86_64, 64, 0x303}, {EM_386, 32, 0x003}, {EM_AARCH64, 64, 0xa03},
		{EM_S390, 64, 0x403}, {EM_PPC64, 64, 0x503}, {EM_X86_64, 32, 0x803},
		{EM_RISCV, 64, 0x1003}};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (kinds[i].machine == machine && kinds[i].bits == bits)
			return kinds[i].flags;
	}
	return -1;
}

struct lookup {
	const struct search *s;
	int32_t flags;
	size_t best_level;
	char *best;
};

/* Entries for better processors come first; of them the best one wins, then the first plain one.
 */
static bool consider(void *ctx, const struct ldcache_entry *e)
{
	struct lookup *l = ctx;
	const struct strv *levels = &l->s->loader->hwcaps;
	size_t level = 0;

	if (strcmp(e->soname, l->s->needed) != 0 || (l->flags >= 0 && e->flags != l->flags))
		return false;
	if (!e->hwcaps) {
		if (e->hwcap || l->best)
			return l->best != NULL;
		l->best = xstrdup(e->path);
		return true;
	}
	while (level < levels->n && strcmp(levels->v[level], e->hwcaps) != 0)
		level++;
	if (level < levels->n && (!l->best || level < l->best_level)) {
		free(l->best);
		l->best = xstrdup(e->path);
		l->best_level = level;
	}
	return false;
}

static bool try_cache(struct search *s)
{
	struct lookup l = {.s = s, .flags = cache_flags(s->machine, s->bits)};
	const struct buf *cache = get_cache();
	struct err ignored = ERR_INIT;

	if (cache->len)
		ldcache_each(cache->data, cache->len, consider, &l, &ignored);
	if (l.best && accept(s, l.best))
		keep(s, l.best, xstrdup(CACHE_PATH));
	free(l.best);
	return s->found || s->blocked;
}

static bool try_defaults(struct search *s)
{
	struct rule rule = {"the default folders", NULL};

	for (size_t i = 0; i < s->loader->dirs.n; i++) {
		if (try_dir(s, s->loader->dirs.v[i], &rule))
			return true;
	}
	return false;
}

/* A name with a slash is a path and is not searched for. */
static void open_path(struct search *s)
{
	CLEANUP_FREE char *path = expand(s, s->n - 1, s->needed);

	if (path && accept(s, path))
		keep(s, path, xstrdup("the path in DT_NEEDED"));
}

static bool is_musl(const struct py_chain *first)
{
	return first->facts->interp && strstr(first->facts->interp, "ld-musl");
}

int py_loader_find(const struct py_chain *chain, size_t n_chain, const char *needed, char **found,
	char **why, struct err *err)
{
	const struct elf_facts *first = chain[0].facts;
	struct search s = {.chain = chain,
		.n = n_chain,
		.needed = needed,
		.bits = first->bits,
		.machine = first->machine};

	*found = *why = NULL;
	if (interrupt_check(err) < 0)
		return -1;
	if (is_musl(&chain[0])) {
		*why = xasprintf(
			"'%s' is musl's loader, which has an order of its own", first->interp);
		return 0;
	}
	s.loader = get_loader(&chain[0]);
	if (strchr(needed, '/'))
		open_path(&s);
	else if (!(try_rpaths(&s) || try_environment(&s) || try_runpath(&s) || try_cache(&s)))
		try_defaults(&s);
	*found = s.found;
	*why = s.why ? s.why : xstrdup("it is in none of the places where the loader looks");
	return 0;
}
