/* tar_extract() against good archives and hostile ones. */
#include "tarball.h"

static void good_one(struct scratch *s, const char *prefix, enum format format, int filter)
{
	CLEANUP_FREE char *top = xasprintf("%stop-1.0/", prefix);
	CLEANUP_FREE char *sub = xasprintf("%stop-1.0/sub/", prefix);
	CLEANUP_FREE char *file = xasprintf("%stop-1.0/sub/file", prefix);
	CLEANUP_FREE char *script = xasprintf("%stop-1.0/configure", prefix);
	CLEANUP_FREE char *link = xasprintf("%stop-1.0/sub/link", prefix);
	CLEANUP_FREE char *hard = xasprintf("%stop-1.0/hard", prefix);
	struct err err = ERR_INIT;

	tar_begin_as(s, format, filter);
	if (*prefix)
		tar_add_folder(s, prefix);
	tar_add_folder(s, top);
	tar_add_folder(s, sub);
	tar_add_file(s, file, "content");
	tar_add(s, script, AE_IFREG, 06777, "#!/bin/sh\n", NULL);
	tar_add_symlink(s, link, "../configure");
	tar_add_hardlink(s, hard, file);
	tar_end(s);
	tar_unpack(s, 1);
	assert_int_equal(entries_of(s->out), 3);
	assert_content(s->out, "sub/file", "content");
	assert_content(s->out, "configure", "#!/bin/sh\n");
	assert_content(s->out, "sub/link", "#!/bin/sh\n");
	assert_content(s->out, "hard", "content");
	assert_int_equal(tree_remove(s->out, &err), 0);
}

static void test_good(void **state)
{
	static const int filters[] = {ARCHIVE_FILTER_NONE, ARCHIVE_FILTER_GZIP,
		ARCHIVE_FILTER_BZIP2, ARCHIVE_FILTER_XZ, ARCHIVE_FILTER_ZSTD};

	for (size_t i = 0; i < ARRAY_SIZE(filters); i++) {
		good_one(*state, "", GNU, filters[i]);
		good_one(*state, "./", GNU, filters[i]);
		good_one(*state, "", PAX, filters[i]);
		good_one(*state, "./", PAX, filters[i]);
	}
}

static void test_modes_and_times(void **state)
{
	struct scratch *s = *state;
	CLEANUP_FREE char *script = xasprintf("%s/run", s->out);
	CLEANUP_FREE char *secret = xasprintf("%s/none", s->out);
	CLEANUP_FREE char *folder = xasprintf("%s/d", s->out);
	CLEANUP_FREE char *link = xasprintf("%s/d/l", s->out);
	struct stat st;

	tar_begin(s);
	tar_add(s, "d", AE_IFDIR, 01577, NULL, NULL);
	tar_add_symlink(s, "d/l", "f");
	tar_add_file(s, "d/f", "x");
	tar_add(s, "run", AE_IFREG, 06777, "x", NULL);
	tar_add(s, "none", AE_IFREG, 0, "x", NULL);
	tar_end(s);
	tar_unpack(s, 0);
	assert_int_equal(stat(script, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	assert_int_equal(st.st_mtime, MTIME);
	assert_int_equal(st.st_uid, geteuid());
	assert_int_equal(stat(secret, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0400);
	assert_int_equal(stat(folder, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	assert_int_equal(st.st_mtime, MTIME);
	assert_int_equal(lstat(link, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(st.st_mtime, MTIME);
}

static void test_existing_folder(void **state)
{
	struct scratch *s = *state;
	CLEANUP_FREE char *busy = xasprintf("%s/busy", s->out);
	struct err err = ERR_INIT;

	tar_begin(s);
	tar_add_file(s, "f", "x");
	tar_add_file(s, "../f", "x");
	tar_end(s);
	assert_int_equal(mkdir(s->out, 0777), 0);
	assert_int_equal(tar_extract(s->tar, s->out, 0, NULL, &err), -1);
	/* an empty folder that was there stays, empty */
	assert_int_equal(entries_of(s->out), 0);
	assert_int_equal(file_write(busy, "x", 1, 0644, &err), 0);
	assert_int_equal(tar_extract(s->tar, s->out, 0, NULL, &err), -1);
	assert_non_null(strstr(err.msg, "not empty"));
	assert_content(s->out, "busy", "x");
}

static void test_names(void **state)
{
	struct scratch *s = *state;
	/* a name in UTF-8, and one long enough for an extension header */
	const char *utf8 = "t/caf\xc3\xa9";
	const char *longer =
		"t/0123456789012345678901234567890123456789012345678901234567890123456789"
		"/0123456789012345678901234567890123456789012345678901234567890123456789";

	tar_begin_as(s, PAX, ARCHIVE_FILTER_NONE);
	tar_add_file(s, utf8, "1");
	tar_add_file(s, longer, "2");
	tar_end(s);
	tar_unpack(s, 1);
	assert_content(s->out, utf8 + 2, "1");
	assert_content(s->out, longer + 2, "2");
}

static void test_traversal(void **state)
{
	static const char *const names[] = {
		"../outside/victim", "a/../../outside/victim", "a/..", "..", "./../outside/new"};
	struct scratch *s = *state;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		tar_begin(s);
		tar_add_file(s, "first", "x");
		tar_add_file(s, names[i], "hostile");
		tar_end(s);
		assert_refused(s, "'..'");
		assert_refused_with(s, 1, NULL, "its entry 'first' is not in a top folder");
	}
}

static void test_absolute(void **state)
{
	struct scratch *s = *state;

	tar_begin(s);
	tar_add_file(s, s->victim, "hostile");
	tar_end(s);
	assert_refused(s, "absolute path");
	assert_refused_with(s, 1, NULL, "absolute path");
}

static void test_symlink_outside(void **state)
{
	static const char *const targets[] = {
		"../outside", "..", "./..//../x", "/etc", "x/../../outside", "a/.."};
	struct scratch *s = *state;

	for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
		tar_begin(s);
		tar_add_symlink(s, "link", targets[i]);
		tar_add_file(s, "link/victim", "hostile");
		tar_end(s);
		assert_refused(s, "'link' is a link that");
	}
	/* what strip drops does not count as inside */
	tar_begin(s);
	tar_add_symlink(s, "top/link", "../outside");
	tar_end(s);
	assert_refused_with(s, 1, NULL, "leads outside");
	/* lexically inside, but not when the first link is followed */
	tar_begin(s);
	tar_add_folder(s, "d");
	tar_add_symlink(s, "d/up", "..");
	tar_add_symlink(s, "out", "d/up/..");
	tar_end(s);
	assert_refused(s, "'out' is a link that may lead outside");
}

static void test_write_through_symlink(void **state)
{
	struct scratch *s = *state;

	tar_begin(s);
	tar_add_folder(s, "d");
	tar_add_symlink(s, "link", "d");
	tar_add_file(s, "link/f", "x");
	tar_end(s);
	assert_refused(s, "'link/f' would be placed through 'link'");
	tar_begin(s);
	tar_add_file(s, "d/f", "x");
	tar_add_symlink(s, "link", "d");
	tar_add_hardlink(s, "hard", "link/f");
	tar_end(s);
	assert_refused(s, "through 'link'");
	tar_begin(s);
	tar_add_folder(s, "d");
	tar_add_symlink(s, "link", "d");
	tar_add_folder(s, "link/e");
	tar_end(s);
	assert_refused(s, "through 'link'");
}

static void test_replaced(void **state)
{
	struct scratch *s = *state;

	tar_begin(s);
	tar_add_symlink(s, "a", "b");
	tar_add_file(s, "a", "hostile");
	tar_end(s);
	assert_refused(s, "would replace a link");
	tar_begin(s);
	tar_add_symlink(s, "a", "b");
	tar_add_folder(s, "a");
	tar_end(s);
	assert_refused(s, "not a folder");
	tar_begin(s);
	tar_add_folder(s, "a");
	tar_add_symlink(s, "a", "b");
	tar_end(s);
	assert_refused(s, "would replace a folder");
	tar_begin(s);
	tar_add_file(s, "a", "x");
	tar_add_file(s, "a/b", "x");
	tar_end(s);
	assert_refused(s, "not a folder");
}

static void test_file_twice(void **state)
{
	struct scratch *s = *state;

	/* the second must not reach the other name of the first */
	tar_begin(s);
	tar_add_file(s, "a", "first");
	tar_add_hardlink(s, "b", "a");
	tar_add_file(s, "a", "second");
	tar_end(s);
	tar_unpack(s, 0);
	assert_content(s->out, "a", "second");
	assert_content(s->out, "b", "first");
}

static void test_hardlink_outside(void **state)
{
	struct scratch *s = *state;

	tar_begin(s);
	tar_add_hardlink(s, "h", "../outside/victim");
	tar_end(s);
	assert_refused(s, "'..' component in its link target");
	tar_begin(s);
	tar_add_hardlink(s, "h", s->victim);
	tar_end(s);
	assert_refused(s, "absolute path in its link target");
	tar_begin(s);
	tar_add_hardlink(s, "h", "missing");
	tar_end(s);
	assert_refused(s, "no file or link unpacked before it");
	tar_begin(s);
	tar_add_file(s, "top/f", "x");
	tar_add_hardlink(s, "top/h", "top");
	tar_end(s);
	assert_refused_with(s, 1, NULL, "hard link to a folder");
}

/* Odd links, as entries of one archive: '=' is a hard link, '>' a symbolic one, else content. */
static const struct oddity {
	const char *entries[8];
	const char *refused; /* where GNU tar is less careful */
} oddities[] = {
	{{"f", "x", "l", ">f", "h", "=l"}, NULL},
	{{"f", "x", "f", "=f"}, NULL},
	{{"f", "x", "h", "=f", "h", "=f"}, NULL},
	{{"f", "x", "h", "=f", "f", "=h"}, NULL},
	{{"f", "x", "d/l", ">../f", "l", "=d/l"}, "outside by '..'"},
	{{"f", "x", "d/l", ">../f", "e/l", "=d/l", "d/l", "=e/l"}, NULL},
	{{"f", "x", "g", "y", "g", "=f"}, NULL},
	{{"f", "x", "l", ">f", "l", ">f"}, NULL},
	{{"f", "x", "l", ">none", "l", ">f", "h", "=l"}, NULL},
	{{"l", ">l", "h", "=l"}, NULL},
	{{"f", "x", "l", ">f", "l", "=l"}, NULL},
	{{"f", "x", "l", ">f", "l", "=f"}, "would replace a link"},
	{{"f", "x", "l", ">f", "f", "=l"}, "would replace a file"},
};

static void tar_oddity(struct scratch *s, const struct oddity *o)
{
	tar_begin(s);
	for (size_t k = 0; k < ARRAY_SIZE(o->entries) && o->entries[k]; k += 2) {
		const char *name = o->entries[k], *what = o->entries[k + 1];

		if (*what == '=')
			tar_add_hardlink(s, name, what + 1);
		else if (*what == '>')
			tar_add_symlink(s, name, what + 1);
		else
			tar_add_file(s, name, what);
	}
	tar_end(s);
}

/* Names, kinds, targets and which names are one file, of both trees. */
static void assert_as_gnu_tar(struct scratch *s)
{
	CLEANUP_FREE char *command =
		xasprintf("cd '%s' && rm -rf gnu && mkdir gnu && tar -xf a.tar -C gnu 2>&1 && "
			  "list() { (cd $1 && find . -printf '%%P %%y %%l %%n\n' | sort && "
			  "find . -samefile f 2>&1 | sort); } && list out >1 && list gnu >2 && "
			  "diff 1 2 >&2 && rm -rf out gnu 1 2",
			s->root);

	assert_int_equal(system(command), 0);
}

static void test_odd_links(void **state)
{
	struct scratch *s = *state;

	for (size_t i = 0; i < ARRAY_SIZE(oddities); i++) {
		tar_oddity(s, &oddities[i]);
		if (oddities[i].refused) {
			assert_refused(s, oddities[i].refused);
			continue;
		}
		tar_unpack(s, 0);
		assert_as_gnu_tar(s);
	}
}

static void test_special(void **state)
{
	static const unsigned int types[] = {AE_IFCHR, AE_IFBLK, AE_IFIFO};
	struct scratch *s = *state;

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		tar_begin(s);
		tar_add_file(s, "first", "x");
		tar_add(s, "special", types[i], 0666, NULL, NULL);
		tar_end(s);
		assert_refused(s, "'special' is a device, a pipe or a socket");
	}
}

static void test_top_folders(void **state)
{
	struct scratch *s = *state;

	tar_begin(s);
	tar_add_file(s, "one/f", "x");
	tar_add_file(s, "two/f", "x");
	tar_end(s);
	assert_refused_with(s, 1, NULL, "'two/f' is not in the single top folder 'one'");
	tar_begin(s);
	tar_add_file(s, "one/f", "x");
	tar_add_file(s, "stray", "x");
	tar_end(s);
	assert_refused_with(s, 1, NULL, "'stray' is not in a top folder");
	tar_begin(s);
	tar_add_file(s, "a/b/f", "x");
	tar_add_folder(s, "a");
	tar_end(s);
	tar_unpack(s, 2);
	assert_content(s->out, "f", "x");
}

static void test_message_is_printable(void **state)
{
	struct scratch *s = *state;

	tar_begin(s);
	tar_add_file(s, "a\033[31m/../x", "x");
	tar_end(s);
	assert_refused(s, "'a?[31m/../x'");
	/* CSI as one character, as one byte, and cut UTF-8; an umlaut and a letter of another plane
	 */
	tar_begin(s);
	tar_add_file(s, "\302\23331m\233\303/\303\244\360\220\214\260/../x", "x");
	tar_end(s);
	assert_refused(s, "'??31m?"
			  "?/\303\244\360\220\214\260/../x'");
}

/* Wraps the archive as Debian does its packages: behind two other members, of an odd size, and with
 * `more` bytes claimed that are not there. */
static void make_deb(struct scratch *s, const char *member, size_t more)
{
	static const char *const before[] = {"debian-binary", "control.tar.xz"};
	struct buf tar = BUF_INIT, deb = BUF_INIT;
	struct err err = ERR_INIT;

	assert_int_equal(file_read(s->tar, 1 << 20, &tar, &err), 0);
	buf_adds(&deb, "!<arch>\n");
	for (size_t i = 0; i < ARRAY_SIZE(before); i++)
		buf_addf(&deb, "%-16s%-12d%-6d%-6d%-8s%-10d`\n%s\n", before[i], 0, 0, 0, "100644",
			3, "odd");
	buf_addf(
		&deb, "%-16s%-12d%-6d%-6d%-8s%-10zu`\n", member, 0, 0, 0, "100644", tar.len + more);
	buf_add(&deb, tar.data, tar.len);
	/* Behind it, what is no part of it. */
	buf_adds(&deb, "\nbehind");
	assert_int_equal(file_write(s->tar, deb.data, deb.len, 0600, &err), 0);
	buf_release(&tar);
	buf_release(&deb);
}

static void test_package_of_debian(void **state)
{
	static const int filters[] = {
		ARCHIVE_FILTER_NONE, ARCHIVE_FILTER_GZIP, ARCHIVE_FILTER_XZ, ARCHIVE_FILTER_ZSTD};
	struct scratch *s = *state;
	struct err err = ERR_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(filters); i++) {
		tar_begin_as(s, GNU, filters[i]);
		tar_add_file(s, "./usr/include/x.h", "content");
		tar_add_file(s, "./etc/x", "left out");
		tar_end(s);
		make_deb(s, "data.tar", 0);
		tar_unpack(s, 1);
		assert_content(s->out, "include/x.h", "content");
		assert_int_equal(entries_of(s->out), 1);
		assert_int_equal(tree_remove(s->out, &err), 0);
	}
	tar_begin(s);
	tar_add_file(s, "x", "x");
	tar_end(s);
	make_deb(s, "other", 0);
	assert_refused(s, "without files, or truncated");
	tar_begin_as(s, GNU, ARCHIVE_FILTER_XZ);
	tar_add_file(s, "x", "x");
	tar_end(s);
	make_deb(s, "data.tar.xz", 0);
	assert_int_equal(truncate(s->tar, 8 + 64 + 64 + 30), 0);
	assert_refused(s, "without files, or truncated");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_good),
		TEST(test_package_of_debian),
		TEST(test_modes_and_times),
		TEST(test_existing_folder),
		TEST(test_names),
		TEST(test_traversal),
		TEST(test_absolute),
		TEST(test_symlink_outside),
		TEST(test_write_through_symlink),
		TEST(test_replaced),
		TEST(test_file_twice),
		TEST(test_hardlink_outside),
		TEST(test_odd_links),
		TEST(test_special),
		TEST(test_top_folders),
		TEST(test_message_is_printable),
	};

	return cmocka_run_group_tests_name("archive", tests, NULL, NULL);
}
