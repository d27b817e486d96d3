/* Calls that have a safe replacement. Every file includes this one first (Makefile), and -Werror in
 * DEVELOPER=1 and the lint turns the compiler's warnings about them into errors.
 *
 * Ahead of the C library's headers, which define some of them inline or, with clang and
 * _FORTIFY_SOURCE, as macros. */
#ifndef SOLDER_BASE_BANNED_H
#define SOLDER_BASE_BANNED_H

#include <stdarg.h>
#include <stddef.h>

#define BANNED(instead) __attribute__((deprecated("banned: " instead)))

struct _IO_FILE;

BANNED("use strtol()") int atoi(const char *s);
BANNED("use strtol()") long atol(const char *s);
BANNED("use snprintf() or xasprintf()") int sprintf(char *s, const char *fmt, ...);
BANNED("use xvasprintf()") int vsprintf(char *s, const char *fmt, va_list ap);
BANNED("use xstrdup(), or memcpy()") char *strcpy(char *to, const char *from);
BANNED("use a struct buf") char *strcat(char *to, const char *from);
BANNED("use getline()") char *gets(char *s);
BANNED("use strcspn(), or strv_split()") char *strtok(char *s, const char *separators);
BANNED("use getrandom(), or a generator with a seed") int rand(void);
BANNED("use scratch_make()") char *tmpnam(char *s);
BANNED("use mkstemp(), or scratch_make()") char *mktemp(char *template);
#ifndef MAY_USE_SHELL
BANNED("use proc_run()") int system(const char *command);
BANNED("use proc_run()") struct _IO_FILE *popen(const char *command, const char *mode);
#endif
BANNED("use xcalloc()") void *alloca(size_t size);

#endif
