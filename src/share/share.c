#include "share/share.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "plan/record.h"
#include "share/share-internal.h"
#include "tar/tar.h"

#define STALL_SECONDS 10
/* The shortest time that a transfer is given, and the longest. */
#define TRANSFER_SECONDS 30
#define TRANSFER_MAX 3600
/* zstd's level: more would cost more time than it saves on a wire of 1 Gbit/s. */
#define LEVEL 3
/* The date of all files; make takes a few before it for something else. */
#define EPOCH 315532800
#define LOG_NAME "log"

struct share {
	const struct share_options *options;
	struct progress *progress;
	struct server server;
	char *netrc;
	bool reads, writes, keyed;
	struct key key;
	bool said, stopped;
	struct share_counts counts;
};

/* ---- trouble --------------------------------------------------------------------------------- */

static void say_once(struct share *s, const char *what)
{
	if (!s->said)
		progress_warn(s->progress,
			"the remote cache: %s; what it does not give is made here", what);
	s->said = true;
}

void share_stop(struct share *s, const char *fmt, ...)
{
	CLEANUP_FREE char *text = NULL;
	va_list ap;

	if (!s)
		return;
	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	say_once(s, text);
	s->stopped = true;
}

/* After a failure: -1 if it is an interrupt, else 0, and the server is asked no more. */
static int give_up(struct share *s, const struct err *failed, struct err *err)
{
	if (failed->code == ERR_INTERRUPTED) {
		*err = *failed;
		return -1;
	}
	share_stop(s, "%s", failed->msg);
	return 0;
}

static int start_line(struct share *s, const char *verb, const struct step *step)
{
	CLEANUP_FREE char *name = xasprintf("%s %s", verb, step->title);

	return progress_start(s->progress, name, 0);
}

/* `size` is that of the archive; 0: there is none. */
static void end_line(struct share *s, int line, uint64_t size)
{
	char text[32];

	format_bytes(text, size);
	progress_end(s->progress, line, size ? text : "failed");
}

/* ---- opening --------------------------------------------------------------------------------- */

static int read_key(struct share *s, struct err *err)
{
	const struct share_options *o = s->options;

	if (!o->key)
		return 0;
	s->keyed = true;
	if (s->writes)
		return key_read_secret(o->key, o->password, &s->key, err);
	return key_read_public(o->key, &s->key, err);
}

/* Fails for files that were named and cannot be read; libcurl would go on without. */
static int find_login(struct share *s, struct err *err)
{
	const struct share_options *o = s->options;
	const char *home = getenv("HOME");
	const char *const given[] = {o->netrc, o->certificate};

	for (size_t i = 0; i < ARRAY_SIZE(given); i++)
		if (given[i] && access(given[i], R_OK) < 0)
			return err_sys(err, "cannot read '%s'", given[i]);
	s->netrc = o->netrc ? xstrdup(o->netrc) : home ? xasprintf("%s/.netrc", home) : NULL;
	if (s->netrc && access(s->netrc, R_OK) < 0) {
		free(s->netrc);
		s->netrc = NULL;
	}
	return 0;
}

static void cleanup_share(struct share **s)
{
	share_free(*s);
}

int share_open(const struct share_options *options, struct progress *progress, struct share **ret,
	struct err *err)
{
	CLEANUP(cleanup_share) struct share *s = NULL;

	*ret = NULL;
	if (!options->url || !*options->url)
		return 0;
	s = xcalloc(1, sizeof(*s));
	s->options = options;
	s->progress = progress;
	s->reads = strcmp(options->mode, "write") != 0;
	s->writes = strcmp(options->mode, "read") != 0;
	if (server_name(&s->server, options->url, err) < 0 || read_key(s, err) < 0 ||
		find_login(s, err) < 0)
		return -1;
	s->server.fetcher = fetcher_new(&(struct fetch_options){
		.stall_s = options->stall_s ? options->stall_s : STALL_SECONDS,
		.netrc = s->netrc,
		.certificate = options->certificate});
	*ret = steal(&s);
	return 0;
}

void share_free(struct share *s)
{
	if (!s)
		return;
	key_release(&s->key);
	server_release(&s->server);
	free(s->netrc);
	free(s);
}

struct share_counts share_counts(const struct share *s)
{
	struct share_counts counts = {0};

	if (s) {
		counts = s->counts;
		fetch_moved(s->server.fetcher, &counts.received, &counts.sent);
	}
	return counts;
}

/* ---- entries and archives -------------------------------------------------------------------- */

/* Lets the transfers of an entry take as long as the step did. */
static void set_patience(struct share *s, uint64_t took_ns)
{
	uint64_t seconds = took_ns / 1000000000;

	fetch_limit(s->server.fetcher, seconds < TRANSFER_SECONDS ? TRANSFER_SECONDS
				       : seconds > TRANSFER_MAX   ? TRANSFER_MAX
								  : (unsigned int)seconds);
}

/* What the server says of a step. 1: it has it; 0: not, or nothing to be believed; -1:
 * interrupted. */
static int look_up(struct share *s, const struct step *step, struct entry *e, struct err *err)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct err failed = ERR_INIT;
	int got;

	set_patience(s, 0);
	got = s->server.protocol->get_entry(&s->server, step->shared, &text, &failed);
	if (got != 1)
		return got < 0 ? give_up(s, &failed, err) : 0;
	if (entry_parse(text.data, text.len, step->shared, s->keyed ? &s->key : NULL, e, &failed) ==
		0)
		return 1;
	err_wrap(&failed, "the entry of %s is refused", step->title);
	say_once(s, failed.msg);
	return 0;
}

/* Gets an archive. 1: it is at `path`; 0: it cannot be had; -1: interrupted. */
static int get_archive(struct share *s, const struct blob *b, const char *path, struct err *err)
{
	struct err failed = ERR_INIT;
	char found[SHA256_HEX_SIZE] = "";
	uint64_t n = 0;
	int got = s->server.protocol->get(&s->server, b, path, &failed);

	if (got != 1)
		return got < 0 ? give_up(s, &failed, err) : 0;
	if (sha256_file(path, found, &n, &failed) == 0 && n == b->size && !strcmp(found, b->hex))
		return 1;
	if (*found)
		err_set(&failed, ERR_INPUT, "the archive %.12s... is not what it is called",
			b->hex);
	say_once(s, failed.msg);
	return 0;
}

/* The name of the archive that is packed in `work`. */
static char *archive_path(const char *work, const char *name)
{
	return xasprintf("%s/%s.tar.zst", work, name);
}

/* Unpacks the step that `e` describes into the cache, through the folder `work`. 1: done; 0: it
 * cannot be had; -1: interrupted. */
static int unpack(struct share *s, const struct step *step, const struct cache *cache,
	const struct entry *e, const char *work, struct err *err)
{
	CLEANUP_FREE char *tree = archive_path(work, "tree"), *log = archive_path(work, LOG_NAME);
	CLEANUP_FREE char *out = xasprintf("%s/out", work), *log_to = cache_log(cache, step->id);
	const struct cache_notes notes = {.title = step->title,
		.inputs = &step->inputs,
		.took = e->took_ns,
		.shared = step->shared};
	const struct blob packed = blob_named(e->archive_sha256, e->archive_size);
	const struct blob noted = blob_named(e->log_sha256, e->log_size);
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct err failed = ERR_INIT;
	int got;

	set_patience(s, e->took_ns);
	got = get_archive(s, &noted, log, err);
	if (got == 1)
		got = get_archive(s, &packed, tree, err);
	if (got != 1)
		return got;
	if (tar_member(log, LOG_NAME, STEP_LOG_MAX, &text, &failed) == 1 &&
		tar_extract(tree, out, 1, NULL, &failed) == 0 && output_check(out, &failed) == 0 &&
		file_write(log_to, text.data ? text.data : "", text.len, 0644, &failed) == 0 &&
		cache_commit(cache, step->id, out, &notes, &failed) == 0)
		return 1;
	if (failed.code == ERR_INTERRUPTED) {
		*err = failed;
		return -1;
	}
	err_wrap(&failed, "the output of %s is refused", step->title);
	say_once(s, failed.code ? failed.msg : "an archive has no log in it");
	return 0;
}

static int take_step(struct share *s, struct step *step, const struct cache *cache, struct err *err)
{
	CLEANUP_ENTRY struct entry e = {0};
	CLEANUP_CLOSE int lock = -1;
	CLEANUP_FREE char *work = NULL;
	struct err failed = ERR_INIT;
	int line, got = look_up(s, step, &e, err);

	/* Another build is making it: that will be waited for. */
	if (got != 1 || cache_lock(cache, step->id, &lock, &failed) != 1)
		return got < 0 ? -1 : 0;
	if (cache_use(cache, step->id, NULL)) {
		step->cached = true;
		return 0;
	}
	if (cache_work(cache, step->id, &work, &failed) < 0) {
		share_stop(s, "%s", failed.msg);
		return 0;
	}
	line = start_line(s, "take", step);
	got = unpack(s, step, cache, &e, work, err);
	end_line(s, line, got == 1 ? e.archive_size : 0);
	cache_work_remove(cache, work);
	if (got != 1)
		return got;
	step->cached = step->remote = true;
	free(step->reason);
	step->reason = xstrdup("the remote cache had it");
	s->counts.taken++;
	return 0;
}

int share_take(struct share *s, struct plan *p, const struct cache *cache, struct err *err)
{
	for (size_t i = 0; s && s->reads && i < p->n && !s->stopped; i++)
		if (!p->steps[i]->cached && !p->steps[i]->same &&
			take_step(s, p->steps[i], cache, err) < 0)
			return -1;
	return 0;
}

/* ---- giving ---------------------------------------------------------------------------------- */

/* 1: the server has it now. 0: trouble; -1: interrupted. */
static int put_file(struct share *s, const struct blob *b, const char *path, struct err *err)
{
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct err failed = ERR_INIT;

	if (fd < 0)
		err_sys(&failed, "cannot open '%s'", path);
	else if (s->server.protocol->put(&s->server, b, fd, &failed) == 1)
		return 1;
	return give_up(s, &failed, err);
}

/* Packs the tree and the log of a finished step into `work`, and describes them. */
static int pack(struct share *s, const struct step *step, const struct cache *cache,
	const char *work, struct entry *e, struct err *err)
{
	const struct tar_options options = {.level = LEVEL, .threads = 2, .mtime = EPOCH};
	CLEANUP_FREE char *tree = archive_path(work, "tree"), *log = archive_path(work, LOG_NAME);
	CLEANUP_FREE char *from = cache_tree(cache, step->id), *text = cache_log(cache, step->id);
	CLEANUP_TAR_LIST struct tar_list files = {0}, logs = {0};
	struct tar_result packed, noted;

	if (path_exists(text))
		tar_list_add_file(&logs, text, "step/" LOG_NAME, false);
	else
		tar_list_add_bytes(&logs, "", 0, "step/" LOG_NAME);
	if (tar_list_add_tree(&files, from, "tree", err) < 0 ||
		tar_write(tree, &files, &options, &packed, err) < 0 ||
		tar_write(log, &logs, &options, &noted, err) < 0)
		return -1;
	*e = (struct entry){.archive_sha256 = xstrdup(packed.hex),
		.archive_size = packed.size,
		.log_sha256 = xstrdup(noted.hex),
		.log_size = noted.size,
		.took_ns = cache_took(cache, step->id)};
	return entry_sign(e, step->shared, s->keyed ? &s->key : NULL, err);
}

/* The description goes last, so that what it names is there. *size remains 0 if that fails. */
static int send_step(struct share *s, const struct step *step, const struct cache *cache,
	const char *work, uint64_t *size, struct err *err)
{
	CLEANUP_FREE char *tree = archive_path(work, "tree"), *log = archive_path(work, LOG_NAME);
	CLEANUP_ENTRY struct entry e = {0};
	CLEANUP_FREE char *text = NULL;
	struct err failed = ERR_INIT;
	struct blob b;
	int got;

	if (pack(s, step, cache, work, &e, &failed) < 0)
		return give_up(s, &failed, err);
	set_patience(s, e.took_ns);
	text = entry_json(&e, step->title);
	b = blob_named(e.log_sha256, e.log_size);
	got = put_file(s, &b, log, err);
	b = blob_named(e.archive_sha256, e.archive_size);
	if (got == 1)
		got = put_file(s, &b, tree, err);
	if (got != 1)
		return got;
	if (s->server.protocol->put_entry(&s->server, step->shared, &e, text, &failed) != 1)
		return give_up(s, &failed, err);
	s->counts.given++;
	*size = e.archive_size;
	return 0;
}

/* 1: the server has the step whole. */
static int has_step(struct share *s, const struct step *step, struct err *err)
{
	CLEANUP_ENTRY struct entry e = {0};
	struct err failed = ERR_INIT;
	struct blob b;
	int got = look_up(s, step, &e, err);

	if (got != 1)
		return got;
	b = blob_named(e.archive_sha256, e.archive_size);
	got = s->server.protocol->has(&s->server, &b, &failed);
	return got < 0 ? give_up(s, &failed, err) : got;
}

static int give_step(
	struct share *s, const struct step *step, const struct cache *cache, struct err *err)
{
	CLEANUP_CLOSE int lock = -1;
	CLEANUP_FREE char *work = NULL;
	struct err failed = ERR_INIT;
	uint64_t size = 0;
	int line, got = has_step(s, step, err);

	if (got || s->stopped)
		return got < 0 ? -1 : 0;
	if (cache_lock(cache, step->id, &lock, &failed) != 1)
		return 0;
	if (cache_work(cache, step->id, &work, &failed) < 0) {
		share_stop(s, "%s", failed.msg);
		return 0;
	}
	line = start_line(s, "give", step);
	got = send_step(s, step, cache, work, &size, err);
	end_line(s, line, size);
	cache_work_remove(cache, work);
	return got;
}

int share_give(struct share *s, const struct plan *p, const struct cache *cache, struct err *err)
{
	for (size_t i = 0; s && s->writes && i < p->n && !s->stopped; i++) {
		const struct step *step = p->steps[i];

		if (step->cached && !step->remote && !step->same && step_is_shared(step, cache) &&
			give_step(s, step, cache, err) < 0)
			return -1;
	}
	return 0;
}
