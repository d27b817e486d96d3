/* What the files of `solder inspect` share. */
#ifndef SOLDER_CMD_INSPECT_INTERNAL_H
#define SOLDER_CMD_INSPECT_INTERNAL_H

#include <jansson.h>
#include <stdbool.h>

#include "code/code.h"
#include "python/python.h"
#include "report/report.h"

struct inspect_options {
	bool json, all, symbols, code, alone, no_run;
	const char *html;
	const char *file;
};

/* A file and what is known beyond its own facts. */
struct inspect_item {
	struct py_file file;
	bool wants_code; /* else it is not disassembled */
	bool has_code;
	struct code_counts code;
	char *code_problem; /* why not, when it was wanted */
	json_t *libraries;  /* [{"needed", "found", "why"}] */
};

/* `python` is the program that would load the file; NULL: the file itself is the first. Reads the
 * code if it is wanted. */
int inspect_fill(struct inspect_item *item, const struct py_chain *python, struct err *err);
void inspect_release(struct inspect_item *item);
json_t *inspect_json(const struct inspect_item *item);

/* The page of one file. */
void inspect_page(struct doc *doc, const struct inspect_item *item, bool symbols);
/* The sites of several files side by side; items without code are left out. */
void inspect_code_table(struct doc *doc, const struct inspect_item *const *items,
	const char *const *titles, size_t n);
/* A picture of how many calls of each kind the code of each has. */
void inspect_calls_picture(struct doc *doc, const struct inspect_item *const *items,
	const char *const *titles, size_t n);
struct inspect_size {
	char *name;
	uint64_t size;
};
/* A picture of the files' sizes. Sorts them, the largest first. */
void inspect_sizes_picture(struct doc *doc, struct inspect_size *sizes, size_t n);
void inspect_archive_page(struct doc *doc, uint64_t size, const struct archive_facts *facts);

int inspect_python(const char *what, const struct inspect_options *o, struct err *err);
int inspect_folder(const char *dir, const struct inspect_options *o, struct err *err);

/* Prints it, or writes it to the page that was asked for, or both. */
int inspect_show(const struct doc *doc, const struct inspect_options *o, struct err *err);

#endif
