#include "tarball.h"

#include <dirent.h>

int tarball_setup(void **state)
{
	struct scratch *s = xcalloc(1, sizeof(*s));
	struct err err = ERR_INIT;

	snprintf(s->root, sizeof(s->root), "/tmp/test-archive-XXXXXX");
	assert_non_null(mkdtemp(s->root));
	s->tar = xasprintf("%s/a.tar", s->root);
	s->out = xasprintf("%s/out", s->root);
	s->outside = xasprintf("%s/outside", s->root);
	s->victim = xasprintf("%s/outside/victim", s->root);
	assert_int_equal(mkdir(s->outside, 0777), 0);
	assert_int_equal(file_write(s->victim, "intact", 6, 0644, &err), 0);
	*state = s;
	return 0;
}

int tarball_teardown(void **state)
{
	struct scratch *s = *state;
	struct err err = ERR_INIT;

	assert_int_equal(tree_remove(s->root, &err), 0);
	free(s->tar);
	free(s->out);
	free(s->outside);
	free(s->victim);
	free(s);
	return 0;
}

void tar_begin_as(struct scratch *s, enum format format, int filter)
{
	s->a = archive_write_new();
	if (format == GNU)
		archive_write_set_format_gnutar(s->a);
	else if (format == PAX)
		archive_write_set_format_pax(s->a);
	else
		archive_write_set_format_zip(s->a);
	assert_int_equal(archive_write_add_filter(s->a, filter), ARCHIVE_OK);
	assert_int_equal(archive_write_open_filename(s->a, s->tar), ARCHIVE_OK);
}

void tar_begin(struct scratch *s)
{
	tar_begin_as(s, GNU, ARCHIVE_FILTER_NONE);
}

void tar_end(struct scratch *s)
{
	assert_int_equal(archive_write_close(s->a), ARCHIVE_OK);
	archive_write_free(s->a);
}

void tar_add(struct scratch *s, const char *name, unsigned int type, unsigned int mode,
	const char *content, const char *link)
{
	struct archive_entry *e = archive_entry_new();
	size_t size = content ? strlen(content) : 0;

	archive_entry_copy_pathname(e, name);
	archive_entry_set_filetype(e, type);
	archive_entry_set_perm(e, (mode_t)mode);
	archive_entry_set_size(e, (la_int64_t)size);
	archive_entry_set_mtime(e, MTIME, 0);
	archive_entry_set_uid(e, 12345);
	archive_entry_set_gid(e, 12345);
	if (link && *link == '=')
		archive_entry_copy_hardlink(e, link + 1);
	else if (link)
		archive_entry_copy_symlink(e, link);
	assert_true(archive_write_header(s->a, e) >= ARCHIVE_WARN);
	if (size)
		assert_int_equal(archive_write_data(s->a, content, size), size);
	archive_entry_free(e);
}

void tar_add_file(struct scratch *s, const char *name, const char *content)
{
	tar_add(s, name, AE_IFREG, 0644, content, NULL);
}

void tar_add_folder(struct scratch *s, const char *name)
{
	tar_add(s, name, AE_IFDIR, 0755, NULL, NULL);
}

void tar_add_symlink(struct scratch *s, const char *name, const char *target)
{
	tar_add(s, name, AE_IFLNK, 0777, NULL, target);
}

void tar_add_hardlink(struct scratch *s, const char *name, const char *target)
{
	CLEANUP_FREE char *marked = xasprintf("=%s", target);

	tar_add(s, name, AE_IFREG, 0644, NULL, marked);
}

void assert_content(const char *dir, const char *name, const char *content)
{
	CLEANUP_FREE char *path = xasprintf("%s/%s", dir, name);
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct err err = ERR_INIT;

	if (file_read(path, 1 << 20, &text, &err) < 0)
		fail_msg("%s", err.msg);
	assert_string_equal(text.data, content);
}

unsigned int entries_of(const char *dir)
{
	unsigned int n = 0;
	DIR *d = opendir(dir);

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n - 2;
}

void assert_untouched(struct scratch *s)
{
	assert_false(path_exists(s->out));
	assert_int_equal(entries_of(s->root), 2);
	assert_int_equal(entries_of(s->outside), 1);
	assert_content(s->outside, "victim", "intact");
}

void tar_unpack(struct scratch *s, int strip)
{
	struct err err = ERR_INIT;

	if (tar_extract(s->tar, s->out, strip, NULL, &err) < 0)
		fail_msg("%s", err.msg);
}

void assert_refused_with(
	struct scratch *s, int strip, const struct tar_limits *limits, const char *message)
{
	struct err err = ERR_INIT;

	assert_int_equal(tar_extract(s->tar, s->out, strip, limits, &err), -1);
	assert_int_equal(err.code, ERR_INPUT);
	if (!strstr(err.msg, message) || !strstr(err.msg, s->tar))
		fail_msg("'%s' does not say '%s'", err.msg, message);
	assert_untouched(s);
}

void assert_refused(struct scratch *s, const char *message)
{
	assert_refused_with(s, 0, NULL, message);
}
