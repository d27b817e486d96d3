#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "proc/proc.h"

char *sandbox_view(enum sandbox kind, const char *host, size_t i)
{
	return kind == SANDBOX_NONE ? xstrdup(host) : xasprintf(SANDBOX_ROOT "-view-%zu", i);
}

void sandbox_prefix(
	enum sandbox kind, const char *root, const struct strv *views, struct strv *argv)
{
	static const char *const words[] = {"bwrap", "--ro-bind", "/", "/", "--dev", "/dev",
		"--proc", "/proc", "--tmpfs", "/tmp", "--unshare-net", "--unshare-pid",
		"--unshare-ipc", "--die-with-parent"};

	if (kind == SANDBOX_NONE)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		strv_add(argv, words[i]);
	strv_add(argv, "--bind");
	strv_add(argv, root);
	strv_add(argv, SANDBOX_ROOT);
	for (size_t i = 0; views && i < views->n; i++) {
		strv_add(argv, "--ro-bind");
		strv_add(argv, views->v[i]);
		strv_take(argv, sandbox_view(kind, views->v[i], i));
	}
}

/* Being installed is not enough: containers often forbid the namespaces that it needs. */
static int try_bwrap(struct err *err)
{
	CLEANUP_STRV struct strv argv = STRV_INIT;
	CLEANUP_BUF struct buf output = BUF_INIT;
	struct proc_spec spec = {.argv = &argv, .out = -1, .err = -1};

	sandbox_prefix(SANDBOX_BWRAP, "/tmp", NULL, &argv);
	strv_add(&argv, "/bin/sh");
	strv_add(&argv, "-c");
	strv_add(&argv, "test -w " SANDBOX_ROOT);
	if (proc_run(&spec, true, 1000, 10000, &output, err) < 0)
		return err_set(err, ERR_UNSUPPORTED, "%s", output.len ? output.data : err->msg);
	return 0;
}

int sandbox_choose(const char *wanted, enum sandbox *ret, const char **reason, struct err *err)
{
	CLEANUP_FREE char *program = find_program("bwrap");

	*ret = SANDBOX_NONE;
	if (!strcmp(wanted, "none")) {
		*reason = "none, as asked for";
		return 0;
	}
	if (program && try_bwrap(err) == 0) {
		*ret = SANDBOX_BWRAP;
		*reason = "bubblewrap: no network, read-only system";
		return 0;
	}
	if (err->code == ERR_INTERRUPTED)
		return -1;
	if (!strcmp(wanted, "auto")) {
		*reason = program ? "none: bubblewrap is not permitted on this machine"
				  : "none: bubblewrap is not installed";
		return 0;
	}
	if (!program) {
		err_set(err, ERR_ENVIRONMENT, "the program 'bwrap' is not installed");
		return err_hint(err, "install the package bubblewrap, or use --sandbox none");
	}
	err_wrap(err, "bubblewrap does not work here");
	return err_hint(err, "use --sandbox none");
}
