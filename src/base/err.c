#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/term.h"

/* Ends truncated text with an ellipsis after a complete character. */
static void mark_cut(char *text, size_t size)
{
	static const char ellipsis[] = "…";

	memcpy(text + utf8_cut(text, size - sizeof(ellipsis)), ellipsis, sizeof(ellipsis));
}

__attribute__((format(printf, 4, 0))) static void format_into(
	char *text, size_t size, size_t at, const char *fmt, va_list ap)
{
	int n = vsnprintf(text + at, size - at, fmt, ap);

	if (n >= 0 && (size_t)n >= size - at)
		mark_cut(text, size);
}

__attribute__((format(printf, 2, 3))) static void append(struct err *err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	format_into(err->msg, sizeof(err->msg), strlen(err->msg), fmt, ap);
	va_end(ap);
}

int err_set(struct err *err, enum err_code code, const char *fmt, ...)
{
	va_list ap;

	err->code = code;
	err->hint[0] = '\0';
	va_start(ap, fmt);
	format_into(err->msg, sizeof(err->msg), 0, fmt, ap);
	va_end(ap);
	return -1;
}

int err_sys(struct err *err, const char *fmt, ...)
{
	int sys = errno;
	va_list ap;

	err->code = ERR_ENVIRONMENT;
	err->hint[0] = '\0';
	va_start(ap, fmt);
	format_into(err->msg, sizeof(err->msg), 0, fmt, ap);
	va_end(ap);
	append(err, ": %s", strerror(sys));
	if (sys == ENOSPC || sys == EDQUOT)
		err_hint(err, "free some space there, or name another place");
	return -1;
}

int err_wrap(struct err *err, const char *fmt, ...)
{
	char inner[sizeof(err->msg)];
	va_list ap;
	size_t n;

	memcpy(inner, err->msg, sizeof(inner));
	va_start(ap, fmt);
	format_into(err->msg, sizeof(err->msg), 0, fmt, ap);
	va_end(ap);
	n = strlen(err->msg);
	if (!strncmp(inner, err->msg, n) && !strncmp(inner + n, ": ", 2))
		memcpy(err->msg, inner, sizeof(inner));
	else
		append(err, ": %s", inner);
	return -1;
}

int err_hint(struct err *err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	format_into(err->hint, sizeof(err->hint), 0, fmt, ap);
	va_end(ap);
	return -1;
}

void bug(const char *fmt, ...)
{
	va_list ap;

	fputs("solder: bug: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	abort();
}
