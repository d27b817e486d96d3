/* Why a step failed. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/file.h"
#include "base/term.h"
#include "plan/plan-internal.h"

#define TAIL_LINES 30
#define TAIL_BYTES 65536
/* If less is free, a failed step has probably run out of space. */
#define FREE_BYTES_MIN (4u << 20)
#define LINE_BYTES 160

/* In order of precedence: earlier entries explain later ones. */
static const struct {
	const char *text, *cause;
} causes[] = {
	{"No space left on device",
		"the disk is full: free some space, or put the cache elsewhere with --cache DIR"},
	{"Disk quota exceeded",
		"the disk quota is used up: put the cache elsewhere with --cache DIR"},
	{"Too many open files",
		"programs may open too few files at a time: raise the limit (ulimit -n)"},
	{"virtual memory exhausted", "not enough memory: build with fewer --jobs"},
	{"fatal error: Killed signal",
		"the compiler was killed, probably for lack of memory: build with fewer --jobs"},
	{"Cannot allocate memory", "not enough memory: build with fewer --jobs"},
	{"C compiler cannot create executables",
		"the compiler cannot link a program: is the C library's development package installed (libc6-dev)?"},
	{"LLVM ERROR: Broken module",
		"the compiler, archiver and linker come from different LLVM releases"},
	{"file format not recognized",
		"the archiver or linker does not understand the compiler's objects: are they of one release?"},
	{"Hunk #1 FAILED", "a patch of the recipe does not fit this source"},
	{"FAILED -- saving rejects", "a patch of the recipe does not fit this source"},
	{"Temporary failure in name resolution",
		"the build tried to reach the network, which it must not"},
	{"Read-only file system", "the build tried to write outside its folder"},
	{"command not found", "a program is missing; its name is in the log"},
	{": not found", "a program is missing; its name is in the log"},
	{"undefined reference to", "a library is missing from the link, or of the wrong version"},
	{"cannot find -l", "a library is missing from the link"},
	{"No such file or directory", "a file is missing; its name is in the log"},
};

/* The last lines of a log, each cut to a readable width: link commands can be pages long. */
static void read_tail(const char *log, struct buf *tail, struct buf *lines)
{
	struct err ignored = ERR_INIT;
	CLEANUP_CLOSE int fd = file_open(log, &ignored);
	const char *start;
	struct stat st;
	ssize_t n;

	buf_reserve(tail, TAIL_BYTES);
	buf_adds(lines, "");
	tail->data[0] = '\0';
	if (fd < 0 || fstat(fd, &st) < 0)
		return;
	n = file_pread(
		fd, tail->data, TAIL_BYTES, st.st_size > TAIL_BYTES ? st.st_size - TAIL_BYTES : 0);
	tail->len = n > 0 ? (size_t)n : 0;
	while (tail->len && tail->data[tail->len - 1] == '\n')
		tail->len--;
	tail->data[tail->len] = '\0';
	start = tail->data + tail->len;
	for (size_t k = 1; start > tail->data && (start[-1] != '\n' || k++ < TAIL_LINES);)
		start--;
	while (*start) {
		size_t len = strcspn(start, "\n");
		bool cut = len > LINE_BYTES;

		buf_addf(lines, "  %.*s%s\n", (int)(cut ? utf8_cut(start, LINE_BYTES) : len), start,
			cut ? " …" : "");
		start += len + (start[len] == '\n');
	}
}

void explain_failure(const char *log, struct err *err)
{
	CLEANUP_BUF struct buf tail = BUF_INIT, lines = BUF_INIT;
	CLEANUP_FREE char *how = xstrdup(err->msg);
	const char *start;
	struct statvfs fs;

	read_tail(log, &tail, &lines);
	/* If not everything fits, keep the end. */
	start = lines.data;
	while (strlen(start) > sizeof(err->msg) - 1024)
		start += strcspn(start, "\n") + 1;
	err_set(err, ERR_CHILD, "%s; the log ends with\n%sthe whole log is %s", how, start, log);
	/* On a full disk the log may lack the message that says so. */
	if (statvfs(log, &fs) == 0 && (uint64_t)fs.f_bavail * fs.f_frsize < FREE_BYTES_MIN) {
		err_hint(err, "%s", causes[0].cause);
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(causes); i++) {
		if (strstr(tail.data, causes[i].text)) {
			err_hint(err, "%s", causes[i].cause);
			return;
		}
	}
	err_hint(err, "run again with --keep-work to look into the folder of the step");
}
