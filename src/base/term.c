#include "base/term.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

#define BUFFER ((size_t)64 << 10)
#define INDENT "  "
#define LAST_LINE_MAX 300

struct filter {
	FILE *stream;
	int fd;
	bool styled; /* style sequences pass through */
	int why;     /* errno of the first failed write */
	char cut[4]; /* an incomplete character */
	size_t n_cut;
	struct buf safe; /* the output, if it had to be changed */
};

static struct filter filters[2] = {{.fd = 1}, {.fd = 2}};
static enum term_when colour_wanted;

const char term_reset[] = "\033[0m";

size_t utf8_decode(const char *s, size_t len, uint32_t *code)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *p = (const unsigned char *)s;
	size_t n = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;

	if (n == 1) {
		*code = p[0];
		return 1;
	}
	if (!n || p[0] > 0xf4 || n > len)
		return 0;
	*code = p[0] & (0xffu >> (n + 1));
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (p[i] & 0x3fu);
	}
	if (*code < least[n] || *code > 0x10ffff || (*code >= 0xd800 && *code < 0xe000))
		return 0;
	return n;
}

uint32_t utf8_next(const char **s, const char *end)
{
	uint32_t code = '?';
	size_t n = utf8_decode(*s, (size_t)(end - *s), &code);

	*s += n ? n : 1;
	return n ? code : '?';
}

size_t utf8_cut(const char *s, size_t max)
{
	size_t n = strnlen(s, max);

	if (n < max || !s[n])
		return n;
	for (size_t i = 0; i < 3 && n && ((unsigned char)s[n] & 0xc0) == 0x80; i++)
		n--;
	return ((unsigned char)s[n] & 0xc0) == 0x80 ? max : n;
}

/* Characters without a shape of their own that change how others appear: direction marks and
 * embeddings, line separators, fillers, tags, and noncharacters. */
static bool misleading(uint32_t code)
{
	static const struct {
		uint32_t first, last;
	} ranges[] = {{0x007f, 0x009f}, {0x00ad, 0x00ad}, {0x061c, 0x061c}, {0x115f, 0x1160},
		{0x17b4, 0x17b5}, {0x180e, 0x180e}, {0x200b, 0x200f}, {0x2028, 0x202e},
		{0x2060, 0x206f}, {0x3164, 0x3164}, {0xfdd0, 0xfdef}, {0xfeff, 0xfeff},
		{0xffa0, 0xffa0}, {0xfff0, 0xfffb}, {0xe0000, 0xe0fff}};

	if ((code & 0xfffe) == 0xfffe)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
		if (code >= ranges[i].first && code <= ranges[i].last)
			return true;
	}
	return false;
}

size_t buf_add_shown(struct buf *out, const char *s, size_t len)
{
	uint32_t code = 0;
	size_t n = utf8_decode(s, len, &code);

	if (!n || code < 0x20)
		buf_addf(out, "\\x%02x", (unsigned char)*s);
	else if (!misleading(code))
		buf_add(out, s, n);
	else if (code > 0xffff)
		buf_addf(out, "\\u%04x\\u%04x", 0xd800 + (unsigned int)((code - 0x10000) >> 10),
			0xdc00 + (unsigned int)(code & 0x3ff));
	else
		buf_addf(out, "\\u%04x", (unsigned int)code);
	return n ? n : 1;
}

void buf_add_safe(struct buf *out, const char *s)
{
	for (size_t len = strlen(s), n; len; s += n, len -= n) {
		n = 1;
		if (*s == '\n')
			buf_adds(out, "\\n");
		else if (*s == '\t')
			buf_adds(out, "\\t");
		else
			n = buf_add_shown(out, s, len);
	}
}

char *last_line_safe(const char *output)
{
	CLEANUP_STRV struct strv lines = STRV_INIT;
	CLEANUP_BUF struct buf safe = BUF_INIT;

	strv_split(&lines, output ? output : "", "\r\n");
	if (!lines.n)
		return NULL;
	lines.v[lines.n - 1][utf8_cut(lines.v[lines.n - 1], LAST_LINE_MAX)] = '\0';
	buf_add_safe(&safe, lines.v[lines.n - 1]);
	return buf_steal(&safe);
}

/* The length of the longest prefix of printable ASCII, line feeds and tabs. */
static size_t plain_length(const char *s, size_t len)
{
	size_t n = 0;

	while (n < len && ((s[n] >= ' ' && s[n] < 0x7f) || s[n] == '\n' || s[n] == '\t'))
		n++;
	return n;
}

/* The length of "ESC [ digits m" at the start, or 0. */
static size_t style_length(const char *s, size_t len)
{
	size_t n = 2;

	if (len < 3 || s[0] != '\033' || s[1] != '[')
		return 0;
	while (n < len && ((s[n] >= '0' && s[n] <= '9') || s[n] == ';'))
		n++;
	return n < len && s[n] == 'm' ? n + 1 : 0;
}

/* True if the bytes are an incomplete character. */
static bool is_cut(const char *s, size_t len)
{
	unsigned char c = (unsigned char)s[0];
	size_t want = c < 0xc2 || c > 0xf4 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;

	if (len >= want)
		return false;
	for (size_t i = 1; i < len; i++) {
		if (((unsigned char)s[i] & 0xc0) != 0x80)
			return false;
	}
	return true;
}

static void make_safe(struct filter *f, const char *s, size_t len)
{
	while (len) {
		size_t n = plain_length(s, len), special = 0;

		if (!n && f->styled)
			n = special = style_length(s, len);
		if (n || special)
			buf_add(&f->safe, s, n);
		else if (is_cut(s, len))
			break;
		else
			n = buf_add_shown(&f->safe, s, len);
		s += n;
		len -= n;
	}
	memcpy(f->cut, s, len);
	f->n_cut = len;
}

static int write_through(struct filter *f, const char *data, size_t len)
{
	while (len) {
		struct pollfd room = {.fd = f->fd, .events = POLLOUT};
		ssize_t n = write(f->fd, data, len);

		if (n < 0 && errno == EAGAIN)
			poll(&room, 1, -1);
		else if (n < 0 && errno != EINTR)
			break;
		data += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	if (len && !f->why)
		f->why = errno;
	return len ? -1 : 0;
}

static ssize_t write_filtered(void *cookie, const char *data, size_t len)
{
	struct filter *f = cookie;
	CLEANUP_BUF struct buf all = BUF_INIT;

	if (!f->n_cut && plain_length(data, len) == len)
		return write_through(f, data, len) < 0 ? 0 : (ssize_t)len;
	buf_clear(&f->safe);
	buf_add(&all, f->cut, f->n_cut);
	buf_add(&all, data, len);
	make_safe(f, all.data, all.len);
	return f->safe.len && write_through(f, f->safe.data, f->safe.len) < 0 ? 0 : (ssize_t)len;
}

static FILE *open_filter(struct filter *f, int buffering)
{
	static const cookie_io_functions_t functions = {.write = write_filtered};

	f->stream = fopencookie(f, "w", functions);
	if (!f->stream)
		bug("out of memory");
	setvbuf(f->stream, NULL, buffering, buffering == _IONBF ? 0 : BUFFER);
	return f->stream;
}

void term_open(void)
{
	fflush(stdout);
	stdout = open_filter(&filters[0], isatty(1) ? _IOLBF : _IOFBF);
	stderr = open_filter(&filters[1], _IONBF);
}

static struct filter *filter_of(FILE *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(filters); i++) {
		if (filters[i].stream && filters[i].stream == out)
			return &filters[i];
	}
	return NULL;
}

int term_finish(struct err *err)
{
	bool failed = fflush(stdout) != 0 || ferror(stdout);

	for (size_t i = 0; i < ARRAY_SIZE(filters); i++) {
		struct filter *f = &filters[i];

		buf_clear(&f->safe);
		for (size_t at = 0; at < f->n_cut; at++)
			buf_add_shown(&f->safe, f->cut + at, 1);
		failed = (f->n_cut && write_through(f, f->safe.data, f->safe.len) < 0 && !i) ||
			 failed;
		f->n_cut = 0;
		buf_release(&f->safe);
	}
	if (filters[0].why == EPIPE) {
		signal(SIGPIPE, SIG_DFL);
		raise(SIGPIPE);
	}
	errno = filters[0].why;
	return failed ? err_sys(err, "cannot write the output") : 0;
}

int term_fd(FILE *out)
{
	const struct filter *f = filter_of(out);

	return f ? f->fd : fileno(out);
}

void term_set_colour(enum term_when when)
{
	colour_wanted = when;
}

bool term_colour(FILE *out)
{
	const char *off = getenv("NO_COLOR"), *term = getenv("TERM");

	if (colour_wanted != TERM_AUTO)
		return colour_wanted == TERM_ALWAYS;
	return isatty(term_fd(out)) && !(off && *off) && !(term && !strcmp(term, "dumb"));
}

const char *term_sequence(enum term_style style)
{
	static const char *const sequences[] = {[TERM_PLAIN] = "",
		[TERM_BOLD] = "\033[1m",
		[TERM_DIM] = "\033[2m",
		[TERM_RED] = "\033[31m",
		[TERM_GREEN] = "\033[32m",
		[TERM_YELLOW] = "\033[33m",
		[TERM_ALARM] = "\033[1;31m"};

	return sequences[style];
}

void term_styled(FILE *out, const char *text)
{
	struct filter *f = filter_of(out);

	if (!f) {
		fputs(text, out);
		return;
	}
	fflush(out);
	f->styled = true;
	fputs(text, out);
	fflush(out);
	f->styled = false;
}

void term_erase_line(FILE *out)
{
	static const char up[] = "\033[1A\033[2K";
	struct filter *f = filter_of(out);

	fflush(out);
	if (f)
		write_through(f, up, sizeof(up) - 1);
	else
		fputs(up, out);
}

void term_line(FILE *out, const char *fmt, ...)
{
	CLEANUP_BUF struct buf line = BUF_INIT;
	CLEANUP_FREE char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	buf_add_safe(&line, text);
	fprintf(out, "%s\n", line.data ? line.data : "");
}

void term_block(FILE *out, enum term_style style, const char *mark, const char *text)
{
	CLEANUP_BUF struct buf b = BUF_INIT;

	if (*mark)
		buf_addf(&b, "%s%s%s ", term_sequence(style), mark,
			style == TERM_PLAIN ? "" : term_reset);
	for (size_t len = strlen(text), n; len; text += n, len -= n) {
		n = 1;
		if (*text != '\n' && *text != '\t')
			n = buf_add_shown(&b, text, len);
		else
			buf_add(&b, text, 1);
		if (*text == '\n' && text[1] && text[1] != '\n' &&
			strncmp(text + 1, INDENT, strlen(INDENT)) != 0)
			buf_adds(&b, INDENT);
	}
	buf_adds(&b, "\n");
	term_styled(out, b.data);
}
