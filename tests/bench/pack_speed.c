/* pack_speed DIR ARCHIVE LEVEL THREADS: packs a folder; prints seconds, bytes and peak memory. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "tar/tar.h"

int main(int argc, char **argv)
{
	CLEANUP_TAR_LIST struct tar_list list = {0};
	struct tar_options options = {0};
	struct tar_result result;
	struct err err = ERR_INIT;
	struct rusage used;
	uint64_t start = clock_ns();

	if (argc != 5)
		return 64;
	options.level = (int)strtol(argv[3], NULL, 10);
	options.threads = (unsigned int)strtoul(argv[4], NULL, 10);
	if (tar_list_add_tree(&list, argv[1], "python", &err) < 0 ||
		tar_write(argv[2], &list, &options, &result, &err) < 0) {
		fprintf(stderr, "%s\n", err.msg);
		return 2;
	}
	getrusage(RUSAGE_SELF, &used);
	printf("%.3f %" PRIu64 " %ld\n", (double)(clock_ns() - start) / 1e9, result.size,
		used.ru_maxrss);
	return 0;
}
