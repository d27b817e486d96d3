/* Between the files of this room. */
#ifndef SOLDER_TAR_ARCHIVE_INTERNAL_H
#define SOLDER_TAR_ARCHIVE_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "tar/tar.h"
#include "base/buf.h"

/* Of names and the targets of links, in what is unpacked and in what is packed. */
#define PATH_LENGTH_MAX 1024
#define DEPTH_MAX 100 /* less than tree_remove() can remove */

/* What is wrong with the target of a link that is `depth` folders below the root: "is a link …", or
 * NULL. */
const char *tar_link_fault(const char *target, size_t depth);

/* The checksum of what came out of a gzip stream. */
struct gzip_check {
	uint32_t table[256];
	uint32_t crc;
	uint32_t size; /* modulo 2^32, as gzip keeps it */
};

void gzip_check_init(struct gzip_check *c);
void gzip_check_add(struct gzip_check *c, const void *data, size_t n);
/* Does the trailer of the file contradict what was added? Zeros behind it are padding. Of a file
 * with several members nothing is known, so nothing is held against it. */
int gzip_check_failed(const struct gzip_check *c, int fd);

/* The central directory of a zip archive. */
struct zip_entry {
	const char *name; /* in the directory's bytes, without a NUL */
	size_t length;
	uint64_t offset, packed, size;
	uint32_t crc, mode; /* mode: of Unix, or 0 */
	uint16_t flags, method;
};

struct zip_list {
	struct zip_entry *v; /* in the order of the file */
	size_t n, next;
	void *directory;
};

struct archive_entry;

bool zip_is(int fd);
/* Reads the directory and holds it against the headers: what is wrong is in `err` as "it …" or
 * "its entry 'x' …". The list is to be released in any case. */
int zip_read(int fd, uint64_t max_entries, struct zip_list *l, struct err *err);
void zip_release(struct zip_list *l);
/* Is the entry that libarchive gives the next of the list? Gives it the list's name. */
int zip_next(struct zip_list *l, struct archive_entry *e, struct err *err);
/* Did all come? */
int zip_finish(const struct zip_list *l, struct err *err);

/* Times and modes of folders are set when nothing more is put into them. */
struct unpacked_folder {
	char *path; /* below the root, components joined by '/' */
	mode_t mode;
	struct timespec mtime;
};

struct archive;

/* Where libarchive's bytes come from. */
struct input {
	int fd;
	int error; /* errno of a read that failed, or 0 */
	char block[1 << 16];
};
/* As archive_read_open_fd(); `s` and `fd` must live as long as the reader. */
int input_open(struct input *s, int fd, struct archive *a);

struct unpack {
	const char *archive;
	struct input input;
	struct tar_limits limits;
	int root; /* the folder unpacked into */
	int strip;
	struct archive *raw;    /* decompresses tar archives; NULL for zip */
	struct archive *reader; /* of tar or zip */
	struct zip_list zip;
	uint64_t stream_bytes; /* out of decompression */
	uint64_t held;         /* of them, since the tar reader last gave something back */
	uint64_t file_bytes;   /* sizes of all files */
	uint64_t entries;
	bool gzip;
	struct gzip_check gzip_check;
	size_t zeros; /* how many zero bytes the stream ends in, at most TAR_BLOCK */
	struct strv top;
	struct unpacked_folder *folders;
	size_t n_folders;
	char entry[256]; /* the current entry's name, fit for a message */
	bool failed;     /* err is set: do not replace it */
	struct err *err;
};

/* What libarchive failed at; for some damages it has no words. */
const char *tar_reason(struct archive *a);

/* The archive as a whole is bad. Keeps an error that is set already. Returns -1. */
__attribute__((format(printf, 2, 3))) int unpack_refuse(struct unpack *u, const char *fmt, ...);
/* It is beyond the limit of bytes. */
int unpack_refuse_size(struct unpack *u);
int unpack_check_interrupt(struct unpack *u);

/* Puts the entry that the reader stands at into the folder. */
int unpack_entry(struct unpack *u, struct archive_entry *e);
/* Modes and times of folders, when nothing more comes. */
int unpack_finish_folders(struct unpack *u);

/* Sorts, adds folders, drops what a later entry replaces; `first` (may be NULL) goes to the
 * front. Fails for what tar_extract() would refuse. */
int tar_list_settle(struct tar_list *l, const char *first, struct err *err);

/* Where the bytes of an archive go: compressed, counted, digested, into a file beside its place. */
struct sink;
enum sink_form { SINK_PLAIN, SINK_GZIP, SINK_ZSTD };

int sink_open(const char *path, enum sink_form form, int level, unsigned int threads,
	struct sink **ret, struct err *err);
int sink_write(struct sink *s, const void *data, size_t len, struct err *err);
/* Everything is written: the file gets its name. */
int sink_finish(struct sink *s, uint64_t *size, char hex[SHA256_HEX_SIZE], struct err *err);
/* Removes the file if it was not finished. NULL is fine. */
void sink_free(struct sink *s);

#endif
