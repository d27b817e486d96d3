/* What a project's page or its tags list. Both are the text of a stranger: only names of the rule's
 * form count, and from a page only places on its own host. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "update/update-internal.h"

/* GitHub's list of a large project's references has some megabytes. */
#define PAGE_MAX ((size_t)64 << 20)
#define RELEASES_MAX 20000
#define LINK_MAX 1000

void found_release(struct found *f)
{
	for (size_t i = 0; i < f->n; i++) {
		char *const texts[] = {f->v[i].version, f->v[i].url, f->v[i].sha256,
			f->v[i].signature, f->v[i].signature_sha256};

		for (size_t k = 0; k < ARRAY_SIZE(texts); k++)
			free(texts[k]);
	}
	free(f->v);
	*f = (struct found){0};
}

const struct release *found_version(const struct found *f, const char *version, const char *suffix)
{
	for (size_t i = 0; i < f->n; i++)
		if (!strcmp(f->v[i].version, version) &&
			(!suffix || ends_with(f->v[i].url, suffix)))
			return &f->v[i];
	return NULL;
}

/* Takes the URL. A version counts once. */
static void add(struct found *ret, char *version, const struct words *w, char *url)
{
	if (ret->n >= RELEASES_MAX || !url || found_version(ret, version, NULL)) {
		free(version);
		free(url);
		return;
	}
	*ARRAY_ADD(ret->v, ret->n) = (struct release){.version = version, .words = *w, .url = url};
}

void page_find(
	const char *base, const struct buf *text, const struct release_place *p, struct found *ret)
{
	static const char of_links[] = LETTERS_AND_DIGITS "._/:+~%-";

	for (size_t i = 0, n; i < text->len; i += n) {
		CLEANUP_FREE char *link = NULL;
		struct words w;
		char *version;

		n = strspn(text->data + i, of_links);
		if (!n || n > LINK_MAX) {
			n += !n;
			continue;
		}
		link = xstrndup(text->data + i, n);
		version = place_version(p, path_base(link), &w);
		if (version)
			add(ret, version, &w,
				p->url ? form_fill(p->url, &w) : fetch_link(base, link));
	}
}

/* Of git's smart and of its plain protocol: the names end with a line, a NUL or, for what an
 * annotated tag points to, a caret. */
void tags_find(const struct buf *text, const struct release_place *p, struct found *ret)
{
	static const char mark[] = "refs/tags/";
	const char *at = text->data, *end = text->data + text->len;

	while ((at = memmem(at, (size_t)(end - at), mark, strlen(mark)))) {
		CLEANUP_FREE char *name = NULL;
		struct words w;
		char *version;
		size_t n;

		at += strlen(mark);
		n = strcspn(at, "\n^ \t");
		if (n >= NAME_MAX_BYTES)
			continue;
		name = xstrndup(at, n);
		version = place_version(p, name, &w);
		if (version)
			add(ret, version, &w, form_fill(p->url, &w));
	}
}

int upstream_find(
	struct fetcher *f, const struct release_place *p, struct found *ret, struct err *err)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	CLEANUP_FREE char *url =
		p->index ? xstrdup(p->index)
			 : xasprintf("%s/info/refs?service=git-upload-pack", p->tags);

	if (fetch_page(f, url, PAGE_MAX, &text, err) < 0)
		return err_wrap(err, "looking for releases");
	if (p->index)
		page_find(p->index, &text, p, ret);
	else
		tags_find(&text, p, ret);
	if (!ret->n) {
		err_set(err, ERR_INPUT, "looking for releases: %s names no '%s'", url, p->match);
		return err_hint(
			err, "has the page changed? the recipe's 'releases' says where to look");
	}
	return 0;
}
