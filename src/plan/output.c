#include "plan/output.h"

#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "base/below.h"
#include "base/file.h"

/* Does the link at `rel` stay within the tree? As ".." comes first only, each climbs a real folder:
 * of those that the walk came through. */
static bool stays(const char *rel, const char *target)
{
	size_t depth = 0;

	for (const char *p = strchr(rel, '/'); p; p = strchr(p + 1, '/'))
		depth++;
	if (*target == '/')
		return false;
	for (bool named = false; *target; target += strspn(target, "/")) {
		size_t n = strcspn(target, "/");

		if (n == 2 && !strncmp(target, "..", 2)) {
			if (named || !depth--)
				return false;
		} else if (n != 1 || *target != '.') {
			named = true;
		}
		target += n;
	}
	return true;
}

static int check_link(const struct tree_entry *e, struct err *err)
{
	CLEANUP_FREE char *target = link_read_below(e->in, e->name, err);

	if (!target)
		return -1;
	if (stays(e->rel, target))
		return 0;
	err_set(err, ERR_INPUT, "'%s' in the output is a link to '%s', which leads out of it",
		e->rel, target);
	return err_hint(err, "a recipe may leave relative links only, with '..' in front, that "
			     "stay within $OUT");
}

static int check_entry(void *ctx, const struct tree_entry *e, struct err *err)
{
	mode_t mode = e->st->st_mode;

	(void)ctx;
	if (S_ISLNK(mode))
		return check_link(e, err);
	if (!S_ISREG(mode) && !S_ISDIR(mode))
		return err_set(err, ERR_INPUT, "'%s' in the output is a %s", e->rel,
			S_ISFIFO(mode)   ? "pipe"
			: S_ISSOCK(mode) ? "socket"
					 : "device");
	/* A folder has the bit from the one above it in some shared places. */
	if (S_ISREG(mode) && mode & (S_ISUID | S_ISGID))
		return err_set(err, ERR_INPUT,
			"'%s' in the output runs with the rights of its %s (mode %04o)", e->rel,
			mode & S_ISUID ? "owner" : "group", (unsigned int)(mode & 07777));
	return 0;
}

int output_check(const char *tree, struct err *err)
{
	struct stat st;

	if (lstat(tree, &st) < 0)
		return err_sys(err, "cannot examine '%s'", tree);
	if (!S_ISDIR(st.st_mode))
		return err_set(err, ERR_INPUT, "the output is a %s, not a folder",
			S_ISLNK(st.st_mode) ? "link" : "file");
	return tree_walk(tree, check_entry, NULL, err);
}
