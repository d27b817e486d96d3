/* Feeds the files named to a fuzz target: the saved corpus, without a fuzzing engine. */
#include <stdint.h>
#include <stdio.h>

#include "base/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		CLEANUP_BUF struct buf content = BUF_INIT;
		struct err err = ERR_INIT;

		if (file_read(argv[i], 1 << 26, &content, &err) < 0) {
			fprintf(stderr, "%s\n", err.msg);
			return 2;
		}
		LLVMFuzzerTestOneInput((const uint8_t *)content.data, content.len);
	}
	return 0;
}
