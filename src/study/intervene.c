/* Which flips of a tree there are. */
#include "study/intervene.h"

#include <stdlib.h>
#include <string.h>

#define BIT(cause) (1u << EXPLAIN_##cause)

struct factor {
	const char *name, *words, *moves;
	unsigned int causes;
	const char *values[4];
};

static const struct factor factors[INTERVENE_N_FACTORS] = {
	[INTERVENE_TLS] = {"tls", "TLS model", "thread-local access", BIT(TLS),
		{"initial-exec", "global-dynamic", "desc"}},
	[INTERVENE_SYMBOLIC] = {"symbolic", "-Bsymbolic-functions", "PLT stubs to the same file",
		BIT(PLT_OWN), {"yes", "no"}},
	[INTERVENE_INTERPOSITION] = {"interposition", "semantic interposition",
		"calls, entry and exit", BIT(CALL) | BIT(FRAME), {"no", "yes"}},
	[INTERVENE_PLT] = {"plt", "PLT", "PLT stubs", BIT(PLT_OWN) | BIT(PLT_OTHER), {"yes", "no"}},
	[INTERVENE_BIND] = {"bind", "binding", "PLT stubs, loader",
		BIT(PLT_OWN) | BIT(PLT_OTHER) | BIT(LOADER), {"now", "lazy"}},
	[INTERVENE_PIE] = {"pie", "link a position-independent interpreter", "GOT loads and lea",
		BIT(GOT) | BIT(ADDRESS), {"yes", "no"}},
	[INTERVENE_VISIBILITY] = {"visibility", "visibility",
		"PLT stubs to the same file, GOT loads, lea",
		BIT(PLT_OWN) | BIT(GOT) | BIT(ADDRESS), {"hidden", "default"}},
};

const char *intervene_name(enum intervene_factor factor)
{
	return factors[factor].name;
}

const char *intervene_words(enum intervene_factor factor)
{
	return factors[factor].words;
}

const char *intervene_moves_words(enum intervene_factor factor)
{
	return factors[factor].moves;
}

bool intervene_moves(enum intervene_factor factor, enum explain_cause cause)
{
	return factors[factor].causes >> cause & 1;
}

void intervene_plan_release(struct intervene_plan *plan)
{
	for (size_t i = 0; i < plan->n; i++)
		free(plan->flips[i].why_not);
	*plan = (struct intervene_plan){0};
}

/* Descriptors are general dynamic access everywhere but on x86-64. */
static bool has_dialects(const struct intervene_tree *t)
{
	return !strncmp(t->triple, "x86_64-", 7);
}

/* What a static interpreter makes of it: the linker resolves its own functions, and turns every
 * access into local-exec, to which initial-exec is the nearest that a library can have. */
static const char *effective(const struct intervene_tree *t, enum intervene_factor factor)
{
	if (!strcmp(t->link, "static") && factor == INTERVENE_SYMBOLIC)
		return "yes";
	if (!strcmp(t->link, "static") && factor == INTERVENE_TLS)
		return "initial-exec";
	return t->settings[factor];
}

static char *why_not(const struct intervene_tree *b, enum intervene_factor factor, const char *from,
	const char *to)
{
	if (!strcmp(from, to))
		return xasprintf("B has %s", to);
	if (factor == INTERVENE_SYMBOLIC && !strcmp(b->link, "static"))
		return xstrdup("is about libpython.so, which a static interpreter does not run");
	if (factor == INTERVENE_TLS && !has_dialects(b) && strcmp(from, "initial-exec") != 0 &&
		strcmp(to, "initial-exec") != 0)
		return xstrdup("descriptors are this machine's global-dynamic");
	return NULL;
}

static const struct intervene_flip *add_flip(struct intervene_plan *plan,
	const struct intervene_tree *b, enum intervene_factor factor, const char *to)
{
	struct intervene_flip *flip = &plan->flips[plan->n];

	for (size_t i = 0; i < plan->n; i++)
		if (plan->flips[i].factor == factor && !strcmp(plan->flips[i].to, to))
			return &plan->flips[i];
	*flip = (struct intervene_flip){.factor = factor,
		.from = b->settings[factor],
		.to = to,
		.why_not = why_not(b, factor, b->settings[factor], to)};
	plan->n++;
	return flip;
}

/* All settings that B does not have; or one of them, which must be there. */
static bool add_factor(struct intervene_plan *plan, const struct intervene_tree *b,
	enum intervene_factor factor, const char *value)
{
	const char *const *values = factors[factor].values;
	bool found = !value;

	for (size_t i = 0; i < ARRAY_SIZE(factors[factor].values) && values[i]; i++) {
		if (value ? strcmp(value, values[i]) : !strcmp(b->settings[factor], values[i]))
			continue;
		add_flip(plan, b, factor, values[i]);
		found = true;
	}
	return found;
}

static int no_factor(const char *word, struct err *err)
{
	CLEANUP_BUF struct buf all = BUF_INIT;

	for (size_t f = 0; f < INTERVENE_N_FACTORS; f++) {
		const char *const *values = factors[f].values;

		buf_addf(&all, "%s%s=%s", f ? ", " : "", factors[f].name, values[0]);
		for (size_t i = 1; i < ARRAY_SIZE(factors[f].values) && values[i]; i++)
			buf_addf(&all, "|%s", values[i]);
	}
	err_set(err, ERR_USAGE, "'%s' can not be flipped", word);
	return err_hint(err, "all, or of these: %s", all.data);
}

static int add_word(struct intervene_plan *plan, const struct intervene_tree *b, const char *word,
	struct err *err)
{
	size_t n = strcspn(word, "=");
	const char *value = word[n] ? word + n + 1 : NULL;

	for (size_t f = 0; f < INTERVENE_N_FACTORS; f++) {
		if (strlen(factors[f].name) != n || strncmp(factors[f].name, word, n) != 0)
			continue;
		return add_factor(plan, b, f, value) ? 0 : no_factor(word, err);
	}
	return no_factor(word, err);
}

/* Those that lead from B to A; or, where A is not known, the first of each factor. */
static void choose_sum(struct intervene_plan *plan, const struct intervene_tree *a)
{
	bool have[INTERVENE_N_FACTORS] = {false};

	plan->towards = a != NULL;
	for (size_t i = 0; i < plan->n; i++) {
		struct intervene_flip *flip = &plan->flips[i];

		flip->summed = !flip->why_not && !have[flip->factor] &&
			       (!a || !strcmp(flip->to, effective(a, flip->factor)));
		have[flip->factor] |= flip->summed;
	}
}

int intervene_plan(const struct intervene_tree *a, const struct intervene_tree *b,
	const char *wanted, struct intervene_plan *plan, struct err *err)
{
	CLEANUP_STRV struct strv words = STRV_INIT;

	strv_split(&words, wanted, ", ");
	if (!words.n)
		return err_set(err, ERR_USAGE, "no factor is given");
	for (size_t w = 0; w < words.n; w++) {
		if (!strcmp(words.v[w], "all")) {
			for (size_t f = 0; f < INTERVENE_N_FACTORS; f++)
				add_factor(plan, b, f, NULL);
		} else if (add_word(plan, b, words.v[w], err) < 0) {
			intervene_plan_release(plan);
			return -1;
		}
	}
	choose_sum(plan, a);
	return 0;
}
