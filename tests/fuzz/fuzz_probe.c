/* Any text as the output of a probe, judged by the expectations of all probes.
 *
 * Source: src/check/probe-judge.c
 */
#include "fuzz.h"

#include "check/check-internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_FREE char *text = xstrndup((const char *)data, size), *shown = NULL;
	CLEANUP(probe_seen_release) struct probe_seen seen = {0};

	probe_seen_parse(text, &seen);
	fuzz_check(seen.keys.n == seen.values.n && seen.keys.n <= 100 && seen.crashes.n <= 100);
	shown = probe_seen_text(&seen);
	for (size_t i = 0; i < seen.keys.n; i++) {
		fuzz_check(probe_seen_value(&seen, seen.keys.v[i]) == seen.values.v[i]);
		fuzz_check(probe_matches(seen.values.v[i], seen.values.v[i]) ||
			   strpbrk(seen.values.v[i], "|") || !*seen.values.v[i]);
	}
	for (size_t i = 0; i < probe_table_n; i++) {
		CLEANUP_STRV struct strv wrong = STRV_INIT;
		const struct probe_expectation *e =
			probe_expectation_for(&probe_table[i], PY_LINK_STATIC, 13, &seen);

		if (e)
			fuzz_check(probe_holds(e, &seen, &wrong) == (wrong.n == 0));
	}
	return 0;
}
