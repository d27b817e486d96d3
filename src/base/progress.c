#include "base/progress.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/file.h"
#include "base/term.h"

#define REDRAW_NS 200000000u
#define FIRST_GUESS_NS ((uint64_t)2 * 1000 * 1000 * 1000)
#define LINES_MAX 64
#define NAME_WIDTH 34

struct line {
	char *name;
	uint64_t start, estimate;
	uint64_t done, total;
	bool bytes; /* done and total are in bytes */
	bool told;  /* `left` is given; do not estimate */
	bool overall;
	uint64_t left;
};

struct progress {
	FILE *stream;
	enum progress_mode mode;
	struct line lines[LINES_MAX];
	int drawn;          /* live lines currently on the screen */
	struct strv warned; /* what was said by progress_warn() */
	uint64_t last_draw;
};

static bool quiet;

void progress_set_quiet(void)
{
	quiet = true;
}

void format_duration(char out[32], uint64_t ns)
{
	uint64_t s = ns / 1000000000u;

	if (s < 60)
		snprintf(out, 32, "%" PRIu64 ".%" PRIu64 " s", s, ns % 1000000000u / 100000000u);
	else if (s < 3600)
		snprintf(out, 32, "%" PRIu64 " min %02" PRIu64 " s", s / 60, s % 60);
	else
		snprintf(out, 32, "%" PRIu64 " h %02" PRIu64 " min", s / 3600, s / 60 % 60);
}

void format_change(char out[32], double percent)
{
	snprintf(out, 32, fabs(percent) < 0.005 ? "0 %%" : "%+.2f %%", percent);
}

void format_bytes(char out[32], uint64_t bytes)
{
	static const char *const units[] = {"KiB", "MiB", "GiB", "TiB"};
	double value = (double)bytes;
	size_t u = 0;

	if (bytes < 1024) {
		snprintf(out, 32, "%" PRIu64 " B", bytes);
		return;
	}
	for (value /= 1024; value >= 1024 && u + 1 < ARRAY_SIZE(units); u++)
		value /= 1024;
	snprintf(out, 32, "%.1f %s", value, units[u]);
}

struct progress *progress_new(FILE *stream, enum progress_mode mode)
{
	struct progress *p = xcalloc(1, sizeof(*p));
	const char *term = getenv("TERM");

	if (mode == PROGRESS_AUTO && quiet)
		mode = PROGRESS_QUIET;
	else if (mode == PROGRESS_AUTO)
		mode = isatty(term_fd(stream)) && term && strcmp(term, "dumb") ? PROGRESS_LIVE
									       : PROGRESS_PLAIN;
	p->stream = stream;
	p->mode = mode;
	return p;
}

static void erase(struct progress *p)
{
	for (; p->drawn; p->drawn--)
		term_erase_line(p->stream);
}

void progress_free(struct progress *p)
{
	if (!p)
		return;
	erase(p);
	fflush(p->stream);
	for (int i = 0; i < LINES_MAX; i++)
		free(p->lines[i].name);
	strv_release(&p->warned);
	free(p);
}

/* 0: no estimate, as before a twentieth is done, which says too little. */
static uint64_t guess_left(const struct line *l, uint64_t took)
{
	if (!l->done || l->done < l->total / 20 || l->done >= l->total || took < FIRST_GUESS_NS)
		return 0;
	return (uint64_t)((double)took / (double)l->done * (double)(l->total - l->done));
}

static void draw_line(struct progress *p, const struct line *l, uint64_t now, int columns)
{
	char took[32], extra[128] = "", a[32], b[32], c[32];
	CLEANUP_FREE char *text = NULL;

	format_duration(took, now - l->start);
	if (l->total) {
		uint64_t left = l->told ? l->left : guess_left(l, now - l->start);

		snprintf(a, sizeof(a), "%" PRIu64, l->done);
		snprintf(b, sizeof(b), "%" PRIu64, l->total);
		if (l->bytes) {
			format_bytes(a, l->done);
			format_bytes(b, l->total);
		}
		format_duration(c, left);
		if (l->told)
			snprintf(extra, sizeof(extra), "%s of %s%s%s%s", a, b,
				left ? ", about " : "", left ? c : "", left ? " left" : "");
		else if (left)
			snprintf(extra, sizeof(extra), "%" PRIu64 " %% of %s, %s left",
				l->done * 100 / l->total, b, c);
		else
			snprintf(extra, sizeof(extra), "%s of %s (%" PRIu64 " %%)", a, b,
				l->done * 100 / l->total);
	} else if (l->estimate) {
		format_duration(a, l->estimate);
		snprintf(extra, sizeof(extra), "of about %s", a);
	}
	text = xasprintf("  %-*s %10s  %s", NAME_WIDTH, l->name, took, extra);
	term_line(p->stream, "%.*s", (int)utf8_cut(text, (size_t)columns - 1), text);
	p->drawn++;
}

static void draw(struct progress *p, bool force)
{
	struct winsize size = {0};
	uint64_t now;

	if (p->mode != PROGRESS_LIVE)
		return;
	now = clock_ns();
	if (!force && now - p->last_draw < REDRAW_NS)
		return;
	p->last_draw = now;
	ioctl(term_fd(p->stream), TIOCGWINSZ, &size);
	erase(p);
	for (int i = 0; i < LINES_MAX; i++) {
		if (p->lines[i].name)
			draw_line(p, &p->lines[i], now, size.ws_col ? size.ws_col : 80);
	}
	fflush(p->stream);
}

static int begin_line(struct progress *p, const char *name, uint64_t estimate_ns, bool overall)
{
	CLEANUP_BUF struct buf safe = BUF_INIT;
	char about[32];
	int i = 0;

	if (!p)
		return -1;
	while (i < LINES_MAX && p->lines[i].name)
		i++;
	if (i == LINES_MAX)
		return -1;
	/* Escape once, so that the width is known. */
	buf_add_safe(&safe, name);
	p->lines[i] = (struct line){.name = buf_steal(&safe),
		.start = clock_ns(),
		.estimate = estimate_ns,
		.overall = overall};
	if (p->mode == PROGRESS_PLAIN && !overall) {
		format_duration(about, estimate_ns);
		term_line(p->stream, "  %-*s started%s%s", NAME_WIDTH, p->lines[i].name,
			estimate_ns ? ", about " : "", estimate_ns ? about : "");
		fflush(p->stream);
	}
	draw(p, true);
	return i;
}

int progress_start(struct progress *p, const char *name, uint64_t estimate_ns)
{
	return begin_line(p, name, estimate_ns, false);
}

int progress_overall(struct progress *p, const char *name)
{
	return begin_line(p, name, 0, true);
}

void progress_count(struct progress *p, int line, uint64_t done, uint64_t total)
{
	if (!p || line < 0)
		return;
	p->lines[line].done = done;
	p->lines[line].total = total;
	draw(p, false);
}

void progress_update(struct progress *p, int line, uint64_t done, uint64_t total)
{
	if (p && line >= 0)
		p->lines[line].bytes = true;
	progress_count(p, line, done, total);
}

void progress_left(struct progress *p, int line, uint64_t done, uint64_t total, uint64_t left_ns)
{
	if (p && line >= 0) {
		p->lines[line].told = true;
		p->lines[line].left = left_ns;
	}
	progress_count(p, line, done, total);
}

void progress_end(struct progress *p, int line, const char *result)
{
	struct line *l;
	char took[32];

	if (!p || line < 0)
		return;
	l = &p->lines[line];
	erase(p);
	if (p->mode != PROGRESS_QUIET && !l->overall) {
		format_duration(took, clock_ns() - l->start);
		term_line(p->stream, "  %-*s %10s  %s", NAME_WIDTH, l->name, took, result);
		fflush(p->stream);
	}
	free(steal(&l->name));
	draw(p, true);
}

void progress_tick(struct progress *p)
{
	if (p)
		draw(p, false);
}

__attribute__((format(printf, 3, 0))) static void print_above(
	struct progress *p, const char *mark, const char *fmt, va_list ap)
{
	CLEANUP_FREE char *text = xvasprintf(fmt, ap);

	if (*mark && strv_has(&p->warned, text))
		return;
	if (*mark)
		strv_add(&p->warned, text);
	erase(p);
	term_block(p->stream, TERM_PLAIN, mark, text);
	fflush(p->stream);
	draw(p, true);
}

void progress_say(struct progress *p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (p && p->mode != PROGRESS_QUIET)
		print_above(p, "", fmt, ap);
	va_end(ap);
}

void progress_warn(struct progress *p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (p)
		print_above(p, "warning:", fmt, ap);
	va_end(ap);
}
