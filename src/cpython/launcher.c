/* Whether a launcher's compilers are ours. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "cpython/cpython-internal.h"

#define TIMEOUT_MS 600000

/* Compiles a file here and through the launcher, in one name of the compiler, which servers know.
 * The words: the folder, the compiler, the launcher. Debug information does not name the folder, as
 * in builds. */
static const char script[] =
	"cd \"$1\" && name=${2##*/} && PATH=${2%/*}:$PATH && export PATH || exit 9\n"
	"printf '#include <stdio.h>\\nint f(int x) { return printf(\"%d %s\", x * 3, __FILE__); }\\n' >probe.c\n"
	"map=-ffile-prefix-map=$1=.\n"
	"set -- $3 \"$name\"\n"
	"\"$name\" -O2 -g \"$map\" -c probe.c -o here.o || exit 9\n"
	"\"$@\" -O2 -g \"$map\" -c probe.c -o there.o || exit 8\n"
	"cmp here.o there.o || exit 7\n";

static int try_server(
	const struct cpython_build *b, const char *host, const char *scratch, struct err *err)
{
	const char *const words[] = {
		"/bin/sh", "-c", script, "sh", scratch, b->full->cc, b->request.launcher};
	CLEANUP_STRV struct strv argv = STRV_INIT, env = STRV_INIT;
	CLEANUP_BUF struct buf out = BUF_INIT;
	const struct proc_spec spec = {.argv = &argv, .env = &env, .out = -1, .err = -1};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		strv_add(&argv, words[i]);
	for (char **e = environ; *e; e++)
		if (!host || strncmp(*e, "DISTCC_", strlen("DISTCC_")) != 0)
			strv_add(&env, *e);
	if (host) {
		strv_addf(&env, "DISTCC_HOSTS=%s", host);
		/* By default it compiles here when the server does not, and ends well. */
		strv_add(&env, "DISTCC_FALLBACK=0");
	}
	if (proc_run(&spec, true, 2048, TIMEOUT_MS, &out, err) == 0)
		return 0;
	if (err->code != ERR_CHILD)
		return -1;
	while (out.len && out.data[out.len - 1] == '\n')
		out.data[--out.len] = '\0';
	err_set(err, ERR_ENVIRONMENT,
		"the launcher '%s'%s%s does not make what '%s' makes here%s%s", b->request.launcher,
		host ? " on " : "", host ? host : "", b->full->cc, out.len ? ":\n" : "",
		out.len ? out.data : "");
	return err_hint(err, "every server must answer, and have the same compiler and assembler");
}

static int try_all(const struct cpython_build *b, const char *scratch, struct err *err)
{
	const char *hosts = getenv("DISTCC_HOSTS");
	CLEANUP_FREE char *word = xstrndup(b->request.launcher, strcspn(b->request.launcher, " "));
	CLEANUP_STRV struct strv all = STRV_INIT;

	if (!strcmp(path_base(word), "sccache")) {
		err_set(err, ERR_UNSUPPORTED,
			"sccache compiles in a server of its own, which does not see a step's files");
		return err_hint(
			err, "use ccache, or recc with a server of the Remote Execution API");
	}
	if (strcmp(path_base(word), "distcc") != 0)
		return try_server(b, NULL, scratch, err);
	if (!hosts || !*hosts) {
		err_set(err, ERR_USAGE, "DISTCC_HOSTS names no servers for --launcher distcc");
		return err_hint(
			err, "DISTCC_HOSTS='host/8 other/8' solder build --launcher distcc");
	}
	strv_split(&all, hosts, " \t\n");
	for (size_t i = 0; i < all.n; i++)
		if (strncmp(all.v[i], "--", 2) != 0 && try_server(b, all.v[i], scratch, err) < 0)
			return -1;
	return 0;
}

int launcher_check(const struct cpython_build *b, struct err *err)
{
	const char *tmp = getenv("TMPDIR");
	CLEANUP_FREE char *scratch = NULL;
	struct err ignored = ERR_INIT;
	int failed;

	if (!b->request.launcher)
		return 0;
	if (b->sandbox == SANDBOX_NONE) {
		err_set(err, ERR_UNSUPPORTED,
			"--launcher needs the sandbox, where it takes the compiler's place; here it is %s",
			b->sandbox_reason);
		return err_hint(err, "install the package bubblewrap, or use --executor");
	}
	if (b->full->family != CC_GCC)
		return err_set(err, ERR_UNSUPPORTED,
			"--launcher takes the place of gcc, and the compiler is '%s'", b->full->cc);
	scratch = scratch_make(tmp && *tmp == '/' ? tmp : "/tmp", "solder-launcher", err);
	if (!scratch)
		return -1;
	failed = try_all(b, scratch, err);
	scratch_end(scratch, &ignored);
	return failed;
}
