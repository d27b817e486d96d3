/* Numbers in the tables of solder explain. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cmd/explain-internal.h"

static void group(struct cell *cell, const char *sign, int64_t n)
{
	char digits[32];
	uint64_t size = n < 0 ? (uint64_t)0 - (uint64_t)n : (uint64_t)n;
	int len = snprintf(digits, sizeof(digits), "%" PRIu64, size);
	size_t used = strlen(sign);

	memcpy(cell->text, sign, used);
	for (int i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			cell->text[used++] = ',';
		cell->text[used++] = digits[i];
	}
	cell->text[used] = '\0';
}

double cell_share(int64_t part, int64_t total)
{
	return total ? (double)part / (double)total : 0;
}

const char *cell_percent(struct cell *cell, int64_t part, int64_t total)
{
	double percent = 100 * cell_share(part, total);

	snprintf(cell->text, sizeof(cell->text), "%.2f %%", fabs(percent) < 0.005 ? 0 : percent);
	return cell->text;
}

const char *cell_whole(struct cell *cell, int64_t n)
{
	group(cell, n < 0 ? "-" : "", n);
	return cell->text;
}

const char *cell_change(struct cell *cell, int64_t a, int64_t b)
{
	group(cell, b < a ? "-" : b > a ? "+" : "", b - a);
	return cell->text;
}
