/* Two sets of weights against each other, without running anything. */
#include "scratch.h"

#include "elf/elf.h"
#include "explain/explain-internal.h"

static struct explain_site site(
	const char *function, unsigned kind, const char *symbol, int64_t executions)
{
	return (struct explain_site){.function = (char *)function,
		.kind = (uint8_t)kind,
		.symbol = (char *)symbol,
		.sites = 1,
		.executions = executions};
}

/* What is work in one and a module's in the other was moved, not explained. */
static void test_moved_code(void **state)
{
	struct explain_weights a = {.total = 100}, b = {.total = 150};
	CLEANUP_EXPLAIN_RESULT struct explain_result r = {0};
	struct err err = ERR_INIT;

	(void)state;
	a.causes[EXPLAIN_WORK] = 100;
	b.causes[EXPLAIN_WORK] = 60;
	b.causes[EXPLAIN_OBJECTS] = 80;
	b.causes[EXPLAIN_CALL] = 10;
	assert_int_equal(explain_compare(&a, &b, &r, &err), 0);
	assert_int_equal(r.explained, 10);
}

static void test_weights_of_sites(void **state)
{
	struct explain_site in_a[] = {
		site("equal", CODE_SITE_CALL_PLT_OTHER, "f", 5000),
		site("less", CODE_SITE_CALL_PLT_OTHER, "f", 10),
		site("plt", CODE_SITE_CALL_DIRECT, "f", 300),
		site("tls", CODE_SITE_TLS_LE, "", 200),
	};
	struct explain_site in_b[] = {
		site("equal", CODE_SITE_CALL_PLT_OTHER, "f", 5000),
		site("less", CODE_SITE_CALL_PLT_OTHER, "f", -10),
		site("only", CODE_SITE_GOT_LOAD, "v", 100),
		site("plt", CODE_SITE_CALL_PLT_OWN, "f", 300),
		site("tls", CODE_SITE_TLS_GD, "v", 100),
	};
	/* 12 instructions behind each call of __tls_get_addr, besides the site. */
	struct explain_weights a = {.sites = in_a, .n_sites = ARRAY_SIZE(in_a)};
	struct explain_weights b = {.sites = in_b,
		.n_sites = ARRAY_SIZE(in_b),
		.tls_calls = 100,
		.tls_stubs = 100,
		.tls_get_addr = 1100};
	static const struct {
		const char *function;
		double weight;
	} expected[] = {{"tls", 1300}, {"plt", 300}, {"only", 100}, {"less", 20}, {"equal", 0}};
	CLEANUP_EXPLAIN_RESULT struct explain_result r = {0}, alone = {0};
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(explain_compare(&a, &b, &r, &err), 0);
	assert_int_equal(r.n_sites, ARRAY_SIZE(expected));
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
		assert_string_equal(r.sites[i].name, expected[i].function);
		assert_true(r.sites[i].weight == expected[i].weight);
	}
	assert_int_equal(r.sites[0].kind, CODE_SITE_TLS_LE);
	assert_int_equal(r.sites[0].kind_b, CODE_SITE_TLS_GD);
	assert_int_equal(explain_compare(&b, NULL, &alone, &err), 0);
	assert_string_equal(alone.sites[0].name, "equal");
	assert_string_equal(alone.sites[1].name, "tls");
}

static void add_function(struct explain_weights *w, const char *name, int64_t n)
{
	*ARRAY_ADD(w->functions, w->n_functions) =
		(struct explain_function){.name = xstrdup(name), .entries = 1, .total = n};
}

/* B merged f, g and h; static functions called h are also elsewhere, and one called s runs in A. */
static void test_merged_functions(void **state)
{
	CLEANUP_WEIGHTS struct explain_weights a = {0};
	CLEANUP_WEIGHTS struct explain_weights b = {0};
	static const char *const aliases[] = {"g", "h", "n"};

	(void)state;
	add_function(&a, "f", 1);
	add_function(&a, "g", 10);
	add_function(&a, "h", 100);
	add_function(&a, "s", 1000);
	add_function(&b, "f", 11);
	add_function(&b, "h", 100);
	for (size_t i = 0; i < ARRAY_SIZE(aliases); i++)
		*ARRAY_ADD(b.aliases, b.n_aliases) =
			(struct explain_alias){xstrdup(aliases[i]), xstrdup("f")};
	*ARRAY_ADD(a.sites, a.n_sites) = site(xstrdup("g"), CODE_SITE_CALL_DIRECT, xstrdup("x"), 2);
	*ARRAY_ADD(a.sites, a.n_sites) = site(xstrdup("s"), CODE_SITE_CALL_DIRECT, xstrdup("g"), 3);
	explain_join(&a, &b);
	explain_join(&b, &a);
	assert_int_equal(a.n_functions, 3);
	assert_string_equal(a.functions[0].name, "f");
	assert_int_equal(a.functions[0].total, 11);
	assert_int_equal(a.functions[0].entries, 2);
	assert_string_equal(a.functions[1].name, "h");
	assert_string_equal(a.functions[2].name, "s");
	assert_int_equal(a.n_joined, 1);
	assert_string_equal(a.joined[0].name, "g");
	assert_string_equal(a.joined[0].of, "f");
	assert_string_equal(a.sites[0].function, "f");
	assert_string_equal(a.sites[1].symbol, "f");
	assert_int_equal(b.n_joined, 0);
	assert_int_equal(b.n_functions, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_moved_code),
		cmocka_unit_test(test_merged_functions),
		cmocka_unit_test(test_weights_of_sites),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
