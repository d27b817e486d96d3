/* Reads callgrind's output.
 *
 * A file is text in one or more parts. A part starts with a header of "key: value" lines: the
 * positions (instruction, line) and events (Ir, …) that make up the columns of a cost line, and the
 * sum. After that come three kinds of lines:
 *
 *	ob=(2) /usr/lib/libpython3.13.so    owner of the following costs: object, function,
 *	fn=(17) PyObject_Malloc             source file
 *	0x1f40 12                           12 instructions executed at this address
 *	+4 12                               and 12 at the address 4 bytes further on
 *	cob=(1)                             a call: of this object,
 *	cfn=(9)                             this function,
 *	calls=12 0x7a0                      this often, to this address,
 *	+4 5000                             from here, with this inclusive cost
 *
 * Names have numbers and are spelled out only once: "(17)" alone is the name given to 17 before.
 * Positions are relative to the previous line: "+4", "-4", "*" for the same. The line after
 * "calls=" is not the instruction's own cost and is not part of any sum. Only its position is used,
 * and kept if the call left all known objects (weigh.c explains why).
 *
 * Profiles consist of millions of cost lines and little else, so quick_line() reads their usual
 * form and leaves anything doubtful to cost_line(). */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/file.h"
#include "explain/explain-internal.h"

#define NONE UINT32_MAX
#define MAX_POSITIONS 2

/* Maps the numbers of compressed names, for one kind of name. */
struct names {
	uint32_t *v; /* index into the list of strings; NONE: not seen yet */
	size_t n;
};

struct reader {
	const char *p, *end; /* the unread rest of the file */
	const char *line, *eol;
	uint64_t number; /* line number */
	struct callgrind *run;
	struct cost_table table;
	struct names objects, functions;
	uint32_t object, function;
	uint32_t called;      /* the object of the next call; NONE: the same */
	uint64_t call_target; /* its address */

	/* From the header of this part. */
	unsigned n_positions, n_events, ir;
	bool instructions; /* the first position is the instruction */
	uint64_t summary, totals;
	bool has_summary, has_totals;

	bool header; /* a header line was read, in any part */
	bool body;   /* the header is over */
	bool plain;  /* cost lines have one position and one event */
	bool call;   /* the next line is the inclusive cost of a call */
	int64_t sum;
	uint64_t position[MAX_POSITIONS];
};

static int damaged(const struct reader *r, const char *what, struct err *err)
{
	err_set(err, ERR_INPUT, "line %llu: %s", (unsigned long long)r->number, what);
	return r->header && r->p == r->end ? err_hint(err, "is the file whole?") : -1;
}

static bool next_line(struct reader *r)
{
	if (r->p == r->end)
		return false;
	r->line = r->p;
	r->eol = memchr(r->p, '\n', (size_t)(r->end - r->p));
	if (!r->eol)
		r->eol = r->end;
	r->p = r->eol == r->end ? r->end : r->eol + 1;
	r->number++;
	return true;
}

static const char *skip_blanks(const char *s, const char *eol)
{
	while (s < eol && (*s == ' ' || *s == '\t' || *s == '\r'))
		s++;
	return s;
}

static unsigned hex_digit(char c)
{
	return c >= '0' && c <= '9'   ? (unsigned)(c - '0')
	       : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
	       : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A') + 10
				      : 16;
}

/* Decimal, or hexadecimal after "0x". Advances *s; false if there is no number or it does not
 * fit. */
static bool number(const char **s, const char *eol, uint64_t *ret)
{
	const char *p = *s;
	uint64_t v = 0;

	if (eol - p > 2 && p[0] == '0' && p[1] == 'x') {
		for (p += 2; p < eol && hex_digit(*p) < 16; p++) {
			if (v >> 60)
				return false;
			v = v << 4 | hex_digit(*p);
		}
		if (p == *s + 2)
			return false;
	} else {
		for (; p < eol && *p >= '0' && *p <= '9'; p++) {
			if (__builtin_expect(v >= UINT64_MAX / 10, 0) &&
				(v > UINT64_MAX / 10 || *p - '0' > (int)(UINT64_MAX % 10)))
				return false;
			v = v * 10 + (uint64_t)(*p - '0');
		}
		if (p == *s)
			return false;
	}
	*s = p;
	*ret = v;
	return true;
}

static bool position(const char **s, const char *eol, uint64_t *value)
{
	char sign = **s;
	uint64_t v;

	if (sign == '*') {
		++*s;
		return true;
	}
	if (sign != '+' && sign != '-')
		return number(s, eol, value);
	++*s;
	if (!number(s, eol, &v))
		return false;
	return sign == '+' ? !__builtin_add_overflow(*value, v, value)
			   : !__builtin_sub_overflow(*value, v, value);
}

/* The "Ir" column among up to n_events numbers; missing columns are 0. */
static bool costs(const struct reader *r, const char *s, uint64_t *ir)
{
	uint64_t v;

	*ir = 0;
	for (unsigned i = 0;; i++) {
		s = skip_blanks(s, r->eol);
		if (s == r->eol)
			return true;
		if (i == r->n_events || !number(&s, r->eol, &v))
			return false;
		if (i == r->ir)
			*ir = v;
	}
}

static int check_header(const struct reader *r, struct err *err)
{
	if (!r->n_events)
		return damaged(r, "costs without a line \"events:\"", err);
	if (r->ir == NONE)
		return err_set(err, ERR_UNSUPPORTED,
			"executed instructions (\"Ir\") are not among the events");
	if (!r->instructions) {
		err_set(err, ERR_UNSUPPORTED, "the costs are not by instruction");
		return err_hint(err, "run callgrind with --dump-instr=yes");
	}
	return 0;
}

/* Keeps the call whose cost was just read if it left all known objects. */
static void keep_call(struct reader *r)
{
	struct callgrind *run = r->run;
	uint32_t called = r->called;

	r->call = false;
	r->called = NONE;
	if (called == NONE || r->object == NONE || r->object == called ||
		strcmp(run->objects.v[called], "???") != 0 || run->n_calls == CALLGRIND_MAX_CALLS)
		return;
	*ARRAY_ADD(run->calls, run->n_calls) =
		(struct callgrind_loose_call){r->position[0], r->call_target, r->object};
}

/* "calls=COUNT TARGET": the next line has the cost. */
static int call_line(struct reader *r, const char *s, struct err *err)
{
	uint64_t count;

	r->call_target = r->position[0];
	s = skip_blanks(s, r->eol);
	if (!number(&s, r->eol, &count))
		return damaged(r, "no number of calls", err);
	s = skip_blanks(s, r->eol);
	if (s < r->eol && !position(&s, r->eol, &r->call_target))
		return damaged(r, "no target of a call", err);
	r->call = true;
	return 0;
}

/* Books the count on the instruction at r->position, or on the call there. */
static int take_cost(struct reader *r, uint64_t count, struct err *err)
{
	const struct callgrind_cost cost = {.addr = r->position[0],
		.count = (int64_t)count,
		.object = r->object,
		.function = r->function};

	if (r->call) {
		keep_call(r);
		return 0;
	}
	if (count > INT64_MAX || __builtin_add_overflow(r->sum, cost.count, &r->sum))
		return damaged(r, "the counts are too large", err);
	if (cost.object == NONE)
		return damaged(r, "costs without an object (\"ob=\")", err);
	if (cost.function == NONE)
		return damaged(r, "costs without a function (\"fn=\")", err);
	return cost_table_add(&r->table, &cost, err);
}

static int cost_line(struct reader *r, struct err *err)
{
	const char *s = r->line;
	uint64_t count;

	if (!r->body && check_header(r, err) < 0)
		return -1;
	r->body = true;
	r->plain = r->n_positions == 1 && r->n_events == 1;
	for (unsigned i = 0; i < r->n_positions; i++) {
		s = skip_blanks(s, r->eol);
		/* Line numbers are omitted if unknown. */
		if (s == r->eol && i)
			break;
		if (!position(&s, r->eol, &r->position[i]) ||
			(s < r->eol && *s != ' ' && *s != '\r'))
			return damaged(r, "no position", err);
	}
	if (!costs(r, s, &count))
		return damaged(r, "the costs are no numbers, or too many", err);
	return take_cost(r, count, err);
}

/* A decimal number of up to 18 digits; advances *p. */
static uint64_t short_number(const char **p)
{
	const char *s = *p, *most = s + 18;
	uint64_t v = 0;

	for (; s < most && (unsigned char)(*s - '0') < 10; s++)
		v = v * 10 + (unsigned char)(*s - '0');
	*p = s;
	return v;
}

/* Parses the line at r->p if it has the usual form, "+4 17", "-4 17", "* 17" or "0x40 17", with one
 * position and one event. Leaves anything doubtful to cost_line(). */
static bool quick_line(struct reader *r, uint64_t *count)
{
	const char *p = r->p, *start;
	uint64_t at = r->position[0], v;

	/* Accepted lines are shorter, so no bounds check is needed. */
	if (!r->plain || r->end - p < 64)
		return false;
	if (*p == '+' || *p == '-') {
		bool minus = *p++ == '-';

		start = p;
		v = short_number(&p);
		if (p == start || (minus ? __builtin_sub_overflow(at, v, &at)
					 : __builtin_add_overflow(at, v, &at)))
			return false;
	} else if (*p == '0' && p[1] == 'x') {
		start = p += 2;
		for (at = 0; p < start + 16 && hex_digit(*p) < 16; p++)
			at = at << 4 | hex_digit(*p);
		if (p == start)
			return false;
	} else if (*p++ != '*') {
		return false;
	}
	if (*p++ != ' ')
		return false;
	start = p;
	*count = short_number(&p);
	if (p == start || *p != '\n')
		return false;
	r->position[0] = at;
	r->number++;
	r->p = p + 1;
	return true;
}

/* Names and the command are shown to people: they must not contain anything that could control a
 * terminal. */
static bool is_control(char c)
{
	return (unsigned char)c < ' ' || c == 0x7f;
}

static bool same(const char *a, const char *b, size_t n)
{
	return strlen(a) == n && !memcmp(a, b, n);
}

/* Objects are few and stored once. Functions are many; only *ret is checked for a duplicate. */
static int add_name(
	struct reader *r, bool object, const char *s, size_t n, uint32_t *ret, struct err *err)
{
	struct strv *list = object ? &r->run->objects : &r->run->functions;

	for (size_t i = 0; i < n; i++)
		if (is_control(s[i]))
			return damaged(r, "a name with a control character", err);
	for (size_t i = 0; object && i < list->n; i++)
		if (same(list->v[i], s, n)) {
			*ret = (uint32_t)i;
			return 0;
		}
	if (!object && *ret != NONE && same(list->v[*ret], s, n))
		return 0;
	if (list->n == (object ? CALLGRIND_MAX_OBJECTS : CALLGRIND_MAX_ID))
		return damaged(r, object ? "too many objects" : "too many functions", err);
	strv_take(list, xstrndup(s, n));
	*ret = (uint32_t)list->n - 1;
	return 0;
}

/* "(7) name", "(7)" or "name". `current` is the value to set. */
static int name(struct reader *r, bool object, const char *s, uint32_t *current, struct err *err)
{
	struct names *names = object ? &r->objects : &r->functions;
	const char *eol = r->eol > r->line && r->eol[-1] == '\r' ? r->eol - 1 : r->eol;
	uint64_t id;

	s = skip_blanks(s, eol);
	if (eol - s < 3 || s[0] != '(' || s[1] < '0' || s[1] > '9')
		return add_name(r, object, s, (size_t)(eol - s), current, err);
	s++;
	if (!number(&s, eol, &id) || s == eol || *s != ')' || id > CALLGRIND_MAX_ID)
		return damaged(r, "no number of a name", err);
	while (id >= names->n) {
		size_t n = names->n ? names->n * 2 : 1024;

		names->v = xreallocarray(names->v, n, sizeof(*names->v));
		memset(names->v + names->n, 0xff, (n - names->n) * sizeof(*names->v));
		names->n = n;
	}
	s = skip_blanks(s + 1, eol);
	if (s < eol && add_name(r, object, s, (size_t)(eol - s), &names->v[id], err) < 0)
		return -1;
	if (names->v[id] == NONE)
		return damaged(r, "the number of a name that was not defined", err);
	*current = names->v[id];
	return 0;
}

static bool starts(const struct reader *r, const char *word, const char **rest)
{
	size_t n = strlen(word);

	if ((size_t)(r->eol - r->line) < n || memcmp(r->line, word, n) != 0)
		return false;
	*rest = r->line + n;
	return true;
}

/* Lines "KEY=…". Ignores source files and jumps. Names may also be defined on call lines. */
static int specification(struct reader *r, struct err *err)
{
	uint32_t unused = NONE;
	const char *s;

	if (*r->line == 'c') {
		if (starts(r, "cfn=", &s))
			return name(r, false, s, &unused, err);
		if (starts(r, "calls=", &s))
			return call_line(r, s, err);
		if (starts(r, "cob=", &s))
			return name(r, true, s, &r->called, err);
		if (starts(r, "cfi=", &s) || starts(r, "cfl=", &s))
			return 0;
	} else {
		if (starts(r, "fi=", &s) || starts(r, "fe=", &s) || starts(r, "fl=", &s) ||
			starts(r, "jump=", &s) || starts(r, "jcnd=", &s) || starts(r, "jfi=", &s) ||
			starts(r, "jfn=", &s))
			return 0;
		if (starts(r, "fn=", &s))
			return name(r, false, s, &r->function, err);
		if (starts(r, "ob=", &s))
			return name(r, true, s, &r->object, err);
	}
	return damaged(r, "neither costs nor anything that callgrind writes", err);
}

/* "events:" and "positions:", which define the columns. */
static int columns(struct reader *r, bool positions, const char *s, struct err *err)
{
	unsigned n = 0, max = positions ? MAX_POSITIONS : CALLGRIND_MAX_COLUMNS;

	if (positions)
		r->instructions = false;
	else
		r->ir = NONE;
	while ((s = skip_blanks(s, r->eol)) < r->eol) {
		const char *word = s;

		while (s < r->eol && *s != ' ' && *s != '\t' && *s != '\r')
			s++;
		if (!positions && s - word == 2 && !memcmp(word, "Ir", 2))
			r->ir = n;
		if (positions && s - word == 5 && !memcmp(word, "instr", 5) && n == 0)
			r->instructions = true;
		if (++n > max)
			return damaged(
				r, positions ? "too many positions" : "too many events", err);
	}
	*(positions ? &r->n_positions : &r->n_events) = n;
	return 0;
}

/* Checks that a part is complete. The totals after the costs take precedence: callgrind's summary
 * in the header is an instruction or two off when it simulates caches. */
static int end_part(struct reader *r, struct err *err)
{
	uint64_t sum = (uint64_t)r->sum, said = r->has_totals ? r->totals : r->summary;

	if (r->call)
		return damaged(r, "the cost of a call is missing", err);
	if (r->body && !r->has_summary && !r->has_totals)
		return err_set(
			err, ERR_INPUT, "it does not say what the costs add up to: cut off?");
	if ((r->has_summary || r->has_totals) && said != sum) {
		err_set(err, ERR_INPUT, "the costs add up to %llu, not to %llu as it says",
			(unsigned long long)sum, (unsigned long long)said);
		return err_hint(err, "is the file whole?");
	}
	if (__builtin_add_overflow(r->run->total, r->sum, &r->run->total))
		return err_set(err, ERR_INPUT, "the counts are too large");
	r->run->parts += r->body;
	r->has_summary = r->has_totals = r->body = r->plain = false;
	r->sum = 0;
	return 0;
}

static int header(struct reader *r, struct err *err)
{
	const char *s;

	r->header = true;
	if (starts(r, "totals:", &s)) {
		r->has_totals = true;
		return costs(r, s, &r->totals) ? 0 : damaged(r, "the totals are no numbers", err);
	}
	if (r->body && end_part(r, err) < 0)
		return -1;
	if (starts(r, "events:", &s))
		return columns(r, false, s, err);
	if (starts(r, "positions:", &s))
		return columns(r, true, s, err);
	if (starts(r, "summary:", &s)) {
		r->has_summary = true;
		return costs(r, s, &r->summary) ? 0 : damaged(r, "the summary is no number", err);
	}
	if (starts(r, "cmd:", &s) && !r->run->command) {
		s = skip_blanks(s, r->eol);
		r->run->command = xstrndup(s, (size_t)(r->eol - s));
		for (char *c = r->run->command; *c; c++)
			*c = is_control(*c) ? '?' : *c;
	}
	return 0;
}

/* True for "key: value", but not for "fn=name: of something". */
static bool is_header(const struct reader *r)
{
	const char *s = r->line;

	while (s < r->eol && *s >= 'a' && *s <= 'z')
		s++;
	return s > r->line && s < r->eol && *s == ':';
}

static int read_lines(struct reader *r, struct err *err)
{
	uint64_t count;

	for (;;) {
		char c;
		int result;

		while (quick_line(r, &count))
			if (take_cost(r, count, err) < 0)
				return -1;
		if (!next_line(r))
			break;
		c = r->line < r->eol ? *r->line : '\n';
		if (c == '\n' || c == '\r' || c == '#')
			continue;
		if ((c >= '0' && c <= '9') || c == '+' || c == '-' || c == '*')
			result = cost_line(r, err);
		else if (is_header(r))
			result = header(r, err);
		else
			result = specification(r, err);
		if (result < 0)
			return -1;
	}
	if (!r->n_events) {
		err_set(err, ERR_INPUT, "this is not callgrind's format");
		return r->header ? err_hint(err, "is the file whole?") : -1;
	}
	return end_part(r, err);
}

int callgrind_from_memory(const void *data, size_t len, struct callgrind *run, struct err *err)
{
	struct reader r = {.p = data,
		.end = len ? (const char *)data + len : data,
		.run = run,
		.object = NONE,
		.function = NONE,
		.called = NONE,
		.ir = NONE,
		.n_positions = 1};
	int result = 0;

	cost_table_init(&r.table);
	for (size_t i = 0; i < run->n_costs && result == 0; i++)
		result = cost_table_add(&r.table, &run->costs[i], err);
	free(steal(&run->costs));
	if (result == 0)
		result = read_lines(&r, err);
	if (result == 0)
		result = cost_table_take(&r.table, &run->costs, &run->n_costs, err);
	if (result < 0)
		callgrind_release(run);
	cost_table_release(&r.table);
	free(r.objects.v);
	free(r.functions.v);
	return result;
}

int callgrind_read(const char *path, struct callgrind *run, struct err *err)
{
	CLEANUP_CLOSE int fd = file_open(path, err);
	void *data = MAP_FAILED;
	struct stat st;
	int result = -1;

	if (fd < 0)
		goto out;
	if (fstat(fd, &st) < 0)
		err_sys(err, "cannot examine '%s'", path);
	else if ((uint64_t)st.st_size > CALLGRIND_MAX_FILE_SIZE)
		err_set(err, ERR_UNSUPPORTED, "'%s' is too large", path);
	else if (st.st_size == 0)
		err_set(err, ERR_INPUT, "'%s' is empty", path);
	else if ((data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0)) ==
		 MAP_FAILED)
		err_sys(err, "cannot map '%s'", path);
	else if (callgrind_from_memory(data, (size_t)st.st_size, run, err) < 0)
		err_wrap(err, "reading '%s'", path);
	else
		result = 0;
	if (data != MAP_FAILED)
		munmap(data, (size_t)st.st_size);
out:
	if (result < 0)
		callgrind_release(run);
	return result;
}
