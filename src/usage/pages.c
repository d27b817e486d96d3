/* Help and man pages from a table of options. */
#include <stdlib.h>
#include <string.h>

#include "usage/usage.h"

#define WIDTH 80
/* The column of the descriptions of options. */
#define COLUMN 28

/* Columns of what is UTF-8 without wide characters, as our own texts are. */
static size_t columns(const char *s, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += ((unsigned char)s[i] & 0xc0) != 0x80;
	return n;
}

/* The length of a word; alternatives that are wider than a line go on behind one of their bars. */
static size_t part_of_word(const char *text, size_t n, size_t room)
{
	size_t k = n;

	if (columns(text, n) <= room)
		return n;
	while (k > 1 && (text[k - 1] != '|' || columns(text, k) > room))
		k--;
	return k > 1 ? k : n;
}

/* One paragraph, whose line ends mean nothing. `at` columns of the first line are taken; the others
 * begin behind `indent` spaces. */
static void fill(FILE *out, const char *text, size_t len, size_t indent, size_t at)
{
	const char *end = text + len;
	bool first = true;

	while (text < end) {
		size_t gap = strspn(text, " \n"), n = strcspn(text + gap, " \n");

		text += gap;
		n = text + n > end ? (size_t)(end - text) : n;
		if (text >= end || !n)
			break;
		n = part_of_word(text, n, WIDTH - indent);
		if (!first && at + 1 + columns(text, n) > WIDTH) {
			fprintf(out, "\n%*s", (int)indent, "");
			at = indent;
		} else if (!first) {
			fputc(' ', out);
			at++;
		}
		fprintf(out, "%.*s", (int)n, text);
		at += columns(text, n);
		text += n;
		first = false;
	}
	fputc('\n', out);
}

/* A line such as "list     the finished steps" begins a term of its own: the column where its
 * words begin, or 0. */
static size_t term_column(const char *line)
{
	size_t n = strcspn(line, " \n");

	return line[n] == ' ' && line[n + 1] == ' ' ? n + strspn(line + n, " ") : 0;
}

/* The length of a paragraph: up to the next empty line, or the next term. */
static size_t part_length(const char *text)
{
	size_t n = strcspn(text, "\n");

	while (text[n] && text[n + 1] != '\n' && !term_column(text + n + 1))
		n += 1 + strcspn(text + n + 1, "\n");
	return n;
}

static const char *repeats(const struct opt *o)
{
	return o->kind == OPT_LIST ? "; may be repeated" : "";
}

static char *format_option(const struct opt *o)
{
	CLEANUP_FREE char *letter = o->letter ? xasprintf("-%c, ", o->letter) : xstrdup("    ");

	return xasprintf("%s--%s%s%s", letter, o->name, o->arg ? " " : "", o->arg ? o->arg : "");
}

static void help_option(FILE *out, const struct opt *o)
{
	CLEANUP_FREE char *left = format_option(o), *help = xasprintf("%s%s", o->help, repeats(o));

	if (strlen(left) + 4 > COLUMN)
		fprintf(out, "  %s\n%*s", left, COLUMN, "");
	else
		fprintf(out, "  %-*s", COLUMN - 2, left);
	fill(out, help, strlen(help), COLUMN, COLUMN);
}

static const struct opt help_itself = {
	.name = "help", .letter = 'h', .kind = OPT_FLAG, .help = "show this text"};

void usage_help_globals(FILE *out)
{
	for (size_t i = 0; i < opt_n_globals; i++)
		help_option(out, &opt_globals[i]);
}

static void help_about(FILE *out, const char *about)
{
	for (size_t n; *about; about += n) {
		n = part_length(about);
		fprintf(out, "%.*s", (int)term_column(about), about);
		fill(out, about + term_column(about), n - term_column(about), term_column(about),
			term_column(about));
		for (; about[n] == '\n'; n++)
			fputs(about[n + 1] == '\n' ? "\n" : "", out);
	}
}

void usage_help(FILE *out, const struct command *cmd)
{
	CLEANUP_FREE char *usage = xasprintf("Usage: solder %s%s%s%s", cmd->name,
		cmd->n_opts ? " [OPTION]..." : "", *cmd->args ? " " : "", cmd->args);

	fill(out, usage, strlen(usage), 2, 0);
	fputc('\n', out);
	help_about(out, cmd->about);
	fputs("\nOptions:\n", out);
	for (size_t i = 0; i < cmd->n_opts; i++)
		help_option(out, &cmd->opts[i]);
	usage_help_globals(out);
	help_option(out, &help_itself);
	if (cmd->example) {
		CLEANUP_STRV struct strv lines = STRV_INIT;

		strv_split(&lines, cmd->example, "\n");
		fputs("\nExamples:\n", out);
		for (size_t i = 0; i < lines.n; i++)
			fprintf(out, "  %s\n", lines.v[i]);
	}
}

/* In roff a backslash is "\e", a dash that must stay one "\-", and a leading dot "\&.". */
static void put_roff(FILE *out, const char *text)
{
	if (*text == '.' || *text == '\'')
		fputs("\\&", out);
	for (; *text; text++) {
		if (*text == '\\')
			fputs("\\e", out);
		else if (*text == '-')
			fputs("\\-", out);
		else
			fputc(*text, out);
	}
}

static const struct {
	const char *name, *about;
} environment[] =
	{
		{"SOLDER_RECIPES, SOLDER_WORKLOADS, SOLDER_PROBES, SOLDER_WHEELS",
			"The folders of what comes with the program, if they are elsewhere."},
		{"SOLDER_LOCK_TIMEOUT",
			"How many seconds to wait for another solder that is at work in the same place."},
		{"SOLDER_REMOTE_CACHE", "The URL for 'solder build --remote-cache'."},
		{"XDG_CACHE_HOME, HOME",
			"Where the cache is: $XDG_CACHE_HOME/solder, or ~/.cache/solder."},
		{"TMPDIR", "Where scratch folders go, instead of /tmp."},
		{"PATH",
			"Where Pythons that are named without a folder, compilers and tools are found."},
		{"NO_COLOR, TERM",
			"No colours and no bold if NO_COLOR is not empty, or TERM is dumb; "
			"--color outranks both."},
		{"http_proxy, https_proxy, all_proxy, no_proxy",
			"The way to the network, for downloads and for pip."},
		{"SSL_CERT_FILE, CURL_CA_BUNDLE", "Certificates to believe."},
		{"PIP_*", "Options of pip, for 'solder check --wheels'."},
},
  files[] = {
	  {"~/.cache/solder", "Downloads, finished steps, logs; wheels and what became of them."},
	  {"DIR/share/solder/build.json", "How a distribution was built."},
	  {"../share/solder", "Beside the program: recipes, workloads, probes, wheels."},
};

static void put_term(FILE *out, const char *name, const char *about, const char *more)
{
	fputs(".TP\n.B ", out);
	put_roff(out, name);
	fputc('\n', out);
	put_roff(out, about);
	fprintf(out, "%s\n", more);
}

/* The end of every page; `but` is the command that the page describes, or NULL. */
static void put_end(
	FILE *out, const struct command *but, const struct command *const *cmds, size_t n)
{
	const char *gap = but ? ", " : "";

	fputs(".SH ENVIRONMENT\n", out);
	for (size_t i = 0; i < ARRAY_SIZE(environment); i++)
		put_term(out, environment[i].name, environment[i].about, "");
	fputs(".SH FILES\n", out);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		put_term(out, files[i].name, files[i].about, "");
	fprintf(out,
		".SH EXIT STATUS\n0: fine. 1: a finding. 2: the work could not be done. "
		"64: the command line is wrong. After an interrupt, the signal's.\n"
		".SH SEE ALSO\n%s",
		but ? "\\fBsolder\\fR(1)" : "");
	for (size_t i = 0; i < n; i++) {
		if (cmds[i] == but)
			continue;
		fprintf(out, "%s\\fBsolder\\-%s\\fR(1)", gap, cmds[i]->name);
		gap = ", ";
	}
	fputs("\n", out);
}

static void put_option(FILE *out, const struct opt *o)
{
	CLEANUP_FREE char *left = format_option(o);

	put_term(out, left + strspn(left, " "), o->help, repeats(o));
}

static void put_options(FILE *out, const struct opt *opts, size_t n)
{
	fputs(".SH OPTIONS\n", out);
	for (size_t i = 0; i < n; i++)
		put_option(out, &opts[i]);
	for (size_t i = 0; i < opt_n_globals; i++)
		put_option(out, &opt_globals[i]);
	put_option(out, &help_itself);
}

static void put_about(FILE *out, const char *about)
{
	for (size_t n; *about; about += n + strspn(about + n, "\n")) {
		size_t term = term_column(about);
		CLEANUP_FREE char *part = NULL;

		n = part_length(about);
		part = xstrndup(about, n);
		if (term)
			fprintf(out, ".TP\n.B %.*s\n", (int)strcspn(part, " "), part);
		put_roff(out, part + term);
		fputs(about[n] && about[n + 1] == '\n' ? "\n.PP\n" : "\n", out);
	}
}

void usage_man(FILE *out, const struct command *cmd, const struct command *const *cmds, size_t n)
{
	CLEANUP_STRV struct strv lines = STRV_INIT;

	fprintf(out, ".TH SOLDER\\-%s 1 \"\" \"solder %s\" \"solder manual\"\n.SH NAME\n",
		cmd->name, SOLDER_VERSION);
	fprintf(out, "solder\\-%s \\- ", cmd->name);
	put_roff(out, cmd->summary);
	fprintf(out, "\n.SH SYNOPSIS\n.B solder %s\n%s", cmd->name,
		cmd->n_opts ? "[\\fIOPTION\\fR]... " : "");
	put_roff(out, cmd->args);
	fputs("\n.SH DESCRIPTION\n", out);
	put_about(out, cmd->about);
	put_options(out, cmd->opts, cmd->n_opts);
	if (cmd->example) {
		fputs(".SH EXAMPLES\n.nf\n", out);
		strv_split(&lines, cmd->example, "\n");
		for (size_t i = 0; i < lines.n; i++) {
			put_roff(out, lines.v[i]);
			fputc('\n', out);
		}
		fputs(".fi\n", out);
	}
	put_end(out, cmd, cmds, n);
}

void usage_man_all(FILE *out, const char *about, const struct command *const *cmds, size_t n)
{
	fprintf(out, ".TH SOLDER 1 \"\" \"solder %s\" \"solder manual\"\n.SH NAME\n",
		SOLDER_VERSION);
	fputs("solder \\- build, check, measure and pack relocatable Pythons\n.SH SYNOPSIS\n"
	      ".B solder\n\\fICOMMAND\\fR [\\fIOPTION\\fR]... [\\fIARGUMENT\\fR]...\n.SH "
	      "DESCRIPTION\n",
		out);
	put_roff(out, about);
	fputs("\n.SH COMMANDS\n", out);
	for (size_t i = 0; i < n; i++) {
		fprintf(out, ".TP\n.BR solder\\-%s (1)\n", cmds[i]->name);
		put_roff(out, cmds[i]->summary);
		fputc('\n', out);
	}
	put_options(out, NULL, 0);
	fputs(".TP\n.B \\-V, \\-\\-version\nshow the version\n", out);
	put_end(out, NULL, cmds, n);
}
