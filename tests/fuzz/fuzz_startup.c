/* Any text as the words of glibc's loader and as /proc/PID/smaps.
 *
 * Source: src/explain/startup.c src/explain/trace.c
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "explain/explain-internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_FREE char *text = xstrndup((const char *)data, size);
	struct explain_trace trace = {0};
	struct explain_ld ld = {0};

	explain_ld_read((const char *)data, size, &ld);
	/* Each is a line. */
	if (ld.objects + ld.bindings + ld.searches > size)
		abort();
	explain_trace_read_smaps(text, &trace);
	if (trace.n_mappings > size)
		abort();
	explain_trace_release(&trace);
	return 0;
}
