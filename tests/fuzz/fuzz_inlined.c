/* Any bytes as a file with debug information: what is inlined where, with what was executed at the
 * addresses that the file has; no more is found than was executed.
 *
 * Source: src/explain/inlined.c src/explain/source.c
 */
#include "fuzz.h"

#include "explain/inlined.c"

#define COSTS 256

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {"add", "clamp", "fold", "inner", "outer", "work"};
	struct explain_inlined wanted[ARRAY_SIZE(names)] = {0};
	struct callgrind_cost costs[COSTS] = {0};
	struct finder f = {.wanted = wanted, .n_wanted = ARRAY_SIZE(names), .total = COSTS};
	CLEANUP_STRV struct strv missing = STRV_INIT;
	struct err err = ERR_INIT;
	char path[64];
	int fd = fuzz_file(data, size, path);

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		wanted[i].name = names[i];
	for (size_t i = 0; i < COSTS; i++)
		costs[i] = (struct callgrind_cost){.addr = 0x1000 + 4 * i, .count = 1};
	f.costs = (struct callgrind_object){.costs = costs, .n = COSTS, .path = path};
	if (find_in_file(&f, &missing, &err) < 0)
		fuzz_check_err(&err);
	give_hosts(&f);
	for (size_t i = 0; i < f.n_wanted; i++) {
		fuzz_check(wanted[i].b >= 0 && wanted[i].b <= COSTS);
		for (size_t k = 0; k < wanted[i].n_hosts; k++)
			free(wanted[i].hosts[k].name);
		free(wanted[i].hosts);
	}
	free(f.pieces);
	close(fd);
	return 0;
}
