/* What check_glibc() found, as a document. */
#include <stdlib.h>
#include <string.h>

#include "check/check-internal.h"

#define USERS_SHOWN 6

static size_t count(const json_t *list, enum check_verdict verdict)
{
	const json_t *item;
	size_t i, n = 0;

	json_array_foreach (list, i, item)
		n += check_verdict_of(item) == verdict;
	return n;
}

bool check_nothing(const json_t *model)
{
	const json_t *files = json_object_get(model, "files");
	size_t n;

	files = files ? files : json_object_get(model, "wheels");
	n = json_array_size(files);
	return n && count(files, CHECK_NOT_CHECKED) == n;
}

static void add_headline(struct doc *doc, const json_t *model)
{
	const json_t *files = json_object_get(model, "files"), *item;
	const char *glibc = check_text(model, "glibc"), *needs = check_text(model, "needs");
	size_t n = json_array_size(files), failed = count(files, CHECK_FAIL);
	size_t unchecked = count(files, CHECK_NOT_CHECKED), i;

	if (!n)
		doc_text(doc, "There is no ELF file in it: nothing keeps it from glibc %s.", glibc);
	else if (failed && n == 1)
		doc_text(doc, "This would not load with glibc %s.", glibc);
	else if (failed)
		doc_text(doc, "%zu of %zu files would not load with glibc %s.", failed, n, glibc);
	else if (check_nothing(model))
		doc_text(doc, "Nothing could be checked.");
	else if (n == 1)
		doc_text(doc, "This loads with glibc %s.", glibc);
	else
		doc_text(doc, "All %zu files load with glibc %s.", n - unchecked, glibc);
	if (needs && n > 1)
		doc_text(doc, "The highest release that a file needs is %s (%s).", needs,
			check_text(model, "needs_of"));
	else if (needs)
		doc_text(doc, "It needs glibc %s.", needs);
	json_array_foreach (json_object_get(model, "says"), i, item) {
		if (check_verdict_of(item) == CHECK_FAIL)
			doc_text(doc,
				"Not as it says of itself: %s promises glibc %s, and %s needs %s.",
				check_text(item, "by"), check_text(item, "glibc"),
				check_text(item, "needs_of"), check_text(item, "needs"));
		else
			doc_text(doc, "As it says of itself: %s promises glibc %s.",
				check_text(item, "by"), check_text(item, "glibc"));
	}
}

/* True if one before the i-th has the same name: who calls a function may load its address, too. */
static bool is_named_before(const json_t *users, size_t i)
{
	const char *name = check_text(json_array_get(users, i), "name");

	for (size_t k = 0; name && k < i; k++) {
		const char *other = check_text(json_array_get(users, k), "name");

		if (other && !strcmp(other, name))
			return true;
	}
	return false;
}

/* "PyOS_Readline, main (address) and 3 more"; the caller frees it. */
static char *users_text(const json_t *file, const json_t *symbol)
{
	const json_t *users = json_object_get(symbol, "users"), *user;
	json_int_t more = json_integer_value(json_object_get(symbol, "more_users"));
	const char *why = check_text(file, "users_why");
	struct buf text = BUF_INIT;
	size_t i, shown = 0;

	json_array_foreach (users, i, user) {
		const char *name = check_text(user, "name"), *use = check_text(user, "use");
		bool call = !strcmp(use, code_use_name(CODE_USE_CALL));

		if (is_named_before(users, i))
			continue;
		if (shown == USERS_SHOWN) {
			more++;
			continue;
		}
		buf_addf(&text, "%s%s%s", shown++ ? ", " : "", name ? name : "at ",
			name ? "" : check_text(user, "address"));
		if (!call)
			buf_addf(&text, " (%s)", use);
	}
	if (more)
		buf_addf(&text, " and %lld more", (long long)more);
	if (!shown)
		buf_addf(&text, "not known: %s",
			why ? why : "no code or data that was read uses it");
	return buf_steal(&text);
}

/* The symbols that keep files from loading or, with `weak`, those that do not. */
static void add_symbols(struct doc *doc, const json_t *files, bool weak)
{
	static const struct doc_column columns[] = {{"file", DOC_WRAP}, {"symbol", DOC_WRAP},
		{"version", 0}, {"library", 0}, {"used by", DOC_WRAP}};
	/* A file that is alone is in the title. */
	size_t alone = json_array_size(files) == 1;
	const json_t *file, *symbol;
	bool begun = false;
	size_t i, k;

	json_array_foreach (files, i, file) {
		json_array_foreach (json_object_get(file, "symbols"), k, symbol) {
			CLEANUP_FREE char *users = users_text(file, symbol);
			/* The loader goes by versions, and this one is not weak. */
			bool vain = !weak && json_is_true(json_object_get(symbol, "weak_symbol"));
			CLEANUP_FREE char *name = xasprintf("%s%s", check_text(symbol, "symbol"),
				vain ? " (weak, unlike its version)" : "");
			const char *const cells[] = {check_text(file, "file"), name,
				check_text(symbol, "version"), check_text(symbol, "library"),
				users};

			if (json_is_true(json_object_get(symbol, "weak")) != weak)
				continue;
			if (!begun)
				doc_table(doc,
					weak ? "Used where they are there (weak)"
					     : "Symbols that are missing there",
					columns + alone, ARRAY_SIZE(columns) - alone);
			begun = true;
			doc_row(doc, cells + alone);
		}
	}
}

static void add_sentences(struct doc *doc, const json_t *files, const char *key, const char *title)
{
	static const struct doc_column columns[] = {{"file", DOC_WRAP}, {"what", DOC_WRAP}};
	const json_t *file, *text;
	bool begun = false;
	size_t i, k;

	json_array_foreach (files, i, file) {
		json_array_foreach (json_object_get(file, key), k, text) {
			if (!begun)
				doc_table(doc, title, columns, ARRAY_SIZE(columns));
			begun = true;
			doc_row(doc, (const char *const[]){
					     check_text(file, "file"), json_string_value(text)});
		}
	}
}

static void add_files(struct doc *doc, const json_t *files, bool all)
{
	static const struct doc_column columns[] = {{"verdict", DOC_VERDICT}, {"needs", 0},
		{"machine", 0}, {"file", DOC_WRAP}, {"why", DOC_WRAP}};
	const json_t *file;
	bool begun = false;
	size_t i;

	json_array_foreach (files, i, file) {
		enum check_verdict verdict = check_verdict_of(file);

		if (!all && verdict != CHECK_NOT_CHECKED)
			continue;
		if (!begun)
			doc_table(doc, all ? "Files" : "Not checked", columns, ARRAY_SIZE(columns));
		begun = true;
		doc_row(doc, (const char *const[]){check_verdict_word(verdict),
				     check_text(file, "needs"), check_text(file, "machine"),
				     check_text(file, "file"), check_text(file, "why")});
		doc_cell_tone(doc, 0, check_verdict_tone(verdict));
	}
	if (begun && all)
		doc_fold(doc);
}

struct doc *check_glibc_page(const json_t *model, bool all)
{
	const json_t *files = json_object_get(model, "files");
	CLEANUP_FREE char *title = xasprintf("solder check: %s, with glibc %s",
		check_text(model, "given"), check_text(model, "glibc"));
	struct doc *doc = doc_new(title);

	add_headline(doc, model);
	add_symbols(doc, files, false);
	add_sentences(doc, files, "findings", "What else keeps it from loading");
	add_symbols(doc, files, true);
	add_sentences(doc, files, "notes", "Worth knowing");
	add_files(doc, files, all);
	return doc;
}
