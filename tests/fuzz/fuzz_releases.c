/* Any text as a page of files, as git's tags, as Debian's index and as advisories: only names of
 * the rule's form are taken, and only places on the page's host or in the pool.
 *
 * Source: src/update/form.c src/update/upstream.c src/update/debian.c src/update/advisories.c
 */
#include "fuzz.h"

#include "base/file.h"
#include "update/update-internal.h"

static char page_form[] = "d-{version}.tar.*", tag_form[] = "v{_version}",
	    as[] = "{version}.{date}", debian_form[] = "d{series}_{any}{version}+{date}.orig.tar.*",
	    url[] = "https://h/d-{version}-{packed}.tar.gz";

static void check_found(const struct found *f, const char *start)
{
	for (size_t i = 0; i < f->n; i++) {
		const char *v = f->v[i].version;

		fuzz_check(*v >= '0' && *v <= '9' && strspn(v, "0123456789.") == strlen(v));
		fuzz_check(!strncmp(f->v[i].url, start, strlen(start)));
		fuzz_check(!strpbrk(f->v[i].url, " \n\"',[]{}"));
	}
}

static void judge(const uint8_t *data, size_t size)
{
	static char name[] = "openssl", other[] = "python{series}";
	struct recipe r = {.name = name, .releases = {.series = 2}};
	CLEANUP(cleanup_advisories) struct advisories *a = NULL;
	CLEANUP_STRV struct strv files = STRV_INIT;
	struct update_result result = {0};
	struct err err = ERR_INIT;
	char path[64];
	int fd = fuzz_file(data, size, path);

	strv_add(&files, path);
	strv_add(&r.releases.names, other);
	if (advisories_load(&files, &a, &err) < 0)
		fuzz_check_err(&err);
	else
		advisories_judge(a, &r, "3.13.5", "debian", &result);
	for (size_t i = 0; i < result.n_advisories; i++)
		fuzz_check(result.advisories[i].id && result.advisories[i].summary);
	update_release(&result);
	strv_release(&r.releases.names);
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct release_place page = {.match = page_form},
				   tags = {.match = tag_form, .url = url},
				   debian = {.match = debian_form, .as = as};
	CLEANUP(found_release) struct found of_page = {0};
	CLEANUP(found_release) struct found of_tags = {0};
	CLEANUP(found_release) struct found of_debian = {0};
	CLEANUP(debian_release) struct debian d = {0};
	CLEANUP_BUF struct buf text = BUF_INIT;

	buf_adds(&text, "");
	buf_add(&text, data, size);
	page_find("https://h/x/", &text, &page, &of_page);
	check_found(&of_page, "https://h/");
	tags_find(&text, &tags, &of_tags);
	check_found(&of_tags, "https://h/d-");
	index_read(text.data, &d.text);
	debian_find(&d, &debian, &of_debian);
	check_found(&of_debian, "pool/");
	judge(data, size);
	return 0;
}
