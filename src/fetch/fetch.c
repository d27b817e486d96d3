#include "fetch/fetch.h"

#include <curl/curl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/progress.h"
#include "fetch/fetch-internal.h"

#define BYTES_MAX_DEFAULT ((uint64_t)1 << 30)
/* Of one place: for connections that break, and for a resumed file that proved wrong. */
#define TRIES_MAX 4

struct fetcher *fetcher_new(const struct fetch_options *options)
{
	struct fetcher *f = xcalloc(1, sizeof(*f));

	f->options = *options;
	if (!f->options.max_bytes)
		f->options.max_bytes = BYTES_MAX_DEFAULT;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		bug("libcurl cannot be initialised");
	f->curl = curl_easy_init();
	f->multi = curl_multi_init();
	if (!f->curl || !f->multi)
		bug("out of memory");
	return f;
}

void fetcher_free(struct fetcher *f)
{
	if (!f)
		return;
	curl_easy_cleanup(f->curl);
	curl_multi_cleanup(f->multi);
	curl_global_cleanup();
	strv_release(&f->mirrors);
	free(f->apt_config);
	free(f);
}

/* Debian mirrors: the one given, or those of apt together with apt's proxy. */
static int load_mirrors(struct fetcher *f, struct err *err)
{
	const struct fetch_options *o = &f->options;

	if (f->mirrors_known)
		return 0;
	if (o->mirror) {
		size_t n = strlen(o->mirror);

		while (n && o->mirror[n - 1] == '/')
			n--;
		strv_take(&f->mirrors, xstrndup(o->mirror, n));
	} else {
		if (apt_mirrors(o->apt_root, &f->mirrors, err) < 0)
			return -1;
		if (!o->apt_root)
			f->apt_config = apt_config_dump();
	}
	f->mirrors_known = true;
	return 0;
}

int list_places(struct fetcher *f, const char *const *urls, struct strv *places, struct err *err)
{
	for (; urls && *urls; urls++) {
		if (url_has_scheme(*urls)) {
			strv_add(places, *urls);
			continue;
		}
		if (load_mirrors(f, err) < 0)
			return -1;
		for (size_t i = 0; i < f->mirrors.n; i++)
			strv_addf(places, "%s/%s", f->mirrors.v[i], *urls);
	}
	return 0;
}

/* apt's proxy is for apt's mirrors only; everything else follows the environment. */
char *place_proxy(const struct fetcher *f, const char *url)
{
	for (size_t i = 0; f->apt_config && i < f->mirrors.n; i++) {
		size_t n = strlen(f->mirrors.v[i]);

		if (!strncmp(url, f->mirrors.v[i], n) && url[n] == '/')
			return apt_proxy(f->apt_config, url);
	}
	return NULL;
}

/* As often as it makes sense. On failure *fatal says that other places will not help either. */
static int try_place(struct fetcher *f, struct partial *p, const char *url, int line, bool *fatal,
	struct err *err)
{
	CLEANUP_FREE char *proxy = place_proxy(f, url);
	struct err ignored = ERR_INIT;

	for (int tries = 1;; tries++) {
		struct download d = {.url = url,
			.proxy = proxy,
			.fd = p->fd,
			.start = partial_size(p),
			.limit = p->source->size,
			.line = line};
		bool again;

		if (http_download(f, &d, err) < 0) {
			again = d.interrupted;
			if (d.status == 416 && d.start) {
				again = true;
				d.fatal = partial_clear(p, err) < 0 || d.fatal;
			}
		} else if (partial_size(p) < p->source->size) {
			/* It stays, to be resumed. */
			again = partial_size(p) > d.start;
			err_set(err, ERR_ENVIRONMENT,
				"the connection ended after %" PRIu64 " of %" PRIu64 " bytes",
				partial_size(p), p->source->size);
		} else if (source_verify(p->source, p->path, err) == 0) {
			return 0;
		} else {
			again = d.start > 0; /* perhaps only the part from earlier is wrong */
			partial_clear(p, &ignored);
		}
		*fatal = d.fatal;
		if (d.fatal || !again || tries == TRIES_MAX)
			return -1;
	}
}

/* Fills the partial with the verified file, or says for each place why not. */
static int try_places(struct fetcher *f, struct partial *p, int line, struct err *err)
{
	CLEANUP_STRV struct strv places = STRV_INIT;
	CLEANUP_BUF struct buf reasons = BUF_INIT;
	enum err_code code = ERR_ENVIRONMENT;

	if (list_places(f, p->source->urls, &places, err) < 0)
		return -1;
	if (!places.n) {
		err_set(err, ERR_ENVIRONMENT,
			"no place to fetch '%s' from: apt is configured with no Debian mirror here",
			p->source->file);
		return err_hint(
			err, "name a Debian mirror with --mirror URL, or use --sources upstream");
	}
	for (size_t i = 0; i < places.n; i++) {
		CLEANUP_FREE char *shown = url_shown(places.v[i]);
		bool fatal = false;

		if (redirect_refused("http://", places.v[i]))
			err_set(err, ERR_INPUT, "only http and https are allowed");
		else if (try_place(f, p, places.v[i], line, &fatal, err) == 0)
			return 0;
		if (fatal)
			return err_wrap(err, "fetching '%s' from %s", p->source->file, shown);
		if (err->code == ERR_INPUT)
			code = ERR_INPUT;
		buf_addf(&reasons, "%s%s: %s", places.n > 1 ? "\n  " : "", shown, err->msg);
	}
	err_set(err, code, "cannot fetch '%s' from %s%s", p->source->file,
		places.n > 1 ? "any of its places:" : "", reasons.data);
	return err_hint(
		err, "check the network, or place a copy at '%s': it will be verified", p->final);
}

static int download(struct fetcher *f, struct partial *p, struct err *err)
{
	CLEANUP_FREE char *name = xasprintf("fetch %s", p->source->file);
	struct err ignored = ERR_INIT;
	char size[32];
	int line, r;

	if (partial_size(p) >= p->source->size) {
		/* complete, but its process ended before it could land? */
		if (source_verify(p->source, p->path, &ignored) == 0)
			return 0;
		if (partial_clear(p, err) < 0)
			return -1;
	}
	format_bytes(size, p->source->size);
	line = progress_start(f->options.progress, name, 0);
	r = try_places(f, p, line, err);
	progress_end(f->options.progress, line, r == 0 ? size : "failed");
	return r;
}

int fetch_source(struct fetcher *f, const struct source *s, char **path, struct err *err)
{
	CLEANUP_PARTIAL struct partial p = PARTIAL_INIT;
	CLEANUP_FREE char *final = NULL;
	int stored;

	f->status = 0;
	if (source_check(s, err) < 0)
		return -1;
	stored = fetch_stored(f, s, path, err);
	if (stored > 0)
		return 0;
	if (stored < 0 && err->code != ERR_INPUT)
		return -1;
	if (f->options.offline) {
		if (!stored)
			err_set(err, ERR_ENVIRONMENT,
				"'%s' (%s %s) is needed and may not be downloaded (offline); "
				"it belongs at '%s/%s/%s'",
				s->file, s->package, s->version, f->options.store, s->sha256,
				s->file);
		return err_hint(err, "run `solder fetch` while there is a network");
	}
	if (s->size > f->options.max_bytes)
		return err_set(err, ERR_INPUT,
			"'%s' has %" PRIu64 " bytes, more than the ceiling of %" PRIu64, s->file,
			s->size, f->options.max_bytes);
	if (partial_open(f, s, &p, err) < 0)
		return -1;
	stored = fetch_stored(f, s, path, err);
	if (stored > 0)
		return 0;
	if (stored < 0) {
		/* Bad, and under the lock still so: make room for a good one. */
		CLEANUP_FREE char *aside = xasprintf("%s.damaged", p.final);

		if (err->code != ERR_INPUT)
			return -1;
		progress_warn(f->options.progress, "%s; set aside as '%s', fetching it again",
			err->msg, aside);
		if (path_rename(p.final, aside, err) < 0)
			return -1;
	}
	final = xstrdup(p.final);
	if (download(f, &p, err) < 0 || partial_land(&p, err) < 0)
		return -1;
	*path = steal(&final);
	return 0;
}

void fetch_limit(struct fetcher *f, unsigned int seconds)
{
	f->most_s = seconds;
}

void fetch_moved(const struct fetcher *f, uint64_t *received, uint64_t *sent)
{
	*received = f->received;
	*sent = f->sent;
}

long fetch_status(const struct fetcher *f)
{
	return f->status;
}

bool fetch_probe(struct fetcher *f, const char *url, char **reason)
{
	CLEANUP_STRV struct strv places = STRV_INIT;
	const char *const urls[] = {url, NULL};
	struct err err = ERR_INIT;

	*reason = NULL;
	if (f->options.offline) {
		*reason = xstrdup("offline");
		return false;
	}
	err_set(&err, ERR_ENVIRONMENT, "apt is configured with no Debian mirror");
	if (list_places(f, urls, &places, &err) == 0) {
		for (size_t i = 0; i < places.n; i++) {
			CLEANUP_FREE char *proxy = place_proxy(f, places.v[i]);
			CLEANUP_FREE char *shown = url_shown(places.v[i]);

			if (http_probe(f, places.v[i], proxy, &err) == 0)
				return true;
			err_wrap(&err, "%s", shown);
		}
	}
	*reason = xstrdup(err.msg);
	return false;
}
