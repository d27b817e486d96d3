/* Profiles as a whole: from a file, and one taken off another. */
#include "explain/callgrind-internal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

static int map_file(const char *path, const void **data, size_t *len, struct err *err)
{
	CLEANUP_CLOSE int fd = file_open(path, err);
	struct stat st;
	void *mapped;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) < 0)
		return err_sys(err, "cannot examine '%s'", path);
	if ((uint64_t)st.st_size > CALLGRIND_MAX_FILE_SIZE)
		return err_set(err, ERR_UNSUPPORTED, "'%s' is too large", path);
	*len = (size_t)st.st_size;
	if (*len == 0)
		return err_set(err, ERR_INPUT, "'%s' is empty", path);
	mapped = mmap(NULL, *len, PROT_READ, MAP_PRIVATE, fd, 0);
	if (mapped == MAP_FAILED)
		return err_sys(err, "cannot map '%s'", path);
	*data = mapped;
	return 0;
}

int callgrind_read(const char *path, struct callgrind *run, struct err *err)
{
	const void *data = NULL;
	size_t len = 0;
	int result;

	if (map_file(path, &data, &len, err) < 0) {
		callgrind_release(run);
		return -1;
	}
	result = callgrind_from_memory(data, len, run, err);
	munmap((void *)data, len);
	return result < 0 ? err_wrap(err, "reading '%s'", path) : 0;
}

void callgrind_release(struct callgrind *run)
{
	free(run->command);
	strv_release(&run->objects);
	strv_release(&run->functions);
	free(run->costs);
	free(run->calls);
	*run = (struct callgrind){0};
}

size_t callgrind_of_object(const struct callgrind *run, size_t i)
{
	size_t end = i;

	while (end < run->n_costs && run->costs[end].object == run->costs[i].object)
		end++;
	return end - i;
}

size_t callgrind_first_at(const struct callgrind_cost *costs, size_t n, uint64_t addr)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (costs[mid].addr < addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* The costs with the objects and functions as `run` numbers them, which gets those that it lacks.
 * Sorted; to be freed. */
static struct callgrind_cost *renumbered(struct callgrind *run, const struct callgrind *other)
{
	CLEANUP_FREE uint32_t *objects = xcalloc(other->objects.n + 1, sizeof(*objects));
	struct callgrind_cost *costs = xcalloc(other->n_costs + 1, sizeof(*costs));
	size_t first = run->functions.n;

	for (size_t i = 0; i < other->objects.n; i++) {
		size_t at = 0;

		while (at < run->objects.n && strcmp(run->objects.v[at], other->objects.v[i]) != 0)
			at++;
		if (at == run->objects.n)
			strv_add(&run->objects, other->objects.v[i]);
		objects[i] = (uint32_t)at;
	}
	for (size_t i = 0; i < other->functions.n; i++)
		strv_add(&run->functions, other->functions.v[i]);
	for (size_t i = 0; i < other->n_costs; i++) {
		costs[i] = other->costs[i];
		costs[i].object = objects[costs[i].object];
		costs[i].function += (uint32_t)first;
	}
	sort_array(costs, other->n_costs, sizeof(*costs), callgrind_compare);
	return costs;
}

/* Merges two sorted lists; what comes to nothing is left out. */
static int take_off(const struct callgrind_cost *a, size_t n_a, const struct callgrind_cost *b,
	size_t n_b, struct callgrind_cost *out, size_t *n, struct err *err)
{
	size_t i = 0, j = 0;

	for (*n = 0; i < n_a || j < n_b;) {
		int d = i == n_a ? 1 : j == n_b ? -1 : callgrind_compare(&a[i], &b[j]);
		struct callgrind_cost cost = d <= 0 ? a[i] : b[j];

		if (__builtin_sub_overflow(
			    d <= 0 ? a[i].count : 0, d >= 0 ? b[j].count : 0, &cost.count))
			return err_set(err, ERR_INPUT, "the counts are too large");
		if (cost.count)
			out[(*n)++] = cost;
		i += d <= 0;
		j += d >= 0;
	}
	return 0;
}

int callgrind_subtract(struct callgrind *run, const struct callgrind *less, struct err *err)
{
	CLEANUP_FREE struct callgrind_cost *other = renumbered(run, less);
	struct callgrind_cost *left = xcalloc(run->n_costs + less->n_costs + 1, sizeof(*left));
	int result =
		take_off(run->costs, run->n_costs, other, less->n_costs, left, &run->n_costs, err);

	free(run->costs);
	run->costs = left;
	if (result == 0 && __builtin_sub_overflow(run->total, less->total, &run->total))
		result = err_set(err, ERR_INPUT, "the counts are too large");
	if (result < 0)
		callgrind_release(run);
	return result;
}
