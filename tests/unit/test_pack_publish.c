/* Archives, their digests, the signature of these and downloads.json change as one: a run is killed
 * before each system call that changes a file while it publishes, and what it leaves is looked at.
 */
#include "packing.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tar/tar.h"
#include "base/file.h"
#include "pack/pack-internal.h"

#define SECRET                                                                                     \
	"RWRCSwAAAADmXEyPkBdLeflkfiNVfuyhr+7rZwVkbZdNpuUl962yLrcK8M7+"                             \
	"KUh9V1Efm5tEhmmRFEh5RXcxQEA3qAR8Fpe7hWUiHDlYJlUtJw/TEgWIt2CIhJ26NmPsBn+jHxQFjCc="
#define PUBLIC "RWRNpuUl962yLoVlIhw5WCZVLScP0xIFiLdgiISdujZj7AZ/ox8UBYwn"

/* Another's archive in the same folder. */
#define OTHER "other.tar.gz"

#define NOT_ALLOWED 77

/* A run locks the folder, then its scratch folder, and then the folder to publish. */
#define LOCKS 3

struct world {
	const char *root;
	struct packing f;
	bool fresh;              /* there was no folder; nothing is signed */
	char *old, *new, *whole; /* facts of the folder without the run, and after it */
	unsigned int kills, pending, completed;
};

/* Before any other call, and before a sync, a kill leaves what it leaves before the next of these.
 */
static const long changing[] = {
#ifdef SYS_rename
	SYS_rename, SYS_mkdir, SYS_rmdir, SYS_unlink, SYS_link, SYS_symlink, SYS_chmod,
#endif
#ifdef SYS_renameat
	SYS_renameat,
#endif
	SYS_renameat2, SYS_mkdirat, SYS_unlinkat, SYS_linkat, SYS_symlinkat, SYS_write,
	SYS_pwrite64, SYS_fchmod, SYS_ftruncate};

/* The number of the call that it is about to make, and whether that changes a file. */
static long call_of(pid_t pid, bool *changes)
{
	struct __ptrace_syscall_info info;

	*changes = false;
	if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) < 0 ||
		info.op != PTRACE_SYSCALL_INFO_ENTRY)
		return -1;
	*changes = info.entry.nr == SYS_openat && info.entry.args[2] & O_CREAT;
	for (size_t i = 0; i < ARRAY_SIZE(changing); i++)
		*changes |= info.entry.nr == (unsigned long)changing[i];
	return (long)info.entry.nr;
}

static void pack_and_exit(struct packing *f)
{
	json_t *result = NULL;

	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
		_exit(NOT_ALLOWED);
	raise(SIGSTOP);
	_exit(pack_write(&f->p, &f->o, &result, &f->err) < 0 ? 1 : 0);
}

/* Kills a run before its nth change after so many locks. 1: it came so far; 0: it ended by itself;
 * -1: ptrace is not allowed. */
static int kill_at(struct packing *f, unsigned int locks, unsigned int nth)
{
	pid_t pid = fork();
	int status = 0, signal = 0;

	assert_true(pid >= 0);
	if (pid == 0)
		pack_and_exit(f);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_ALLOWED)
		return -1;
	assert_true(WIFSTOPPED(status));
	assert_int_equal(
		ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL), 0);
	for (;;) {
		bool changes = false;
		long call;

		assert_int_equal(ptrace(PTRACE_SYSCALL, pid, NULL, signal), 0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (WIFEXITED(status)) {
			assert_int_equal(WEXITSTATUS(status), 0);
			return 0;
		}
		assert_true(WIFSTOPPED(status));
		signal = WSTOPSIG(status) == (SIGTRAP | 0x80) ? 0 : WSTOPSIG(status);
		call = signal ? -1 : call_of(pid, &changes);
		if (locks && call == SYS_flock)
			locks--;
		if (locks || !changes || nth--)
			continue;
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		return 1;
	}
}

/* Names and contents. An index is compared apart, since it is written again. */
static char *facts(const struct world *w, bool with_index)
{
	const char *filter = with_index ? "" : "| sed -e /downloads/d -e '/^[.]solder-pack[.]/d'";

	return scratch_shell(w->root,
		"mkdir -p out && cd out && ls -A %s && sha256sum /dev/null $(ls %s)", filter,
		filter);
}

static void restore(const struct world *w, const char *from)
{
	free(scratch_shell(w->root, "rm -rf out; test ! -e %s || cp -a %s out", from, from));
}

/* Named and right, or not named and refused. */
static void assert_archive_is_sound(const struct world *w, const char *name)
{
	CLEANUP_FREE char *path = xasprintf("%s/%s", w->f.out, name);
	CLEANUP_FREE char *to = xasprintf("%s/unpacked", w->root);
	CLEANUP_SUMS struct sums sums = {0};
	char wanted[SHA256_HEX_SIZE], got[SHA256_HEX_SIZE];
	struct err err = ERR_INIT;
	const char *said;
	int named;

	assert_int_equal(sums_read(w->f.out, &sums, &err), 1);
	named = sums_find(&sums, w->f.out, name, wanted, &err);
	assert_int_equal(sha256_file(path, got, NULL, &err), 0);
	if (named)
		assert_string_equal(got, wanted);
	assert_int_equal(pack_unpack(path, NULL, to, 1, NULL, &said, &err), named ? 0 : -1);
	if (named)
		free(scratch_shell(w->root, "rm -r unpacked"));
	else
		assert_non_null(strstr(err.msg, "does not name"));
	/* What the key's list names is the same archive; else it is refused. */
	if (pack_unpack_signed(path, PUBLIC, to, 1, NULL, &err) == 0) {
		assert_true(named);
		free(scratch_shell(w->root, "rm -r unpacked"));
	} else {
		assert_true(*err.msg);
		assert_false(path_exists(to));
	}
}

/* What a killed run left, for those who read it now. */
static unsigned int assert_sound(const struct world *w)
{
	DIR *dir = opendir(w->f.out);
	unsigned int archives = 0;
	struct dirent *e;

	while (dir && (e = readdir(dir))) {
		if (!ends_with(e->d_name, ".tar.gz") || *e->d_name == '.')
			continue;
		assert_archive_is_sound(w, e->d_name);
		archives++;
	}
	if (dir)
		closedir(dir);
	return archives;
}

/* Whoever writes there next, be it an index, makes it whole; returns 1 if that was the new state.
 */
static unsigned int assert_index_completes(const struct world *w)
{
	CLEANUP_FREE char *now = NULL;
	struct err err = ERR_INIT;
	json_t *result = NULL;

	if (pack_index(w->f.out, "https://example.org", NULL, &result, &err) < 0)
		assert_true(w->fresh);
	json_decref(result);
	now = facts(w, false);
	if (strcmp(now, w->old) != 0)
		assert_string_equal(now, w->new);
	return !strcmp(now, w->new);
}

/* Kills one run; returns false if it ended by itself. */
static bool one(struct world *w, unsigned int locks, unsigned int nth)
{
	CLEANUP_FREE char *now = NULL;
	int killed;

	restore(w, "old");
	killed = kill_at(&w->f, locks, nth);
	if (killed < 0) {
		print_message("skipped: ptrace is not allowed here\n");
		skip();
	}
	if (!killed)
		return false;
	w->kills++;
	w->pending += publish_is_pending(w->f.out);
	assert_sound(w);
	free(scratch_shell(w->root, "rm -rf killed tmp; mkdir -p out tmp; cp -a out killed"));
	w->completed += assert_index_completes(w);
	restore(w, "killed");
	json_decref(packing_write(&w->f));
	now = facts(w, true);
	assert_string_equal(now, w->whole);
	return true;
}

/* As many kills as publishing has changes, and some before. */
static void sweep(struct world *w)
{
	static const unsigned int before[] = {0, 1, 2, 3, 4, 8, 12};

	for (size_t i = 0; i < ARRAY_SIZE(before); i++)
		assert_true(one(w, 0, before[i]));
	for (unsigned int n = 0; one(w, LOCKS, n); n++)
		;
	print_message("%u kills; %u of them left something to do, and after %u the new state was "
		      "there\n",
		w->kills, w->pending, w->completed);
	assert_true(w->pending > 8 && w->completed > w->pending &&
		    w->kills > w->completed + ARRAY_SIZE(before));
}

static void sign_old(const struct world *w)
{
	CLEANUP_FREE char *text = scratch_read(w->root, "out/SHA256SUMS");
	CLEANUP_BUF struct buf signature = BUF_INIT;
	CLEANUP_KEY struct key key = {0};
	struct err err = ERR_INIT;

	assert_int_equal(key_read_secret(w->f.o.sign, NULL, &key, &err), 0);
	assert_int_equal(sign_text(&key, text, strlen(text), "", &signature, &err), 0);
	scratch_file(w->root, "out/SHA256SUMS.sig", signature.data, 0644);
}

/* The archives of another tree, a list that is signed and names a third party's, and an index. */
static void make_old(struct world *w)
{
	struct err err = ERR_INIT;
	json_t *result = NULL;

	json_decref(packing_write(&w->f));
	free(scratch_shell(w->root, "cd out && mkdir x && echo x >x/x && tar -czf " OTHER
				    " x && rm -r x && sha256sum " OTHER " >>SHA256SUMS"));
	assert_int_equal(pack_index(w->f.out, "https://example.org", NULL, &result, &err), 0);
	json_decref(result);
	w->f.o.sign = xasprintf("%s/key", w->root);
	scratch_file(w->root, "key", "untrusted comment: signify secret key\n" SECRET "\n", 0600);
	sign_old(w);
	free(scratch_shell(w->root, "mv out old"));
	scratch_file(w->root, "tree/lib/python3.13/os.py", "other", 0644);
}

static void test_kills(const char *root, bool fresh)
{
	struct world w = {.root = root, .fresh = fresh};

	packing_setup(&w.f, root);
	w.f.o.jobs = 1;
	if (!fresh)
		make_old(&w);
	restore(&w, "old");
	w.old = facts(&w, false);
	json_decref(packing_write(&w.f));
	w.new = facts(&w, false);
	w.whole = facts(&w, true);
	assert_string_not_equal(w.old, w.new);
	sweep(&w);
	free(w.old);
	free(w.new);
	free(w.whole);
	free((char *)w.f.o.sign);
	packing_release(&w.f);
}

static void test_kills_in_a_new_folder(void **state)
{
	test_kills(*state, true);
}

static void test_kills_while_replacing(void **state)
{
	test_kills(*state, false);
}

/* What somebody else put there is not published. */
static void test_foreign_journal(void **state)
{
	static const char *const make[] = {"mkdir -m 0777 out/.solder-publish",
		"ln -s ../tree out/.solder-publish", "echo x >out/.solder-publish"};
	struct packing f;

	packing_setup(&f, *state);
	for (size_t i = 0; i < ARRAY_SIZE(make); i++) {
		free(scratch_shell(*state, "rm -rf out && mkdir out && %s", make[i]));
		packing_refused(&f, "not a folder of yours");
		free(scratch_shell(*state, "test \"$(ls -A out)\" = .solder-publish"));
	}
	packing_release(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {SCRATCH_TEST(test_kills_in_a_new_folder),
		SCRATCH_TEST(test_kills_while_replacing), SCRATCH_TEST(test_foreign_journal)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
