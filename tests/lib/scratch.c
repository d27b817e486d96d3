#include "scratch.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "proc/proc.h"

int scratch_setup(void **state)
{
	char *root = xstrdup("/tmp/test-solder-XXXXXX");

	assert_non_null(mkdtemp(root));
	*state = root;
	return 0;
}

int scratch_teardown(void **state)
{
	struct err err = ERR_INIT;

	if (tree_remove(*state, &err) < 0) {
		print_error("%s\n", err.msg);
		return -1;
	}
	free(*state);
	return 0;
}

void scratch_file(const char *root, const char *name, const char *content, mode_t mode)
{
	CLEANUP_FREE char *path = xasprintf("%s/%s", root, name), *dir = path_dir(path);
	struct err err = ERR_INIT;

	if (make_dirs(dir, &err) < 0 || file_write(path, content, strlen(content), mode, &err) < 0)
		fail_msg("%s", err.msg);
}

void scratch_remove(const char *root, const char *name)
{
	CLEANUP_FREE char *path = xasprintf("%s/%s", root, name);
	struct err err = ERR_INIT;

	if (tree_remove(path, &err) < 0)
		fail_msg("%s", err.msg);
}

char *scratch_read(const char *root, const char *name)
{
	CLEANUP_FREE char *path = xasprintf("%s/%s", root, name);
	struct buf content = BUF_INIT;
	struct err err = ERR_INIT;

	if (file_read(path, 1 << 24, &content, &err) < 0)
		fail_msg("%s", err.msg);
	return buf_steal(&content);
}

unsigned int scratch_entries(const char *dir)
{
	DIR *d = opendir(dir);
	unsigned int n = 0;

	while (d && readdir(d))
		n++;
	if (d)
		closedir(d);
	return n < 2 ? 0 : n - 2;
}

char *scratch_shell(const char *root, const char *fmt, ...)
{
	CLEANUP_STRV struct strv argv = STRV_INIT;
	struct proc_spec spec = {.argv = &argv, .cwd = root, .out = -1, .err = -1};
	struct buf output = BUF_INIT;
	struct err err = ERR_INIT;
	char *command;
	va_list ap;

	va_start(ap, fmt);
	assert_true(vasprintf(&command, fmt, ap) >= 0);
	va_end(ap);
	strv_add(&argv, "sh");
	strv_add(&argv, "-euc");
	strv_take(&argv, command);
	if (proc_run(&spec, true, 1 << 20, 60000, &output, &err) < 0)
		fail_msg("%s: %s\n%s", command, err.msg, output.data);
	return buf_steal(&output);
}
