/* Between the files of this room, and for its tests. */
#ifndef SOLDER_SHARE_INTERNAL_H
#define SOLDER_SHARE_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/file.h"
#include "fetch/fetch.h"
#include "share/share.h"
#include "sign/sign.h"

#define ENTRY_MAX ((size_t)64 << 10)

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

/* ---- servers --------------------------------------------------------------------------------- */

struct blob {
	char hex[SHA256_HEX_SIZE];
	uint64_t size;
};

struct blob blob_named(const char *hex, uint64_t size);
/* An unnamed file with this in it, at its beginning; -1 on failure. */
int memory_file(const void *data, size_t n, struct err *err);

struct server {
	const struct protocol *protocol;
	struct fetcher *fetcher;
	char *base; /* the URL without a slash at its end, and without the instance */
	/* Of the Remote Execution API: the instance ("" is one, too), the same before names of
	 * blobs, and what distinguishes our uploads, a UUID. */
	char *instance, *prefix, *uuid;
};

/* Fills all but the fetcher from the URL. */
int server_name(struct server *s, const char *url, struct err *err);
void server_release(struct server *s);

/* How a server is asked. All return 1: it is so, or it is done; 0: the server has no such thing;
 * -1: trouble. Where they do not return 1, err may be set. */
struct protocol {
	/* `name` is the step's. */
	int (*get_entry)(
		const struct server *s, const char *name, struct buf *text, struct err *err);
	/* Creates the file; its content is not checked. */
	int (*get)(const struct server *s, const struct blob *b, const char *path, struct err *err);
	int (*has)(const struct server *s, const struct blob *b, struct err *err);
	int (*put)(const struct server *s, const struct blob *b, int fd, struct err *err);
	/* The archives that the entry names are there. `text` is the entry. */
	int (*put_entry)(const struct server *s, const char *name, const struct entry *e,
		const char *text, struct err *err);
};

extern const struct protocol protocol_http, protocol_reapi;

/* ---- the Remote Execution API ---------------------------------------------------------------- */

/* The messages, with the numbers of the fields that are used:
 *
 *	Digest                    hash = 1, size_bytes = 2
 *	Command                   arguments = 1, output_paths = 7
 *	Action                    command_digest = 1, input_root_digest = 2
 *	ActionResult              output_files = 2, stdout_raw = 5, stdout_digest = 6
 *	OutputFile                path = 1, digest = 2
 *	GetActionResultRequest    instance_name = 1, action_digest = 2, inline_stdout = 3
 *	UpdateActionResultRequest instance_name = 1, action_digest = 2, action_result = 3
 *	FindMissingBlobsRequest   instance_name = 1, blob_digests = 2
 *	FindMissingBlobsResponse  missing_blob_digests = 2
 *	ReadRequest               resource_name = 1
 *	ReadResponse              data = 10
 *	WriteRequest              resource_name = 1, write_offset = 2, finish_write = 3, data = 10
 *	WriteResponse             committed_size = 1
 *
 * Sources: build/bazel/remote/execution/v2/remote_execution.proto of bazelbuild/remote-apis
 * (becdd8f9), which also says how blobs are named in Read and Write;
 * google/bytestream/bytestream.proto of googleapis/googleapis (f8291d2b).
 *
 * A step is the Action whose Command is "solder-step NAME", with the outputs LOG_FILE and TREE_FILE
 * and no input. So anyone who knows the name knows the Action's digest. The entry is what it wrote
 * to stdout: by its digest, or in the message where the server prefers that.
 */
#define LOG_FILE "log.tar.zst"
#define TREE_FILE "tree.tar.zst"

/* Reads an ActionResult. 1: it has the entry in it, which is appended to `text`; 0: the entry is
 * `stored`; -1: neither. */
int reapi_result(
	const char *data, size_t n, struct buf *text, struct blob *stored, struct err *err);

/* Protocol buffers: https://protobuf.dev/programming-guides/encoding/ */
enum proto_kind { PROTO_NUMBER = 0, PROTO_BYTES = 2 };

struct proto_field {
	unsigned int number;
	enum proto_kind kind;
	uint64_t value;   /* of a number */
	const char *data; /* of bytes, within the message */
	size_t n;
};

/* Append a field to a message; 0 and "" are what is read where there is none. */
void proto_add_number(struct buf *m, unsigned int field, uint64_t value);
void proto_add_text(struct buf *m, unsigned int field, const char *text);
void proto_add_bytes(struct buf *m, unsigned int field, const void *data, size_t n);
/* What precedes the n bytes, which the caller appends. */
void proto_add_head(struct buf *m, unsigned int field, uint64_t n);
/* The last field with this number and kind, as is the rule; the whole message is read. 1, 0: none;
 * -1: it is no message. *ret is zero where it is not 1. */
int proto_find(const char *message, size_t n, unsigned int number, enum proto_kind kind,
	struct proto_field *ret);

#endif
