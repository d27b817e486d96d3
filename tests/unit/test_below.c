/* Trees with links that lead out, and files that are none. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/below.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "scratch.h"

/* ROOT/tree, and outside of it ROOT/away with a file. */
static void make_tree(const char *root, struct folder *tree)
{
	CLEANUP_FREE char *path = xasprintf("%s/tree", root);
	struct err err = ERR_INIT;

	scratch_file(root, "away/secret", "intact", 0644);
	scratch_file(root, "tree/sub/file", "inside", 0644);
	free(scratch_shell(root, "ln -s \"$PWD/away\" tree/absolute && ln -s ../away tree/up &&"
				 "ln -s sub tree/within && ln -s file tree/sub/link &&"
				 "ln -s nowhere tree/dangling && ln -s .. tree/sub/parent"));
	assert_int_equal(folder_open(path, tree, &err), 0);
}

static void test_resolving(void **state)
{
	static const struct {
		const char *rel;
		int flags, why;
	} cases[] = {
		{"sub/file", O_RDONLY, 0},
		{"./sub//file", O_RDONLY, 0},
		{"sub", O_RDONLY | O_DIRECTORY, 0},
		{".", O_RDONLY | O_DIRECTORY, 0},
		{"none", O_RDONLY, ENOENT},
		{"none/file", O_RDONLY, ENOENT},
		{"sub/file/x", O_RDONLY, ENOTDIR},
		{"sub/file", O_RDONLY | O_DIRECTORY, ENOTDIR},
		{"absolute/secret", O_RDONLY, ELOOP},
		{"up/secret", O_RDONLY, ELOOP},
		{"within/file", O_RDONLY, ELOOP},
		{"within", O_RDONLY | O_DIRECTORY, ELOOP},
		{"sub/link", O_RDONLY, ELOOP},
		{"sub/link", O_WRONLY | O_CREAT, ELOOP},
		{"dangling", O_WRONLY | O_CREAT, ELOOP},
		{"sub/parent/parent", O_RDONLY, ELOOP},
		{"..", O_RDONLY, ELOOP},
		{"sub/../sub/file", O_RDONLY, ELOOP},
		{"sub/..", O_RDONLY, ELOOP},
		{"/etc/passwd", O_RDONLY, ELOOP},
		{"", O_RDONLY, ELOOP},
		{"sub/..file", O_WRONLY | O_CREAT, 0},
	};
	CLEANUP_FOLDER struct folder tree = FOLDER_INIT;

	make_tree(*state, &tree);
	for (enum resolve how = RESOLVE_BY_KERNEL; how <= RESOLVE_AS_CAN; how++) {
		for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
			CLEANUP_CLOSE int fd =
				open_below(tree.fd, cases[i].rel, cases[i].flags, 0600, how);
			int why = fd < 0 ? errno : 0;

			if (how == RESOLVE_BY_KERNEL && (why == ENOSYS || why == EPERM)) {
				print_message("not tested: this kernel or its filter has no "
					      "openat2\n");
				break;
			}
			if (why != cases[i].why)
				fail_msg("'%s' way %d: %s", cases[i].rel, how, strerror(why));
		}
	}
}

static void test_files_below(void **state)
{
	static const char *const out[] = {"absolute/secret", "up/secret", "sub/link", "within/file",
		"../away/secret", "dangling/x", "sub/parent/sub/file"};
	CLEANUP_FOLDER struct folder tree = FOLDER_INIT, sub = FOLDER_INIT;
	CLEANUP_BUF struct buf text = BUF_INIT;
	CLEANUP_FREE char *target = NULL;
	struct err err = ERR_INIT;
	struct stat st;

	make_tree(*state, &tree);
	assert_int_equal(file_read_below(&tree, "sub/file", 100, &text, &err), 0);
	assert_string_equal(text.data, "inside");
	for (size_t i = 0; i < ARRAY_SIZE(out); i++) {
		assert_int_equal(file_read_below(&tree, out[i], 100, &text, &err), -1);
		assert_non_null(strstr(err.msg, "which is not followed there"));
		assert_int_equal(err.code, ERR_INPUT);
	}
	assert_int_equal(file_write_below(&tree, "absolute/secret", "x", 1, 0644, &err), -1);
	assert_int_equal(file_write_below(&tree, "up/new", "x", 1, 0644, &err), -1);
	assert_int_equal(make_dirs_below(&tree, "absolute/a/b", &err), -1);
	assert_int_equal(make_dirs_below(&tree, "dangling", &err), -1);
	assert_int_equal(make_dirs_below(&tree, "../x", &err), -1);
	/* In the place of a link comes a file. */
	assert_int_equal(file_write_below(&tree, "dangling", "new", 3, 0640, &err), 0);
	assert_int_equal(file_write_below(&tree, "sub/link", "link", 4, 0640, &err), 0);
	assert_content(tree.path, "dangling", "new");
	assert_content(tree.path, "sub/file", "inside");
	assert_content(*state, "away/secret", "intact");
	assert_int_equal(make_dirs_below(&tree, "sub/a/b", &err), 0);
	assert_int_equal(make_dirs_below(&tree, "sub/a/b", &err), 0);
	assert_int_equal(stat_below(&tree, "sub/a/b", &st, &err), 1);
	assert_int_equal(st.st_mode & 0022, 0);
	assert_int_equal(stat_below(&tree, "up", &st, &err), 1);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(stat_below(&tree, "none", &st, &err), 0);
	assert_int_equal(stat_below(&tree, "none/none", &st, &err), 0);
	assert_int_equal(stat_below(&tree, "up/secret", &st, &err), -1);
	assert_int_equal(folder_open_below(&tree, "within", &sub, &err), -1);
	target = link_read_below(&tree, "up", &err);
	assert_string_equal(target, "../away");
	assert_null(link_read_below(&tree, "absolute/secret", &err));
}

/* As a step's output that is laid over the tree of another. */
static void test_copy_below(void **state)
{
	CLEANUP_FOLDER struct folder tree = FOLDER_INIT, made = FOLDER_INIT;
	CLEANUP_FREE char *path = xasprintf("%s/made", (char *)*state);
	CLEANUP_FREE char *away = xasprintf("%s/away", (char *)*state);
	struct err err = ERR_INIT;

	make_tree(*state, &tree);
	scratch_file(*state, "made/share/doc/text", "text", 0644);
	scratch_file(*state, "made/share/tool", "tool", 0755);
	free(scratch_shell(*state, "chmod 6755 made/share/tool && ln -s \"$PWD/away\" made/out"));
	assert_int_equal(folder_open(path, &made, &err), 0);
	assert_int_equal(tree_copy_below(&made, "none", &tree, "x", &err), 0);
	assert_int_equal(tree_copy_below(&made, "share", &tree, "absolute/share", &err), -1);
	assert_int_equal(tree_copy_below(&made, "share/doc", &tree, "up/doc", &err), -1);
	assert_int_equal(tree_copy_below(&made, "out/secret", &tree, "x", &err), -1);
	assert_int_equal(scratch_entries(away), 1);
	assert_int_equal(tree_copy_below(&made, "out", &tree, "x", &err), -1);
	/* A link below is copied as one, and one at the target gives way. */
	assert_int_equal(tree_copy_below(&made, ".", &tree, "sub/made", &err), 1);
	assert_int_equal(tree_copy_below(&made, "share", &tree, "absolute", &err), 1);
	assert_int_equal(scratch_entries(away), 1);
	assert_content(tree.path, "absolute/doc/text", "text");
	free(scratch_shell(*state, "test -L tree/sub/made/out && test ! -L tree/absolute &&"
				   "test \"$(stat -c %%a tree/absolute/tool)\" = 755"));
}

/* Whoever made the tree replaces a folder by a link while it is walked. */
static int swap_folder(void *ctx, const struct tree_entry *e, struct err *err)
{
	struct buf *seen = ctx;

	(void)err;
	buf_addf(seen, "%s\n", e->rel);
	if (!strcmp(e->rel, "sub")) {
		assert_int_equal(renameat(e->in->fd, "sub", e->in->fd, "was"), 0);
		assert_int_equal(symlinkat("../away", e->in->fd, "sub"), 0);
	}
	return 0;
}

static void test_swapped_folder(void **state)
{
	CLEANUP_FOLDER struct folder tree = FOLDER_INIT;
	CLEANUP_BUF struct buf seen = BUF_INIT;
	struct err err = ERR_INIT;

	make_tree(*state, &tree);
	assert_int_equal(tree_walk(tree.path, swap_folder, &seen, &err), -1);
	assert_non_null(strstr(err.msg, "is a link or leads through one"));
	assert_null(strstr(seen.data, "secret"));
}

static void test_no_file(void **state)
{
	static const struct {
		const char *name, *text;
	} cases[] = {
		{"folder", "is a folder, not a file"},
		{"pipe", "is a pipe, not a file"},
		{"socket", "is a socket, not a file"},
		{"zero", "is a device, not a file"},
		{"to-pipe", "is a pipe, not a file"},
		{"dangling", "No such file"},
	};
	CLEANUP_FOLDER struct folder top = FOLDER_INIT;
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	CLEANUP_CLOSE int socket_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct err err = ERR_INIT;

	free(scratch_shell(*state, "mkdir folder && mkfifo pipe && ln -s /dev/zero zero &&"
				   "ln -s pipe to-pipe && ln -s nowhere dangling"));
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/socket", (char *)*state);
	assert_int_equal(bind(socket_fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(folder_open(*state, &top, &err), 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP_FREE char *path = xasprintf("%s/%s", (char *)*state, cases[i].name);
		CLEANUP_BUF struct buf text = BUF_INIT;
		char hex[SHA256_HEX_SIZE];

		assert_int_equal(file_open(path, &err), -1);
		if (!strstr(err.msg, cases[i].text))
			fail_msg("%s: %s", cases[i].name, err.msg);
		assert_int_equal(file_read(path, 100, &text, &err), -1);
		assert_int_equal(sha256_file(path, hex, NULL, &err), -1);
		assert_int_equal(file_read_below(&top, cases[i].name, 100, &text, &err), -1);
	}
}

/* Both ways to a new file: what is there, what is left. */
static void test_fresh_files(void **state)
{
	char *root = *state;
	CLEANUP_CLOSE int dir = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	CLEANUP_FREE char *long_name = xcalloc(1, NAME_MAX + 1);
	struct err err = ERR_INIT;

	memset(long_name, 'x', NAME_MAX);
	free(scratch_shell(root, "mkdir away folder && echo intact >away/file"));
	for (enum fresh how = FRESH_UNNAMED; how <= FRESH_AS_CAN; how++) {
		const char *text = how == FRESH_NAMED ? "two" : "one";

		free(scratch_shell(root, "rm -f link f && ln -s away/file link"));
		for (int i = 0; i < 2; i++) {
			if (write_in(dir, "f", "f", text, 3, 0640, how, &err) < 0 &&
				how == FRESH_UNNAMED && !i) {
				print_message("not tested: no O_TMPFILE here: %s\n", err.msg);
				break;
			}
			assert_content(root, "f", text);
		}
		if (how != FRESH_UNNAMED)
			assert_int_equal(
				write_in(dir, "link", "link", text, 3, 0640, how, &err), 0);
		assert_int_equal(write_in(dir, "folder", "folder", "x", 1, 0640, how, &err), -1);
		assert_non_null(strstr(err.msg, "Is a directory"));
		assert_int_equal(
			write_in(dir, long_name, "x", "x", 1, 0640, FRESH_AS_CAN, &err), 0);
		free(scratch_shell(root, "rm xxx*"));
		free(scratch_shell(
			root, "test \"$(ls -A | tr '\\n' ' ')\" = 'away f folder link '"));
		free(scratch_shell(root, "echo intact | cmp - away/file"));
	}
}

/* What a kill left is cleared away, what a living writer holds is not. */
static void test_left_files(void **state)
{
	char *root = *state;
	CLEANUP_CLOSE int dir = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC), held = -1;
	struct err err = ERR_INIT;

	for (enum fresh how = FRESH_NAMED; how <= FRESH_AS_CAN; how++) {
		scratch_file(root, "f", "old", 0644);
		scratch_file(root, ".f.00000000", "left", 0600);
		assert_int_equal(write_in(dir, "f", "f", "new", 3, 0644, how, &err), 0);
		assert_int_equal(scratch_entries(root), 1);
		scratch_file(root, ".f.00000000", "held", 0600);
		held = openat(dir, ".f.00000000", O_RDONLY | O_CLOEXEC);
		assert_int_equal(flock(held, LOCK_EX), 0);
		assert_int_equal(write_in(dir, "f", "f", "newer", 5, 0644, how, &err), 0);
		assert_content(root, ".f.00000000", "held");
		assert_content(root, "f", "newer");
		scratch_remove(root, ".f.00000000");
		close(held);
		held = -1;
		/* A link in its place is neither followed nor in the way. */
		free(scratch_shell(root, "ln -s f .f.00000000"));
		assert_int_equal(write_in(dir, "f", "f", "last", 4, 0644, how, &err), 0);
		assert_content(root, "f", "last");
		scratch_remove(root, ".f.00000000");
		assert_int_equal(scratch_entries(root), 1);
	}
}

/* In a child, whose limits and signals are its own: 0 if all went as it should. */
static int in_child(int (*what)(const char *root), const char *root)
{
	pid_t pid = fork();
	int status = -1;

	if (!pid)
		_exit(what(root));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static int write_too_much(const char *root)
{
	CLEANUP_FREE char *path = xasprintf("%s/f", root), *from = xasprintf("%s/from", root);
	CLEANUP_FREE char *to = xasprintf("%s/to", root), *data = xcalloc(1, 1 << 20);
	struct rlimit limit = {4096, 4096};
	struct err err = ERR_INIT;

	if (make_dirs(from, &err) < 0 || make_dirs(to, &err) < 0)
		return 1;
	free(from);
	from = xasprintf("%s/from/big", root);
	if (file_write(from, data, 1 << 20, 0644, &err) < 0)
		return 1;
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &limit);
	if (file_write(path, data, 1 << 20, 0644, &err) == 0 || !strstr(err.msg, strerror(EFBIG)) ||
		path_exists(path))
		return 2;
	free(from);
	from = xasprintf("%s/from", root);
	if (tree_copy(from, to, &err) == 0 || !strstr(err.msg, strerror(EFBIG)))
		return 3;
	return dir_is_empty(to, &err) == 1 ? 0 : 4;
}

static int no_descriptors(const char *root)
{
	struct rlimit limit = {3, 3};
	struct err err = ERR_INIT;

	for (int fd = 3; fd < 1024; fd++)
		close(fd);
	setrlimit(RLIMIT_NOFILE, &limit);
	if (dir_is_empty(root, &err) != -1 || !strstr(err.msg, strerror(EMFILE)))
		return 1;
	return path_exists(root) && path_is_dir(root) ? 0 : 2;
}

static int interrupted(const char *root)
{
	CLEANUP_FREE char *from = xasprintf("%s/from", root), *to = xasprintf("%s/to", root);
	char hex[SHA256_HEX_SIZE];
	struct err err = ERR_INIT;

	interrupt_install();
	raise(SIGTERM);
	if (tree_copy(from, to, &err) == 0 || err.code != ERR_INTERRUPTED)
		return 1;
	if (tree_digest(from, hex, &err) == 0 || err.code != ERR_INTERRUPTED)
		return 2;
	/* Cleaning up is what an interrupt is followed by. */
	return tree_remove(from, &err) == 0 ? 0 : 3;
}

static void test_limits(void **state)
{
	assert_int_equal(in_child(write_too_much, *state), 0);
	assert_int_equal(in_child(no_descriptors, *state), 0);
	assert_int_equal(in_child(interrupted, *state), 0);
}

/* What may not be looked at is not said to be missing. */
static int examine_forbidden(const char *root)
{
	CLEANUP_FREE char *in = xasprintf("%s/closed/file", root);
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct err err = ERR_INIT;

	if (!geteuid() && setuid(12345) < 0)
		return 1;
	if (!path_exists(in) || file_read(in, 100, &text, &err) == 0)
		return 2;
	return strstr(err.msg, strerror(EACCES)) ? 0 : 3;
}

static void test_forbidden(void **state)
{
	scratch_file(*state, "closed/file", "x", 0644);
	free(scratch_shell(*state, "chmod 755 . && chmod 0 closed"));
	assert_int_equal(in_child(examine_forbidden, *state), 0);
	free(scratch_shell(*state, "chmod 755 closed"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCRATCH_TEST(test_resolving),
		SCRATCH_TEST(test_files_below),
		SCRATCH_TEST(test_copy_below),
		SCRATCH_TEST(test_swapped_folder),
		SCRATCH_TEST(test_no_file),
		SCRATCH_TEST(test_fresh_files),
		SCRATCH_TEST(test_left_files),
		SCRATCH_TEST(test_limits),
		SCRATCH_TEST(test_forbidden),
	};

	return cmocka_run_group_tests_name("below", tests, NULL, NULL);
}
