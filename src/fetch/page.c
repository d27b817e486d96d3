/* Pages, and files whose digest is not known yet. */
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/progress.h"
#include "fetch/fetch-internal.h"

/* Into an open, empty file. */
static int fetch_into(struct fetcher *f, const char *url, int fd, uint64_t max, struct err *err)
{
	const char *const urls[] = {url, NULL};
	CLEANUP_STRV struct strv places = STRV_INIT;
	CLEANUP_FREE char *name = xasprintf("fetch %s", path_base(url));
	int line, got = -1;

	f->status = 0;
	if (f->options.offline)
		return err_set(err, ERR_ENVIRONMENT, "'%s' may not be downloaded (offline)", url);
	err_set(err, ERR_ENVIRONMENT, "apt is configured with no Debian mirror here");
	err_hint(err, "name a Debian mirror with --mirror URL");
	if (list_places(f, urls, &places, err) < 0)
		return -1;
	line = places.n ? progress_start(f->options.progress, name, 0) : -1;
	for (size_t i = 0; i < places.n && got < 0; i++) {
		CLEANUP_FREE char *proxy = place_proxy(f, places.v[i]);
		CLEANUP_FREE char *shown = url_shown(places.v[i]);
		struct download d = {.url = places.v[i],
			.proxy = proxy,
			.fd = fd,
			.limit = max,
			.ceiling = true,
			.line = line};

		if (redirect_refused("http://", places.v[i]))
			err_set(err, ERR_INPUT, "only http and https are allowed");
		else
			got = http_download(f, &d, err);
		if (got < 0)
			err_wrap(err, "%s", shown);
		if (got < 0 && d.fatal)
			break;
	}
	if (places.n)
		progress_end(f->options.progress, line, got < 0 ? "failed" : "done");
	return got;
}

int fetch_unlocked(
	struct fetcher *f, const char *url, const char *path, uint64_t max, struct err *err)
{
	CLEANUP_CLOSE int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	if (fd < 0)
		return err_sys(err, "cannot create '%s'", path);
	if (fetch_into(f, url, fd, max, err) == 0)
		return 0;
	unlink(path);
	return -1;
}

int fetch_page(struct fetcher *f, const char *url, size_t max, struct buf *out, struct err *err)
{
	CLEANUP_CLOSE int fd = memfd_create("page", MFD_CLOEXEC);

	if (fd < 0)
		return err_sys(err, "cannot keep a page in memory");
	if (fetch_into(f, url, fd, max, err) < 0)
		return -1;
	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_sys(err, "cannot read '%s'", url);
	return file_read_fd(fd, url, max, out, err);
}

int fetch_put(struct fetcher *f, const char *url, int fd, struct err *err)
{
	CLEANUP_FREE char *shown = url_shown(url);
	CLEANUP_FREE char *name = xasprintf("send %s", path_base(url));
	char text[32];
	struct stat st;
	int line, got;

	f->status = 0;
	if (f->options.offline)
		return err_set(err, ERR_ENVIRONMENT, "'%s' may not be sent (offline)", shown);
	if (redirect_refused("http://", url))
		return err_set(err, ERR_INPUT, "'%s': only http and https are allowed", shown);
	if (fstat(fd, &st) < 0)
		return err_sys(err, "cannot examine what goes to '%s'", shown);
	format_bytes(text, (uint64_t)st.st_size);
	line = progress_start(f->options.progress, name, 0);
	got = http_upload(f, url, fd, (uint64_t)st.st_size, line, err);
	progress_end(f->options.progress, line, got < 0 ? "failed" : text);
	return got < 0 ? err_wrap(err, "%s", shown) : 0;
}

/* Host and port, with the user if there is one. To be freed. */
static char *authority(const char *url)
{
	const char *start = strstr(url, "://");

	return start ? xstrndup(start + 3, strcspn(start + 3, "/?#")) : xstrdup("");
}

char *fetch_link(const char *base, const char *link)
{
	CURLU *u = curl_url();
	CLEANUP_FREE char *from = NULL, *to = NULL;
	char *full = NULL, *ret = NULL;

	if (u && curl_url_set(u, CURLUPART_URL, base, 0) == CURLUE_OK &&
		curl_url_set(u, CURLUPART_URL, link, 0) == CURLUE_OK &&
		curl_url_get(u, CURLUPART_URL, &full, 0) == CURLUE_OK) {
		from = authority(base);
		to = authority(full);
		if (!redirect_refused(base, full) && !strcmp(from, to))
			ret = xstrdup(full);
	}
	curl_free(full);
	curl_url_cleanup(u);
	return ret;
}
