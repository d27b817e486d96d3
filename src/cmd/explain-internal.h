/* What solder explain shows. */
#ifndef SOLDER_CMD_EXPLAIN_INTERNAL_H
#define SOLDER_CMD_EXPLAIN_INTERNAL_H

#include "base/buf.h"
#include "explain/explain.h"
#include "report/report.h"

/* One of the two, and what is known of it. */
struct explain_side {
	const char *given;          /* as on the command line; NULL: there is no such side */
	char *name;                 /* NAME of "NAME=PYTHON"; NULL: none was given */
	char *interpreter;          /* the file; NULL with --from-callgrind */
	struct explain_place place; /* where it ran from */
	bool aligned;               /* its arenas begin where those of other such runs do */
	char *version;              /* NULL: not known, with --from-callgrind */
	const char *link;           /* "static", "shared", …; NULL with --from-callgrind */
	int64_t *workloads;         /* executed instructions of each */
	struct callgrind run;
	struct explain_weights weights;
	struct explain_code *codes; /* of the functions that are shown as code */
	size_t n_codes;
	struct explain_startup *startup; /* NULL: was not looked at */
	char *no_counts; /* why nothing is known of what it executes, with --startup; NULL */
};

/* So many functions are shown as code on a page when none is asked for. */
#define EXPLAIN_PAGE_CODES 3

/* "1,234,567", in place. */
struct cell {
	char text[48];
};
const char *cell_whole(struct cell *cell, int64_t n);
/* 0 of nothing. */
double cell_share(int64_t part, int64_t total);
/* "12.34 %" */
const char *cell_percent(struct cell *cell, int64_t part, int64_t total);
/* From a to b, with its sign. */
const char *cell_change(struct cell *cell, int64_t a, int64_t b);

struct explain_page {
	const struct explain_side *a, *b; /* b may be NULL */
	const struct strv *workloads;     /* their names; empty with --from-callgrind */
	unsigned int loops;
	bool whole; /* processes were counted from start to end */
	const struct explain_result *result;
	const struct explain_inlining *inlining;    /* empty when functions are not matched */
	const char *function;                       /* of --function; NULL: all */
	const char *code_names[EXPLAIN_PAGE_CODES]; /* shown as code */
	size_t n_codes;
	bool all_code; /* not only what is hot */
	bool startup;  /* about starting alone */
};

/* Of all sides it is known what they execute. */
bool explain_is_counted(const struct explain_page *page);
/* Is the function, or the site, to be listed? Where not all functions are matched, what only one
 * names may be in the other without a name: halves of pairs would look like differences. */
bool explain_is_shown(const struct explain_page *page, const struct explain_pair *pair);
/* By its folded name; NULL: it was not executed. */
const struct explain_function *explain_find_function(
	const struct explain_weights *weights, const char *name);
/* One interpreter's instructions by cause; and what the causes are, which is for pages alone. */
void explain_page_causes(struct doc *doc, const struct explain_page *page);
void explain_page_glossary(struct doc *doc, const struct explain_page *page);
/* All but the code. */
void explain_page(struct doc *doc, const struct explain_page *page);
json_t *explain_page_json(const struct explain_page *page);

/* Code side by side: which functions, their instructions, and the two forms to show them in. */
void explain_choose_code(struct explain_page *page);
int explain_read_code(const struct explain_page *page, struct explain_side *side, struct err *err);
void explain_page_code(struct doc *doc, const struct explain_page *page);
/* How the interpreter starts; `all` with relocations and memory file by file. */
int explain_start(struct explain_side *side, const char *scratch, struct err *err);
void explain_start_release(struct explain_side *side);
void explain_page_startup(struct doc *doc, const struct explain_page *page, bool all);
json_t *explain_code_json(const struct explain_page *page);

#endif
