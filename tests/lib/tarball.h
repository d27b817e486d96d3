/* Archives made for one test each, and what became of them. */
#ifndef SOLDER_TESTS_TARBALL_H
#define SOLDER_TESTS_TARBALL_H

#include <archive.h>
#include <archive_entry.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tar/tar.h"
#include "base/file.h"

#define MTIME 1234567890

enum format { GNU, PAX, ZIP };

/* One scratch folder for each test: <root>/a.tar, <root>/out and <root>/outside/victim. */
struct scratch {
	char root[64];
	char *tar, *out, *outside, *victim;
	struct archive *a;
};

int tarball_setup(void **state);
int tarball_teardown(void **state);
void tar_begin_as(struct scratch *s, enum format format, int filter);
void tar_begin(struct scratch *s);
void tar_end(struct scratch *s);
/* `link`: the target of a symbolic link, or with a leading '=' of a hard link. */
void tar_add(struct scratch *s, const char *name, unsigned int type, unsigned int mode,
	const char *content, const char *link);
void tar_add_file(struct scratch *s, const char *name, const char *content);
void tar_add_folder(struct scratch *s, const char *name);
void tar_add_symlink(struct scratch *s, const char *name, const char *target);
void tar_add_hardlink(struct scratch *s, const char *name, const char *target);
void assert_content(const char *dir, const char *name, const char *content);
unsigned int entries_of(const char *dir);
/* Nothing is left behind and nothing outside was touched. */
void assert_untouched(struct scratch *s);
void tar_unpack(struct scratch *s, int strip);
void assert_refused_with(
	struct scratch *s, int strip, const struct tar_limits *limits, const char *message);
void assert_refused(struct scratch *s, const char *message);

#define TEST(f) cmocka_unit_test_setup_teardown(f, tarball_setup, tarball_teardown)

#endif
