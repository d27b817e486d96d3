/* Functions that are one in the other file.
 *
 * Linkers and BOLT merge functions whose code is equal (identical code folding). The merged one has
 * all their names, and counts under one of them; where the others run on their own, they would look
 * as if they ran in one file only. So they count under that name too. */
#include <stdlib.h>
#include <string.h>

#include "explain/explain-internal.h"

/* How many of them are named. */
#define JOINED 5

static int compare_function(const void *name, const void *item)
{
	return strcmp(name, ((const struct explain_function *)item)->name);
}

static int compare_alias(const void *name, const void *item)
{
	return strcmp(name, ((const struct explain_alias *)item)->name);
}

static bool has_function(const struct explain_weights *w, const char *name)
{
	return w->n_functions &&
	       bsearch(name, w->functions, w->n_functions, sizeof(*w->functions), compare_function);
}

static const char *find_alias(const struct explain_alias *v, size_t n, const char *name)
{
	const struct explain_alias *found =
		n ? bsearch(name, v, n, sizeof(*v), compare_alias) : NULL;

	return found ? found->of : NULL;
}

static void rename_to(char **name, const char *of)
{
	if (!of)
		return;
	free(*name);
	*name = xstrdup(of);
}

/* Only what runs in `w` alone is renamed: of static functions that share a name, some may have been
 * merged and others not. */
void explain_join(struct explain_weights *w, const struct explain_weights *other)
{
	for (size_t i = 0; i < w->n_functions; i++) {
		char **name = &w->functions[i].name;
		const char *of = has_function(other, *name)
					 ? NULL
					 : find_alias(other->aliases, other->n_aliases, *name);

		if (!of || !has_function(other, of))
			continue;
		*ARRAY_ADD(w->joined, w->n_joined) =
			(struct explain_alias){xstrdup(*name), xstrdup(of)};
		rename_to(name, of);
	}
	for (size_t i = 0; i < w->n_sites && w->n_joined; i++) {
		struct explain_site *s = &w->sites[i];

		rename_to(&s->function, find_alias(w->joined, w->n_joined, s->function));
		rename_to(&s->symbol, find_alias(w->joined, w->n_joined, s->symbol));
	}
	if (w->n_joined)
		explain_merge_equal(w);
}

/* ---- shown --------------------------------------------------------------------------------- */

void explain_write_joined(const struct explain_weights *w, char letter, char other, struct doc *doc)
{
	CLEANUP_STRV struct strv names = STRV_INIT;
	CLEANUP_FREE char *list = NULL;

	for (size_t i = 0; i < w->n_joined && i < JOINED; i++)
		strv_addf(&names, "%s as %s", w->joined[i].name, w->joined[i].of);
	if (w->n_joined > JOINED)
		strv_addf(&names, "%zu more", w->n_joined - JOINED);
	list = strv_join(&names, ", ");
	if (w->n_joined)
		doc_text(doc,
			"Of %c's functions, %zu ran that %c has merged with equal ones; they count under the name used there: %s.",
			letter, w->n_joined, other, list);
}
