/* Between the files of this room. */
#ifndef SOLDER_TAR_INTERNAL_H
#define SOLDER_TAR_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <zlib.h>

#include "tar/tar.h"
#include "base/buf.h"

struct archive;
struct archive_entry;

/* Of names and the targets of links, in what is unpacked and in what is packed. */
#define TAR_PATH_MAX 1024
#define TAR_DEPTH_MAX 100 /* less than tree_remove() can remove */
#define TAR_TEXT(number) TAR_TEXT_OF(number)
#define TAR_TEXT_OF(number) #number
#define TAR_WHEEL_LINK "is a link, which would be installed as a file"

/* zip.c: the central directory of a zip archive. */
enum zip_method { ZIP_STORED = 0, ZIP_DEFLATED = 8 };
struct zip_entry {
	const char *name; /* in the directory's bytes, without a NUL */
	size_t length;
	uint64_t offset, data, packed, size; /* data: where it begins */
	uint32_t crc, mode;                  /* mode: of Unix, or 0 */
	uint16_t flags, method;
	uint16_t date; /* as MS-DOS has it: seven bits of years since 1980, four, five */
};

struct zip_list {
	struct zip_entry *v; /* in the order of the file */
	size_t n, next;
	void *directory;
};

bool zip_is(int fd);
/* Reads the directory and holds it against the headers: what is wrong is in `err` as "it …" or
 * "its entry 'x' …". The list is to be released in any case. */
int zip_read(int fd, uint64_t max_entries, struct zip_list *l, struct err *err);
void zip_release(struct zip_list *l);
/* Checks that the entry that libarchive gives is the next of the list, and gives it the list's
 * name. */
int zip_next(struct zip_list *l, struct archive_entry *e, struct err *err);
/* Checks that all have come. */
int zip_finish(const struct zip_list *l, struct err *err);

/* reader.c: an archive in the reading. Set the first three, open, and end with release. */
struct tar_reader {
	const char *name, *verb; /* for messages: "cannot VERB 'NAME': it …" */
	struct tar_limits limits;
	int fd;
	struct archive *raw;     /* decompresses tar archives; NULL for zip */
	struct archive *entries; /* of tar or zip */
	struct zip_list zip;
	bool gzip, in_member, deb;
	z_stream inflate;
	uint64_t n;            /* entries */
	uint64_t left;         /* bytes of the file that may still be read */
	uint64_t stream_bytes; /* out of decompression */
	uint64_t held;         /* of them, since libarchive was last called: set it to 0 before */
	size_t zeros;          /* how many zero bytes the stream ends in */
	struct err failed;     /* in a callback, where libarchive cannot carry it */
	unsigned char in[1 << 16], out[1 << 16];
};

/* The file stays the caller's, and open until the release. */
int tar_reader_open(struct tar_reader *r, int fd, struct err *err);
/* 1: an entry; 0: there are no more, and the archive as a whole is sound. */
int tar_reader_next(struct tar_reader *r, struct archive_entry **e, struct err *err);
void tar_reader_release(struct tar_reader *r);

/* The archive is bad: returns -1, with what failed in a callback, if anything did, or else this. */
__attribute__((format(printf, 3, 4))) int tar_refuse(
	struct tar_reader *r, struct err *err, const char *fmt, ...);
/* It is beyond the limit of bytes. */
int tar_refuse_size(struct tar_reader *r, struct err *err);
/* libarchive's reason; for some damage it has no words. */
const char *tar_reason(struct archive *a);
/* Leaves nothing in a text that could steer a terminal. */
void tar_make_harmless(char *text);

/* extract.c: splits a path into its components, without empty ones and '.'; NULL, or what is wrong
 * with it. */
const char *tar_path_split(const char *path, struct strv *parts);
/* NULL if a link that is `depth` folders below the root may have this target; else "is a
 * link …", with the reason. */
const char *tar_link_fault(const char *target, size_t depth);

/* list.c: sorts, adds folders, drops what a later entry replaces; `first` (may be NULL) goes to the
 * front. Fails for what tar_extract() would refuse. */
int tar_list_settle(struct tar_list *l, const char *first, struct err *err);

/* sink.c: where the bytes of an archive go, compressed, counted, digested, into a temporary file
 * next to its place. */
struct tar_sink;
enum tar_form { TAR_PLAIN, TAR_GZIP, TAR_ZSTD };

int tar_sink_open(const char *path, enum tar_form form, int level, unsigned int threads,
	struct tar_sink **ret, struct err *err);
int tar_sink_write(struct tar_sink *s, const void *data, size_t len, struct err *err);
/* Everything is written: the file gets its name. */
int tar_sink_finish(struct tar_sink *s, uint64_t *size, char hex[SHA256_HEX_SIZE], struct err *err);
/* Removes the file if it was not finished. NULL is fine. */
void tar_sink_free(struct tar_sink *s);

#endif
