/* Finished steps, shared by machines through a server.
 *
 * Any server will do that answers GET and PUT (nginx with WebDAV, or a cache for Bazel), or that
 * has the ActionCache and the ContentAddressableStorage of the Remote Execution API (BuildBox's
 * casd).
 *
 *   http[s]://HOST/…        /ac/NAME is what a step's output is: JSON. NAME is the step's name
 *                           (plan_share()). /cas/SHA256 are archives: that output, and the log
 *   grpc[s]://HOST:PORT/…   the rest of the path is the instance. share-internal.h says what a step
 *                           is there; the JSON and the archives are the same
 *
 *   {"format": "solder-step", "version": 1, "step": "openssl 3.5.7",
 *    "archive_sha256", "archive_size", "log_sha256", "log_size", "took_ns",
 *    "signature": [the lines of a minisign signature of entry_text()]}
 *
 * An archive is believed only when it has the digest, an entry when a key is given only with that
 * key's signature. Whoever may write to a server without keys decides what its readers run.
 *
 * Nothing that a server does fails a build: what cannot be had is made here. The first trouble is
 * reported, in one line, and a server that does not answer is not asked again. Sizes are bounded;
 * so is time: a step is not waited for longer than it took to make.
 */
#ifndef SOLDER_SHARE_H
#define SOLDER_SHARE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/progress.h"
#include "plan/plan.h"

#define SHARE_MODES "read|write|readwrite"

struct share_options {
	const char *url;         /* NULL: no server */
	const char *mode;        /* one of SHARE_MODES */
	const char *key;         /* to read: a public key, as a file or itself; else a secret one */
	const char *password;    /* the file with its password; NULL: it has none */
	const char *netrc;       /* see struct fetch_options; NULL: ~/.netrc if it exists */
	const char *certificate; /* see struct fetch_options */
	unsigned int stall_s;    /* give up when nothing comes for so long; 0: 10 s */
};

struct share;

/* *ret is NULL if there is no server; the functions below then do nothing. The options' strings and
 * progress must outlive it. */
int share_open(const struct share_options *options, struct progress *progress, struct share **ret,
	struct err *err);
void share_free(struct share *s);

/* Puts the steps that the cache lacks and the server has into the cache. Fails only when
 * interrupted. */
int share_take(struct share *s, struct plan *p, const struct cache *cache, struct err *err);
/* Gives the server the finished steps that it lacks. Fails only when interrupted. */
int share_give(struct share *s, const struct plan *p, const struct cache *cache, struct err *err);
/* Reports the trouble that `fmt` names, unless there was some before, and asks no more. */
__attribute__((format(printf, 2, 3))) void share_stop(struct share *s, const char *fmt, ...);

struct share_counts {
	size_t taken, given;
	uint64_t received, sent; /* bytes */
};
struct share_counts share_counts(const struct share *s);

#endif
