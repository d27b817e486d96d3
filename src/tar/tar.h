/* Archives of tar and zip: unpacking what others packed, and packing tar so that the same content
 * always gives the same bytes.
 *
 * A source archive is data from the network until it is unpacked, so nothing in it is believed:
 * whatever the archive says, nothing is written, linked or led to outside the folder given. Path
 * traversal is refused in extract.c, two views of one zip archive in zip.c, damage and bombs in
 * reader.c. list.c, write.c and sink.c are the way back.
 */
#ifndef SOLDER_TAR_H
#define SOLDER_TAR_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"

/* Limits to what an archive may unpack to. Both the bytes that come out of decompression and the
 * sizes of the files (holes of sparse ones included) are held to max_bytes. */
struct tar_limits {
	uint64_t max_bytes;
	uint64_t max_entries;
	bool wheel; /* only what pip and uv read alike: a zip archive without links */
};

#define TAR_LIMITS_DEFAULT                                                                         \
	((struct tar_limits){.max_bytes = (uint64_t)4 << 30, .max_entries = 300000})

/* Unpacks `archive`, a tar archive (plain, or with gzip, bzip2, xz or zstd), a zip archive or a
 * package of Debian (what it has below usr), into the new or empty folder `dir`. `strip` is the
 * number of leading path components dropped; with 1 the archive must have a single top folder, and
 * what is in it lands in `dir`. A leading "./" does not count. `limits` may be NULL for the
 * default.
 *
 * Kept: permissions, modification times, symbolic and hard links within `dir`. Dropped: owners,
 * setuid, setgid and sticky bits, write permission for group and others, extended attributes and
 * ACLs. The owner can always read files and enter and change folders.
 *
 * Refused, with a message that names archive and entry: absolute paths and '..', devices, pipes
 * and sockets, links that lead outside (or could, by a '..' behind a name), anything placed
 * through a link, a file or link that replaces something of another kind, a hard link to a symbolic
 * link that would lead outside from its second place, more than one top folder when stripping,
 * archives that are truncated, corrupt, compressed twice or beyond the limits.
 *
 * On failure whatever was made in `dir` is removed, and `dir` and the folders above it that were
 * not there before, too. Memory is bounded whatever the archive says (what the decompressor needs,
 * 48 MiB for headers, and the names of at most 65,536 folders). */
int tar_extract(const char *archive, const char *dir, int strip, const struct tar_limits *limits,
	struct err *err);
/* The same of an open file, which stays open; `archive` is for messages. */
int tar_extract_fd(int fd, const char *archive, const char *dir, int strip,
	const struct tar_limits *limits, struct err *err);

/* A wheel that is read in memory: `visit` gets each file that `wants` wants by its first bytes (at
 * most 8), in the archive's order, whole and held against its checksum. Of the others only names
 * and sizes are looked at. -1 ends the reading. */
struct tar_wheel {
	struct tar_limits limits;
	uint64_t memory;     /* files of more bytes have a file behind them, … */
	const char *scratch; /* … in this folder, without a name */
	bool (*wants)(const void *start, size_t n);
	/* `name` has neither empty components nor '.'. The bytes are valid during the call. */
	int (*visit)(void *ctx, const char *name, const void *data, size_t size, struct err *err);
	void *ctx;
	/* The result: all folders, sorted by strcmp(), the caller's; and the date of the newest
	 * entry, 20250525, or 0: none has one. */
	struct strv folders;
	unsigned int date;
};
/* Refuses what tar_extract() refuses of a wheel, in all entries; only damage in a file that is not
 * wanted is not seen. Memory is bounded by the largest file, or `memory`, and the directory.
 *
 *	struct tar_wheel wheel = {.limits = TAR_LIMITS_DEFAULT, .memory = 1 << 30, .scratch = dir,
 *		.wants = elf_is, .visit = take_file, .ctx = &list};
 *	int r = tar_wheel_read("numpy-2.5.5-….whl", &wheel, err);
 *	…
 *	strv_release(&wheel.folders);
 */
int tar_wheel_read(const char *archive, struct tar_wheel *wheel, struct err *err);
/* The order in which a walk through folders comes by the names: '/' is before all other bytes. */
int tar_place_compare(const char *a, const char *b);

/* Appends to `out` the content of the first file of a tar or zip archive that is called `rel` below
 * any single top folder. 1: it is there; 0: no such file; -1: the archive is damaged, or the file
 * has more than `max` bytes. */
int tar_member(const char *archive, const char *rel, size_t max, struct buf *out, struct err *err);

/* The entries of an archive to be written. Names are relative, "python/bin/python3"; the folders
 * above them come of themselves. Of several entries with one name the last that was added counts,
 * so that a tree is added first and what differs from it afterwards. Nothing is read before
 * tar_write() but the names, kinds and targets of a tree. */
enum tar_kind { TAR_FILE, TAR_FOLDER, TAR_LINK, TAR_NAME };

struct tar_entry {
	char *name;
	enum tar_kind kind;
	char *path; /* of a file: where its content is; NULL: `data` has it */
	size_t top; /* of a path in a tree: the length of the tree's own path; else 0 */
	char *data;
	size_t len;
	char *link; /* target of a symbolic link; of another name, the file's first one */
	bool executable;
	size_t order; /* how many were added before */
};

struct tar_list {
	struct tar_entry *v;
	size_t n, added;
};

#define CLEANUP_TAR_LIST CLEANUP(tar_list_release)

void tar_list_release(struct tar_list *l);
/* The folder `dir` itself becomes `as`. Links are kept as they are; hard links become files of
 * their own; devices, pipes and sockets are an error, and when the list is packed also links that
 * lead out of the topmost folder, names of more than 1,024 bytes and folders in more than 100
 * others. */
int tar_list_add_tree(struct tar_list *l, const char *dir, const char *as, struct err *err);
void tar_list_add_file(struct tar_list *l, const char *path, const char *as, bool executable);
void tar_list_add_bytes(struct tar_list *l, const void *data, size_t len, const char *as);
void tar_list_add_symlink(struct tar_list *l, const char *target, const char *as);
/* Another name of the file that is in the list as `first` (a hard link). When the list is packed it
 * has to be there, and to sort before. */
void tar_list_add_name(struct tar_list *l, const char *first, const char *as, bool executable);
/* Takes an entry and all below it out again; returns how many there were. */
size_t tar_list_drop(struct tar_list *l, const char *name);
/* The entry that counts, or NULL; valid until the list changes. */
const struct tar_entry *tar_list_find(const struct tar_list *l, const char *name);

/* Opens what the content of a file with a path is read from; the caller closes it. No link below
 * the top of its tree is followed. */
int tar_entry_open(const struct tar_entry *e, struct err *err);

/* The number of bytes in the files that will be read from disk. Settles the list, and fails as
 * tar_write() would. */
int tar_list_bytes(struct tar_list *l, const char *first, uint64_t *bytes, struct err *err);

struct tar_options {
	int level;            /* of zstd, 1 to 19; of gzip, where more than 9 is 9 */
	unsigned int threads; /* that compress; gzip has one. 0 is 1 */
	int64_t mtime;        /* of every entry, seconds: SOURCE_DATE_EPOCH */
	const char *first;    /* the name of the entry that comes before all others; may be NULL */
	atomic_uint_least64_t *read; /* grows by the bytes of files that are read; may be NULL */
};

struct tar_result {
	uint64_t size;             /* of the archive */
	uint64_t bytes;            /* of the files in it */
	uint64_t entries;          /* with folders and links */
	char hex[SHA256_HEX_SIZE]; /* of the archive */
};

/* Writes the list to `archive`, by its name a .tar, .tar.gz or .tar.zst; the list is sorted on the
 * way. It appears by rename when it is complete; on failure nothing is left.
 *
 * Only the list's names, kinds, targets, contents and executable bits, the options' level, mtime
 * and first, and the release of the compressor decide on the bytes: owner is root (0/0), modes are
 * 0755 and 0644 (links 0777), entries are sorted by bytes with a folder before what is in it, the
 * header of gzip has neither name nor time, and zstd always cuts its input the same way, however
 * many threads work. Headers are ustar; a pax header stands only before what ustar cannot say (a
 * name or target of more than 100 bytes that cannot be split, a size of 8 GiB or more, a time out
 * of range).
 *
 * At most 3 threads compress at a level of 16 or more, 4 from 12 on, 8 below, so that memory stays
 * under 512 MiB. Lists of their own may be packed by several threads at a time. */
int tar_write(const char *archive, struct tar_list *list, const struct tar_options *options,
	struct tar_result *result, struct err *err);

#endif
