/* Determines the possible flips of a tree. */
#include <stdlib.h>
#include <string.h>

#include "study/study-internal.h"

#define BIT(cause) (1u << EXPLAIN_##cause)

static const struct {
	const char *name, *words, *moves;
	unsigned int causes;
} factors[STUDY_N_FACTORS] = {
	[STUDY_TLS] = {"tls", "TLS model", "thread-local access", BIT(TLS)},
	[STUDY_SYMBOLIC] = {"symbolic", "-Bsymbolic-functions", "PLT stubs to the same file",
		BIT(PLT_OWN)},
	[STUDY_INTERPOSITION] = {"interposition", "semantic interposition", "calls, entry and exit",
		BIT(CALL) | BIT(FRAME)},
	[STUDY_PLT] = {"plt", "PLT", "PLT stubs", BIT(PLT_OWN) | BIT(PLT_OTHER)},
	[STUDY_BIND] = {"bind", "binding", "PLT stubs, loader",
		BIT(PLT_OWN) | BIT(PLT_OTHER) | BIT(LOADER)},
	[STUDY_PIE] = {"pie", "link a position-independent interpreter", "GOT loads and lea",
		BIT(GOT) | BIT(ADDRESS)},
	[STUDY_VISIBILITY] = {"visibility", "visibility",
		"PLT stubs to the same file, GOT loads, lea",
		BIT(PLT_OWN) | BIT(GOT) | BIT(ADDRESS)},
};

const char *study_factor_name(enum study_factor factor)
{
	return factors[factor].name;
}

const char *study_factor_words(enum study_factor factor)
{
	return factors[factor].words;
}

const char *study_moves_words(enum study_factor factor)
{
	return factors[factor].moves;
}

double study_moved(const struct study_prediction *p, enum study_factor factor)
{
	double moved = 0;

	for (size_t i = 0; i < EXPLAIN_N_CAUSES; i++)
		if (factors[factor].causes >> i & 1)
			moved += p->causes[i];
	return moved;
}

void study_plan_release(struct study_plan *plan)
{
	for (size_t i = 0; i < plan->n; i++)
		free(plan->flips[i].why_not);
	*plan = (struct study_plan){0};
}

/* The effective setting in a static interpreter: the linker binds its own functions locally and
 * turns every TLS access into local-exec; the closest model that a library can have is
 * initial-exec. */
static const char *effective(const struct study_tree *t, enum study_factor factor)
{
	if (!strcmp(t->link, "static") && factor == STUDY_SYMBOLIC)
		return "yes";
	if (!strcmp(t->link, "static") && factor == STUDY_TLS)
		return "initial-exec";
	return t->settings[factor];
}

static void add_flip(struct study_plan *plan, const struct study_tree *b, enum study_factor factor,
	const char *to)
{
	const char *from = b->settings[factor];
	struct study_flip *flip = &plan->flips[plan->n];

	for (size_t i = 0; i < plan->n; i++)
		if (plan->flips[i].factor == factor && !strcmp(plan->flips[i].to, to))
			return;
	plan->n++;
	*flip = (struct study_flip){.factor = factor, .from = from, .to = to};
	if (!strcmp(from, to))
		flip->why_not = xasprintf("B has %s", to);
	else if (factor == STUDY_SYMBOLIC && !strcmp(b->link, "static"))
		flip->why_not =
			xstrdup("is about libpython.so, which a static interpreter does not run");
	else if (factor == STUDY_PIE && !strcmp(b->link, "dual"))
		flip->why_not = xstrdup("a dual interpreter is a library, which lies anywhere");
	/* Everywhere but on x86-64, TLS descriptors are the general dynamic model. */
	else if (factor == STUDY_TLS && strncmp(b->triple, "x86_64-", 7) != 0 &&
		 strcmp(from, "initial-exec") != 0 && strcmp(to, "initial-exec") != 0)
		flip->why_not = xstrdup("descriptors are this machine's global-dynamic");
}

/* Adds all settings that B does not have, or only `value`, which must exist. */
static bool add_factor(struct study_plan *plan, const struct study_tree *b,
	enum study_factor factor, const char *value)
{
	const struct cpython_option *option = cpython_find_option(factors[factor].name);
	bool found = !value;
	const char *to;

	for (size_t i = 0; (to = cpython_option_choice(option, i)); i++) {
		if (value ? strcmp(value, to) : !strcmp(b->settings[factor], to))
			continue;
		add_flip(plan, b, factor, to);
		found = true;
	}
	return found;
}

static int add_word(
	struct study_plan *plan, const struct study_tree *b, const char *word, struct err *err)
{
	CLEANUP_BUF struct buf all = BUF_INIT;
	size_t n = strcspn(word, "=");
	bool found = false, every = !strcmp(word, "all");

	for (size_t f = 0; f < STUDY_N_FACTORS; f++)
		if (every || (strlen(factors[f].name) == n && !strncmp(factors[f].name, word, n)))
			found |= add_factor(plan, b, f, word[n] ? word + n + 1 : NULL);
	if (found)
		return 0;
	for (size_t f = 0; f < STUDY_N_FACTORS; f++)
		buf_addf(&all, "%s%s=%s", f ? ", " : "", factors[f].name,
			cpython_find_option(factors[f].name)->choices);
	err_set(err, ERR_USAGE, "'%s' cannot be flipped", word);
	return err_hint(err, "all, or of these: %s", all.data);
}

int study_plan_flips(const struct study_tree *a, const struct study_tree *b, const char *wanted,
	struct study_plan *plan, struct err *err)
{
	CLEANUP_STRV struct strv words = STRV_INIT;
	bool have[STUDY_N_FACTORS] = {false};

	strv_split(&words, wanted, ", ");
	if (!words.n)
		return err_set(err, ERR_USAGE, "no factor is given");
	for (size_t w = 0; w < words.n; w++) {
		if (add_word(plan, b, words.v[w], err) < 0) {
			study_plan_release(plan);
			return -1;
		}
	}
	/* The sum covers the flips that lead from B to A or, if A's settings are unknown, the first
	 * of each factor. */
	plan->towards = a != NULL;
	for (size_t i = 0; i < plan->n; i++) {
		struct study_flip *flip = &plan->flips[i];

		flip->summed = !flip->why_not && !have[flip->factor] &&
			       (!a || !strcmp(flip->to, effective(a, flip->factor)));
		have[flip->factor] |= flip->summed;
	}
	return 0;
}
