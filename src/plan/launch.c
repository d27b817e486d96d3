/* Compiles that go through a launcher, such as distcc. Declared in plan/plan.h.
 *
 * Configure scripts and what is installed record the compiler's name, so the step must see it under
 * the name that it always has. In the sandbox a script stands in the place of the compiler's file,
 * and the compiler itself is in a folder of its own: the bytes that come out do not know of it. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "plan/plan-internal.h"

#define COMPILERS "/tmp/solder-compilers"
#define SCRIPT "launch"
/* For a question that takes milliseconds, on a machine that is busy. */
#define TIMEOUT_MS 600000

bool launch_takes(const struct plan_options *o, const struct step *s)
{
	return o->launcher && s->compiles;
}

char *launch_program(const char *launcher)
{
	CLEANUP_FREE char *word = xstrndup(launcher, strcspn(launcher, " "));

	return find_program(word);
}

void launch_env(const char *launcher, struct strv *env)
{
	CLEANUP_FREE char *word = xstrndup(launcher, strcspn(launcher, " "));
	CLEANUP_FREE char *prefix = xasprintf("%s_", path_base(word));

	for (char *p = prefix; *p; p++)
		*p = (char)toupper((unsigned char)*p);
	for (char **e = environ; *e; e++)
		if (!strncmp(*e, prefix, strlen(prefix)))
			strv_add(env, *e);
}

/* gcc finds its parts beside itself, or from this folder: "/usr/lib/gcc/". */
static int find_prefix(const char *gcc, char **ret, struct err *err)
{
	static const char word[] = "install: ";
	CLEANUP_STRV struct strv argv = STRV_INIT;
	CLEANUP_BUF struct buf out = BUF_INIT;
	char *end;

	strv_add(&argv, gcc);
	strv_add(&argv, "-print-search-dirs");
	if (proc_run(&(struct proc_spec){.argv = &argv, .out = -1, .err = -1}, false, 65536,
		    TIMEOUT_MS, &out, err) < 0)
		return err_wrap(err, "asking '%s' where its parts are", gcc);
	/* Behind it are the machine and the release. */
	end = out.data + strcspn(out.data, "\n");
	for (int slashes = 0; end > out.data && slashes < 3;)
		slashes += *--end == '/';
	if (strncmp(out.data, word, strlen(word)) != 0 || end <= out.data + strlen(word))
		return err_set(err, ERR_UNSUPPORTED, "'%s' does not say where its parts are", gcc);
	*ret = xstrndup(out.data + strlen(word), (size_t)(end + 1 - out.data) - strlen(word));
	return 0;
}

/* What the launcher runs here is the compiler itself, whatever name it has for it. Only what makes
 * an object of a source alone can be made elsewhere: no links, nothing that reads or writes
 * profiles, no bitcode, which knows the folder that it was made in. */
static int write_script(const char *launcher, const char *path, const char *real, const char *usual,
	struct err *err)
{
	CLEANUP_FREE char *prefix = NULL, *quoted = NULL;
	CLEANUP_FREE char *program = launch_program(launcher), *text = NULL;

	if (!program)
		return err_set(
			err, ERR_ENVIRONMENT, "the launcher '%s' is not installed", launcher);
	if (find_prefix(real, &prefix, err) < 0)
		return -1;
	quoted = proc_quote(prefix);
	text = xasprintf("#!/bin/sh\n"
			 "export GCC_EXEC_PREFIX=%s\n"
			 "name=${0##*/}\n"
			 "[ -e " COMPILERS "/\"$name\" ] || name=%s\n"
			 "PATH=" COMPILERS ":$PATH\n"
			 "far=${SOLDER_LAUNCHED:+no}\n"
			 "SOLDER_LAUNCHED=yes\n"
			 "export PATH SOLDER_LAUNCHED\n"
			 "for word; do\n"
			 "    case $word in\n"
			 "    -c) far=${far:-yes} ;;\n"
			 "    -E | -M | -MM | - | -flto* | -fprofile* | --coverage) far=no ;;\n"
			 "    esac\n"
			 "done\n"
			 "case $far in\n"
			 "yes) exec %s%s \"$name\" \"$@\" ;;\n"
			 "*) exec " COMPILERS "/\"$name\" \"$@\" ;;\n"
			 "esac\n",
		quoted, usual, program, launcher + strcspn(launcher, " "));
	return file_write(path, text, strlen(text), 0755, err);
}

/* Puts the script in the place of the compilers that the environment names. */
static int cover_compilers(const struct plan_options *o, const struct step *s, const char *root,
	struct strv *argv, struct err *err)
{
	static const char *const names[] = {"CC=", "CXX="};
	CLEANUP_FREE char *script = xasprintf("%s/" SCRIPT, root);

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		for (size_t k = 0; k < s->env.n; k++) {
			const char *value = s->env.v[k] + strlen(names[i]);
			CLEANUP_FREE char *path = NULL, *real = NULL, *seen = NULL;

			if (strncmp(s->env.v[k], names[i], strlen(names[i])) != 0)
				continue;
			path = xstrndup(value, strcspn(value, " "));
			real = realpath(path, NULL);
			seen = xasprintf(COMPILERS "/%s", path_base(path));
			if (!real)
				return err_sys(err, "there is no compiler '%s'", path);
			if (!path_exists(script) &&
				write_script(o->launcher, script, real, path_base(path), err) < 0)
				return -1;
			sandbox_bind(argv, "--ro-bind", real, seen);
			sandbox_bind(argv, "--ro-bind", script, real);
		}
	}
	return 0;
}

/* Folders that the launcher's variables name, such as CCACHE_DIR, are there to be written to, files
 * such as ICECC_VERSION to be read. */
static void open_paths(const char *launcher, struct strv *argv)
{
	CLEANUP_STRV struct strv env = STRV_INIT;

	launch_env(launcher, &env);
	for (size_t i = 0; i < env.n; i++) {
		const char *path = strchr(env.v[i], '=') + 1;

		if (*path != '/' || !path_exists(path))
			continue;
		sandbox_bind(argv, path_is_dir(path) ? "--bind" : "--ro-bind", path, path);
	}
}

int launch_open(const struct plan_options *o, const struct step *s, const char *root,
	struct strv *opened, struct err *err)
{
	/* To find the servers by name. */
	static const char *const shown[] = {
		"/etc/hosts", "/etc/resolv.conf", "/etc/nsswitch.conf", "/etc/gai.conf"};

	if (o->sandbox == SANDBOX_NONE)
		return err_set(
			err, ERR_UNSUPPORTED, "compiles go through a launcher in the sandbox only");
	for (size_t i = 0; i < ARRAY_SIZE(shown); i++)
		if (path_exists(shown[i]))
			sandbox_bind(opened, "--ro-bind", shown[i], shown[i]);
	open_paths(o->launcher, opened);
	return cover_compilers(o, s, root, opened, err);
}
