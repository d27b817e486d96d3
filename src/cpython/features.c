/* What a source of CPython has that others do not: releases differ in it, and the user's own tree
 * may be of any state between two. */
#include <string.h>

#include "cpython/cpython-internal.h"

#define FILE_MAX ((size_t)8 << 20)

/* In files' order: each is read once. */
static const struct {
	const char *words; /* for people */
	const char *file, *text;
} features[] = {
	{"--disable-gil", "configure", "--disable-gil"},
	{"a JIT compiler", "configure", "--enable-experimental-jit"},
	{"tail calls", "configure", "--with-tail-call-interp"},
	{"--enable-static-libpython-for-interpreter", "configure",
		"--enable-static-libpython-for-interpreter"},
	{"build-details.json", "Makefile.pre.in", "build-details.json"},
	{"_zstd", "Modules/Setup.stdlib.in", "@_zstd "},
	{"_remote_debugging", "Modules/Setup.stdlib.in", "@_remote_debugging "},
};

/* A missing file has nothing. */
static void read_source(const char *source, const char *name, struct buf *text)
{
	struct err ignored = ERR_INIT;

	buf_clear(text);
	if (source_file(source, name, FILE_MAX, text, &ignored) != 1)
		buf_clear(text);
	buf_adds(text, "");
}

char *source_features(const char *source)
{
	CLEANUP_STRV struct strv with = STRV_INIT, without = STRV_INIT;
	CLEANUP_FREE char *has = NULL, *lacks = NULL;
	CLEANUP_BUF struct buf text = BUF_INIT;
	const char *before = "";

	for (size_t i = 0; i < ARRAY_SIZE(features); i++) {
		if (strcmp(features[i].file, before) != 0)
			read_source(source, features[i].file, &text);
		before = features[i].file;
		strv_add(strstr(text.data, features[i].text) ? &with : &without, features[i].words);
	}
	has = strv_join(&with, ", ");
	lacks = strv_join(&without, ", ");
	return xasprintf("with %s; without %s", with.n ? has : "none of what is looked for",
		without.n ? lacks : "nothing of that");
}
