/* Alignment of two sequences, shapes of instructions, parts of functions side by side. */
#include "scratch.h"

#include <string.h>

#include "explain/explain-internal.h"

static uint32_t state = 12345;

static unsigned random_below(unsigned n)
{
	state = state * 1664525 + 1013904223;
	return (state >> 8) % n;
}

/* The length of the longest common subsequence, by the textbook's table. */
static size_t longest(const uint64_t *a, size_t n, const uint64_t *b, size_t m)
{
	size_t table[64][64] = {{0}};

	for (size_t i = 1; i <= n; i++)
		for (size_t j = 1; j <= m; j++)
			table[i][j] = a[i - 1] == b[j - 1]                ? table[i - 1][j - 1] + 1
				      : table[i - 1][j] > table[i][j - 1] ? table[i - 1][j]
									  : table[i][j - 1];
	return table[n][m];
}

/* Every index once and in order, equals where they are called so; returns how many. */
static size_t check_rows(const uint64_t *a, size_t n, const uint64_t *b, size_t m,
	const struct explain_aligned *rows, size_t n_rows)
{
	size_t i = 0, j = 0, same = 0;

	for (size_t r = 0; r < n_rows; r++) {
		assert_true(rows[r].a != EXPLAIN_NONE || rows[r].b != EXPLAIN_NONE);
		if (rows[r].same) {
			assert_int_equal(a[rows[r].a], b[rows[r].b]);
			same++;
		}
		if (rows[r].a != EXPLAIN_NONE)
			assert_int_equal(rows[r].a, i++);
		if (rows[r].b != EXPLAIN_NONE)
			assert_int_equal(rows[r].b, j++);
	}
	assert_int_equal(i, n);
	assert_int_equal(j, m);
	return same;
}

static void aligns_as_well_as_possible(void **unused)
{
	(void)unused;
	for (int round = 0; round < 20000; round++) {
		uint64_t a[63], b[63];
		size_t n = random_below(63), m = random_below(63);
		unsigned kinds = 1 + random_below(6);
		struct explain_aligned *rows;
		size_t n_rows;

		for (size_t i = 0; i < n; i++)
			a[i] = random_below(kinds);
		for (size_t i = 0; i < m; i++)
			b[i] = random_below(kinds);
		n_rows = explain_align(a, n, b, m, EXPLAIN_ALIGN_EFFORT, &rows);
		assert_int_equal(check_rows(a, n, b, m, rows, n_rows), longest(a, n, b, m));
		free(rows);
		/* Less effort: any alignment, but a right one. */
		n_rows = explain_align(a, n, b, m, 1 + random_below(4), &rows);
		check_rows(a, n, b, m, rows, n_rows);
		free(rows);
	}
}

/* Nothing in common, at the size of the largest functions: ends, and soon. */
static void effort_is_bounded(void **unused)
{
	enum { N = 60000 };
	uint64_t *a = calloc(N, sizeof(*a)), *b = calloc(N, sizeof(*b));
	struct explain_aligned *rows;
	size_t n_rows;

	(void)unused;
	for (size_t i = 0; i < N; i++) {
		a[i] = 2 * i;
		b[i] = 2 * i + 1;
	}
	n_rows = explain_align(a, N, b, N, 64, &rows);
	assert_int_equal(check_rows(a, N, b, N, rows, n_rows), 0);
	assert_int_equal(n_rows, N);
	free(rows);
	free(a);
	free(b);
}

static void shapes_are_mnemonics_and_kinds(void **unused)
{
	(void)unused;
	assert_true(explain_shape("movq", "%rax, 8(%rbx,%rcx,4)") ==
		    explain_shape("movq", "%r10, -0x20(%rsp,%rbp,8)"));
	assert_true(explain_shape("ldr", "x0, [x1, #8]") == explain_shape("ldr", "w9, [sp, #16]"));
	assert_false(
		explain_shape("movq", "%rax, (%rbx)") == explain_shape("movq", "(%rbx), %rax"));
	assert_false(explain_shape("movq", "%rax, %rbx") == explain_shape("movl", "%eax, %ebx"));
	assert_false(explain_shape("movq", "$1, %rbx") == explain_shape("movq", "%rax, %rbx"));
}

static struct explain_code_insn insn(uint64_t addr, int64_t count, uint64_t shape)
{
	return (struct explain_code_insn){.addr = addr,
		.count = count,
		.shape = shape,
		.class = "other",
		.mark = "",
		.text = (char *)"nop"};
}

/* Parts are paired by name, also with other numbers; what is hot is found, and its surroundings. */
static void pairs_parts_and_finds_heat(void **unused)
{
	struct explain_code_insn hot[40], cold[3], other[40];
	struct explain_code_part a_parts[] = {{(char *)"f", 0, 40, 4036, hot, 40},
		{(char *)"f.cold", 100, 3, 0, cold, 3}, {(char *)"f.part.3", 200, 3, 0, cold, 3}};
	struct explain_code_part b_parts[] = {{(char *)"f.part.17", 0, 3, 0, cold, 3},
		{(char *)"f", 100, 40, 0, other, 40}, {(char *)"f.isra.0", 200, 3, 0, cold, 3}};
	struct explain_code a = {.parts = a_parts, .n = 3}, b = {.parts = b_parts, .n = 3};
	CLEANUP_EXPLAIN_LISTING struct explain_listing sides = {0};
	size_t shown = 0;

	(void)unused;
	for (unsigned i = 0; i < 40; i++) {
		hot[i] = insn(i, i >= 20 && i < 24 ? 1000 : 1, i);
		other[i] = insn(i, i >= 20 && i < 24 ? 1000 : 1, i == 21 ? 999 : i);
	}
	for (unsigned i = 0; i < 3; i++)
		cold[i] = insn(i, 0, i);
	explain_listing_make(&a, &b, &sides);
	assert_int_equal(sides.n, 4);
	assert_ptr_equal(sides.parts[0].a, &a_parts[0]);
	assert_ptr_equal(sides.parts[0].b, &b_parts[1]);
	for (size_t i = 1; i < 4; i++) {
		const struct explain_code_part *in_a = sides.parts[i].a, *in_b = sides.parts[i].b;

		if (in_a == &a_parts[1])
			assert_null(in_b);
		else if (in_a)
			assert_ptr_equal(in_b, &b_parts[0]);
		else
			assert_ptr_equal(in_b, &b_parts[2]);
	}
	assert_int_equal(sides.parts[0].n, 40);
	assert_false(sides.parts[0].rows[21].same);
	for (size_t i = 0; i < 40; i++)
		shown += sides.parts[0].rows[i].hot;
	assert_int_equal(shown, 8);
	assert_true(sides.parts[0].rows[18].hot && sides.parts[0].rows[25].hot);
}

/* Counts of loops may be below 0 here and there: that is little, not much. */
static void less_is_not_hot(void **unused)
{
	struct explain_code_insn hot[40];
	struct explain_code_part part = {(char *)"f", 0, 40, 4034, hot, 40};
	struct explain_code code = {.parts = &part, .n = 1};
	CLEANUP_EXPLAIN_LISTING struct explain_listing sides = {0};

	(void)unused;
	for (unsigned i = 0; i < 40; i++)
		hot[i] = insn(i, i >= 20 && i < 24 ? 1000 : 1, i);
	hot[2].count = -1;
	explain_listing_make(&code, NULL, &sides);
	assert_int_equal(sides.n, 1);
	for (size_t i = 0; i < 40; i++)
		assert_int_equal(sides.parts[0].rows[i].hot, i >= 18 && i < 26);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(aligns_as_well_as_possible),
		cmocka_unit_test(effort_is_bounded),
		cmocka_unit_test(shapes_are_mnemonics_and_kinds),
		cmocka_unit_test(pairs_parts_and_finds_heat),
		cmocka_unit_test(less_is_not_hot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
