/* pip's environment. It decides from where packages come by its own configuration. */
#include "check/pip-internal.h"

#include <string.h>
#include <unistd.h>

#include "proc/proc.h"

/* A list of what is kept, not of what is dropped: a name that nobody thought of stays out, and so
 * do PYTHON*, LD_*, VIRTUAL_ENV and everybody's tokens. */
void pip_environment(const char *tmp, struct strv *env)
{
	static const char *const kept[] = {"PATH", "HOME",
		/* where the user's configuration, the site's and the cache are */
		"XDG_CONFIG_HOME", "XDG_CONFIG_DIRS", "XDG_CACHE_HOME",
		/* the way to the index, in both spellings that are in use */
		"http_proxy", "https_proxy", "all_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY",
		"ALL_PROXY", "NO_PROXY",
		/* which certificates are believed there, and who we are */
		"SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NETRC"};
	static const char *const own_tmp[] = {"TMPDIR"};

	proc_keep(kept, ARRAY_SIZE(kept), env);
	strv_add(env, "LC_ALL=C.UTF-8");
	/* Of two with one name the first counts. */
	strv_add(env, "PIP_NO_INPUT=1");
	strv_add(env, "PIP_DISABLE_PIP_VERSION_CHECK=1");
	/* pip's options, each a variable: index, mirror, constraints. */
	for (char **e = environ; *e; e++) {
		if (!strncmp(*e, "PIP_", 4))
			strv_add(env, *e);
	}
	if (tmp)
		strv_addf(env, "TMPDIR=%s", tmp);
	else
		proc_keep(own_tmp, ARRAY_SIZE(own_tmp), env);
}
