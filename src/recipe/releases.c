/* Where a package's newer releases are listed, and who signs them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "recipe/recipe.h"
#include "recipe/yaml-internal.h"

#define SERIES_DEFAULT 2
#define SERIES_MAX 8

static void place_release(struct release_place *p)
{
	char *const texts[] = {p->index, p->tags, p->match, p->as, p->url};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		free(texts[i]);
}

void releases_release(struct releases *r)
{
	place_release(&r->upstream);
	place_release(&r->debian);
	for (size_t i = 0; i < r->n_signers; i++) {
		struct release_signer *s = &r->signers[i];
		char *const texts[] = {s->versions, s->suffix, s->key, s->identity, s->issuer};

		for (size_t k = 0; k < ARRAY_SIZE(texts); k++)
			free(texts[k]);
		strv_release(&s->openpgp);
	}
	free(r->signers);
	free(r->notes);
	strv_release(&r->names);
}

static int read_upstream(
	const struct yaml *y, struct fy_node *map, struct release_place *p, struct err *err)
{
	static const struct yaml_field fields[] = {
		{"index", YAML_MAYBE, offsetof(struct release_place, index)},
		{"tags", YAML_MAYBE, offsetof(struct release_place, tags)},
		{"match", YAML_TEXT, offsetof(struct release_place, match)},
		{"as", YAML_MAYBE, offsetof(struct release_place, as)},
		{"url", YAML_MAYBE, offsetof(struct release_place, url)},
	};

	if (!map)
		return 0;
	if (yaml_read(y, map, fields, ARRAY_SIZE(fields), p, err) < 0)
		return -1;
	if (!p->index == !p->tags)
		return yaml_error(y, map, err, "one of 'index' and 'tags' is needed");
	if (p->tags && !p->url)
		return yaml_error(y, map, err, "'tags' needs the 'url' of the files");
	return 0;
}

static int read_debian(
	const struct yaml *y, struct fy_node *map, struct releases *r, struct err *err)
{
	struct raw_debian {
		struct release_place place;
		char *same;
	} raw = {0};
	static const struct yaml_field fields[] = {
		{"match", YAML_TEXT, offsetof(struct raw_debian, place.match)},
		{"as", YAML_MAYBE, offsetof(struct raw_debian, place.as)},
		{"same", YAML_MAYBE, offsetof(struct raw_debian, same)},
	};
	int failed = map ? yaml_read(y, map, fields, ARRAY_SIZE(fields), &raw, err) : 0;
	CLEANUP_FREE char *same = raw.same;

	r->debian = raw.place;
	if (failed < 0)
		return -1;
	if (same && strcmp(same, "yes") && strcmp(same, "no"))
		return yaml_error(y, yaml_get(map, "same"), err,
			"'same' is 'yes' or 'no': is it upstream's file, byte for byte?");
	r->same = same && !strcmp(same, "yes");
	return 0;
}

static bool is_fingerprint(const char *s)
{
	size_t n = strlen(s);

	return (n == 40 || n == 64) && strspn(s, "0123456789ABCDEF") == n;
}

static int read_signer(
	const struct yaml *y, struct fy_node *map, struct release_signer *s, struct err *err)
{
	static const struct yaml_field fields[] = {
		{"versions", YAML_MAYBE, offsetof(struct release_signer, versions)},
		{"suffix", YAML_TEXT, offsetof(struct release_signer, suffix)},
		{"openpgp", YAML_WORDS, offsetof(struct release_signer, openpgp)},
		{"key", YAML_MAYBE, offsetof(struct release_signer, key)},
		{"sigstore", YAML_MAYBE, offsetof(struct release_signer, identity)},
		{"issuer", YAML_MAYBE, offsetof(struct release_signer, issuer)},
	};

	if (yaml_read(y, map, fields, ARRAY_SIZE(fields), s, err) < 0)
		return -1;
	if (!s->openpgp.n == !s->identity)
		return yaml_error(y, map, err, "one of 'openpgp' and 'sigstore' is needed");
	if (!s->key != !s->openpgp.n || !s->issuer != !s->identity)
		return yaml_error(
			y, map, err, "'openpgp' goes with 'key', 'sigstore' with 'issuer'");
	if (s->key && (strchr(s->key, '/') || *s->key == '.'))
		return yaml_error(
			y, yaml_get(map, "key"), err, "'key' is the name of a file in 'keys'");
	for (size_t i = 0; i < s->openpgp.n; i++)
		if (!is_fingerprint(s->openpgp.v[i]))
			return yaml_error(y, yaml_get(map, "openpgp"), err,
				"'%s' is not a fingerprint in 40 or 64 upper-case hexadecimal digits",
				s->openpgp.v[i]);
	return 0;
}

static int read_series(const struct yaml *y, struct fy_node *map, const char *text,
	unsigned int *ret, struct err *err)
{
	unsigned long n = SERIES_DEFAULT;
	char *end = NULL;

	errno = 0;
	if (text)
		n = strtoul(text, &end, 10);
	if (text && (errno || *end || n > SERIES_MAX || *text < '0' || *text > '9'))
		return yaml_error(y, yaml_get(map, "series"), err,
			"'series' is how many numbers of a version its patch releases share");
	*ret = (unsigned int)n;
	return 0;
}

int releases_read(const struct yaml *y, struct fy_node *map, struct releases *ret, struct err *err)
{
	struct raw_releases {
		char *series, *notes;
		struct strv names;
		struct fy_node *signers;
	} raw = {0};
	static const struct yaml_field fields[] = {
		{"series", YAML_MAYBE, offsetof(struct raw_releases, series)},
		{"notes", YAML_MAYBE, offsetof(struct raw_releases, notes)},
		{"known-as", YAML_WORDS, offsetof(struct raw_releases, names)},
		{"upstream", YAML_OTHER, 0},
		{"debian", YAML_OTHER, 0},
		{"signed", YAML_LIST, offsetof(struct raw_releases, signers)},
	};
	int failed = map ? yaml_read(y, map, fields, ARRAY_SIZE(fields), &raw, err) : 0;
	CLEANUP_FREE char *series = raw.series;
	struct fy_node *item;
	void *iter = NULL;

	ret->notes = raw.notes;
	ret->names = raw.names;
	ret->series = SERIES_DEFAULT;
	if (failed < 0)
		return -1;
	if (!map)
		return 0;
	if (read_series(y, map, series, &ret->series, err) < 0 ||
		read_upstream(y, yaml_get(map, "upstream"), &ret->upstream, err) < 0 ||
		read_debian(y, yaml_get(map, "debian"), ret, err) < 0)
		return -1;
	while (raw.signers && (item = fy_node_sequence_iterate(raw.signers, &iter)))
		if (read_signer(y, item, ARRAY_ADD(ret->signers, ret->n_signers), err) < 0)
			return -1;
	return 0;
}
