/* pip, whose own configuration decides where packages come from. */
#include <string.h>
#include <unistd.h>

#include "check/check-internal.h"
#include "proc/proc.h"

#define ASK_MS 60000

/* An allowlist, not a blocklist: unexpected names stay out, and so do PYTHON*, LD_*, VIRTUAL_ENV
 * and everybody's tokens. */
void pip_environment(const char *tmp, struct strv *env)
{
	static const char *const kept[] = {"PATH", "HOME",
		/* locations of the user's and the site's configuration and of the cache */
		"XDG_CONFIG_HOME", "XDG_CONFIG_DIRS", "XDG_CACHE_HOME",
		/* proxies, in both spellings in use */
		"http_proxy", "https_proxy", "all_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY",
		"ALL_PROXY", "NO_PROXY",
		/* trusted certificates, and our credentials */
		"SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NETRC"};
	static const char *const own_tmp[] = {"TMPDIR"};

	proc_keep(kept, ARRAY_SIZE(kept), env);
	strv_add(env, "LC_ALL=C.UTF-8");
	/* The first of two variables with the same name wins. */
	strv_add(env, "PIP_NO_INPUT=1");
	strv_add(env, "PIP_DISABLE_PIP_VERSION_CHECK=1");
	/* pip's options, one variable each: index, mirror, constraints. */
	for (char **e = environ; *e; e++) {
		if (!strncmp(*e, "PIP_", 4))
			strv_add(env, *e);
	}
	if (tmp)
		strv_addf(env, "TMPDIR=%s", tmp);
	else
		proc_keep(own_tmp, ARRAY_SIZE(own_tmp), env);
}

int pip_run(const struct strv *pip, const struct strv *words, const char *tmp, size_t max_output,
	unsigned int limit_ms, struct buf *output, struct err *err)
{
	CLEANUP_STRV struct strv argv = STRV_INIT, env = STRV_INIT;
	struct proc_spec spec = {.argv = &argv, .env = &env, .cwd = tmp, .out = -1, .err = -1};

	for (size_t i = 0; i < pip->n; i++)
		strv_add(&argv, pip->v[i]);
	for (size_t i = 0; i < words->n; i++)
		strv_add(&argv, words->v[i]);
	pip_environment(tmp, &env);
	return proc_run(&spec, true, max_output, limit_ms, output, err);
}

bool pip_find(const char *interpreter, const char *const *others, struct strv *argv)
{
	for (const char *start = interpreter; start; start = *others++) {
		CLEANUP_STRV struct strv version = STRV_INIT;
		CLEANUP_BUF struct buf output = BUF_INIT;
		struct err ignored = ERR_INIT;

		strv_clear(argv);
		strv_add(argv, start);
		strv_split(argv, "-I -m pip", " ");
		if (start != interpreter) {
			strv_add(argv, "--python");
			strv_add(argv, interpreter);
		}
		strv_add(&version, "--version");
		if (pip_run(argv, &version, NULL, 65536, ASK_MS, &output, &ignored) == 0)
			return true;
	}
	return false;
}
