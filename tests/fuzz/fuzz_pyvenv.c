/* Any text as a pyvenv.cfg and as one of pyenv's shims.
 *
 * Source: src/python/pyenv.c
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "python/python-internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_FREE char *text = xstrndup((const char *)data, size);
	CLEANUP_FREE char *root = pyenv_shim_root(text);
	CLEANUP_PYVENV struct pyvenv cfg = {0};

	pyvenv_parse(text, &cfg);
	if ((cfg.home && *cfg.home != '/') || (cfg.executable && *cfg.executable != '/') ||
		(root && (*root != '/' || strpbrk(root, "\"\n"))))
		abort();
	return 0;
}
