/* Between the files of this room, and for its tests. */
#ifndef SOLDER_SHARE_INTERNAL_H
#define SOLDER_SHARE_INTERNAL_H

#include "share/share.h"
#include "sign/sign.h"

#define ENTRY_MAX ((size_t)64 << 10)
#define ARCHIVE_MAX ((uint64_t)4 << 30)
#define LOG_MAX ((size_t)64 << 20)

/* What the server says of a step. */
struct entry {
	char *archive_sha256, *log_sha256;
	uint64_t archive_size, log_size, took_ns;
	struct strv signature; /* its lines; empty: none */
};

#define CLEANUP_ENTRY CLEANUP(entry_release)

void entry_release(struct entry *e);
/* Reads an entry; with a key, only one that it has signed. `name` is the step's name. */
int entry_parse(const char *text, size_t len, const char *name, const struct key *key,
	struct entry *e, struct err *err);
/* Signs the entry, if there is a key. */
int entry_sign(struct entry *e, const char *name, const struct key *key, struct err *err);
/* As JSON; the caller frees it. */
char *entry_json(const struct entry *e, const char *title);

#endif
