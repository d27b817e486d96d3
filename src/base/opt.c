#include "base/opt.h"

#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define WORD_MAX 63

/* Levenshtein's distance; words that are too long count as far away. */
static size_t distance(const char *a, const char *b)
{
	size_t la = strlen(a), lb = strlen(b), row[WORD_MAX + 1];

	if (la > WORD_MAX || lb > WORD_MAX)
		return SIZE_MAX;
	for (size_t j = 0; j <= lb; j++)
		row[j] = j;
	for (size_t i = 1; i <= la; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= lb; j++) {
			size_t up = row[j], best = diagonal + (a[i - 1] != b[j - 1]);

			if (up + 1 < best)
				best = up + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			diagonal = up;
			row[j] = best;
		}
	}
	return row[lb];
}

const char *opt_nearest(const char *word, const char *const *names, size_t n)
{
	const char *best = NULL;
	size_t best_distance = strlen(word) / 3 + 2;

	for (size_t i = 0; i < n; i++) {
		size_t d = distance(word, names[i]);

		if (d < best_distance) {
			best_distance = d;
			best = names[i];
		}
	}
	return best;
}

static const struct opt *find_long(const struct command *cmd, const char *name, size_t n)
{
	for (size_t i = 0; i < cmd->n_opts; i++) {
		if (strlen(cmd->opts[i].name) == n && !strncmp(cmd->opts[i].name, name, n))
			return &cmd->opts[i];
	}
	return NULL;
}

static const struct opt *find_short(const struct command *cmd, char letter)
{
	for (size_t i = 0; i < cmd->n_opts; i++) {
		if (cmd->opts[i].letter == letter)
			return &cmd->opts[i];
	}
	return NULL;
}

static int unknown(const struct command *cmd, const char *word, struct err *err)
{
	const char *names[64], *near;
	size_t n = 0;

	for (; n < cmd->n_opts && n < ARRAY_SIZE(names); n++)
		names[n] = cmd->opts[n].name;
	err_set(err, ERR_USAGE, "'%s' is not an option of 'solder %s'", word, cmd->name);
	near = opt_nearest(word + strspn(word, "-"), names, n);
	if (near)
		return err_hint(err, "did you mean '--%s'?", near);
	return err_hint(err, "'solder %s --help' lists the options", cmd->name);
}

static bool is_choice(const char *choices, const char *value)
{
	size_t n = strcspn(value, "|");

	if (value[n])
		return false;
	for (const char *p = choices; p && n; p = strchr(p, '|') ? strchr(p, '|') + 1 : NULL) {
		if (!strncmp(p, value, n) && (p[n] == '|' || !p[n]))
			return true;
	}
	return false;
}

static int store(const struct opt *o, const char *value, void *values, struct err *err)
{
	void *slot = (char *)values + o->offset;
	char *end;
	unsigned long number;

	switch (o->kind) {
	case OPT_FLAG:
		*(bool *)slot = true;
		return 0;
	case OPT_CHOICE:
		if (!is_choice(o->arg, value))
			return err_set(err, ERR_USAGE, "--%s cannot be '%s', only %s", o->name,
				value, o->arg);
		*(const char **)slot = value;
		return 0;
	case OPT_STRING:
		if (!*value)
			return err_set(err, ERR_USAGE, "--%s needs a %s", o->name, o->arg);
		*(const char **)slot = value;
		return 0;
	case OPT_COUNT:
		errno = 0;
		number = strtoul(value, &end, 10);
		if (errno || end == value || *end || *value == '-' || number < 1 || number > 4096)
			return err_set(err, ERR_USAGE,
				"--%s takes a number from 1 to 4096, not '%s'", o->name, value);
		*(unsigned int *)slot = (unsigned int)number;
		return 0;
	case OPT_LIST:
		if (!*value)
			return err_set(err, ERR_USAGE, "--%s needs a value: %s", o->name, o->arg);
		strv_add(slot, value);
		return 0;
	}
	bug("option '%s' has no kind", o->name);
}

/* Handles argv[*i], which begins with '-'; moves *i to the last word that it used up. */
static int parse_option(
	const struct command *cmd, char **argv, size_t *i, void *values, struct err *err)
{
	const char *word = argv[*i], *value = NULL;
	const struct opt *o;

	if (word[1] == '-') {
		size_t n = strcspn(word + 2, "=");

		o = find_long(cmd, word + 2, n);
		if (word[2 + n] == '=')
			value = word + 3 + n;
	} else {
		o = find_short(cmd, word[1]);
		if (word[2])
			value = word + 2;
	}
	if (!o || (o->kind == OPT_FLAG && value && word[1] != '-'))
		return unknown(cmd, word, err);
	if (o->kind == OPT_FLAG && value)
		return err_set(err, ERR_USAGE, "--%s takes no value", o->name);
	if (o->kind != OPT_FLAG && !value) {
		value = argv[*i + 1];
		if (!value)
			return err_set(err, ERR_USAGE, "--%s needs a value: %s", o->name, o->arg);
		++*i;
	}
	return store(o, value, values, err);
}

int opt_parse(
	const struct command *cmd, char **argv, void *values, struct strv *args, struct err *err)
{
	bool options = true;

	if (cmd->defaults)
		cmd->defaults(values);
	for (size_t i = 0; argv[i]; i++) {
		if (!options || argv[i][0] != '-' || !argv[i][1]) {
			strv_add(args, argv[i]);
		} else if (!strcmp(argv[i], "--")) {
			options = false;
		} else if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h")) {
			return 1;
		} else if (parse_option(cmd, argv, &i, values, err) < 0) {
			if (!err->hint[0])
				err_hint(err, "see 'solder %s --help'", cmd->name);
			return -1;
		}
	}
	if (args->n < cmd->min_args || args->n > cmd->max_args) {
		err_set(err, ERR_USAGE, "'solder %s' takes %s%s", cmd->name,
			*cmd->args ? cmd->args : "no arguments",
			args->n > cmd->max_args ? ", and no more" : "");
		return err_hint(err, "see 'solder %s --help'", cmd->name);
	}
	return 0;
}

void opt_release(const struct command *cmd, void *values)
{
	for (size_t i = 0; i < cmd->n_opts; i++) {
		if (cmd->opts[i].kind == OPT_LIST)
			strv_release((struct strv *)((char *)values + cmd->opts[i].offset));
	}
}

/* What takes many values says so. */
static const char *repeats(const struct opt *o)
{
	return o->kind == OPT_LIST ? "; may be repeated" : "";
}

static void format_option(const struct opt *o, char *out, size_t size)
{
	char letter[8] = "    ";

	if (o->letter)
		snprintf(letter, sizeof(letter), "-%c, ", o->letter);
	if (o->kind == OPT_FLAG)
		snprintf(out, size, "%s--%s", letter, o->name);
	else
		snprintf(out, size, "%s--%s %s", letter, o->name, o->arg);
}

void opt_help(FILE *out, const struct command *cmd)
{
	char left[128];

	fprintf(out, "Usage: solder %s%s%s%s\n\n%s\n", cmd->name, cmd->n_opts ? " [OPTION]..." : "",
		*cmd->args ? " " : "", cmd->args, cmd->about);
	fputs("\nOptions:\n", out);
	for (size_t i = 0; i < cmd->n_opts; i++) {
		format_option(&cmd->opts[i], left, sizeof(left));
		if (strlen(left) > 34)
			fprintf(out, "  %s\n  %-34s  %s%s\n", left, "", cmd->opts[i].help,
				repeats(&cmd->opts[i]));
		else
			fprintf(out, "  %-34s  %s%s\n", left, cmd->opts[i].help,
				repeats(&cmd->opts[i]));
	}
	fprintf(out, "  %-34s  %s\n", "-h, --help", "show this text");
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

static const char exit_status[] =
	".SH EXIT STATUS\n0: fine. 1: a finding. 2: the work could not be done. "
	"64: the command line is wrong. After an interrupt, the signal's.\n";

void opt_man(FILE *out, const struct command *cmd)
{
	CLEANUP_STRV struct strv lines = STRV_INIT;
	char left[128];

	fprintf(out, ".TH SOLDER\\-%s 1 \"\" \"solder %s\" \"solder manual\"\n.SH NAME\n",
		cmd->name, SOLDER_VERSION);
	fprintf(out, "solder\\-%s \\- ", cmd->name);
	put_roff(out, cmd->summary);
	fprintf(out, "\n.SH SYNOPSIS\n.B solder %s\n%s", cmd->name,
		cmd->n_opts ? "[\\fIOPTION\\fR]... " : "");
	put_roff(out, cmd->args);
	fputs("\n.SH DESCRIPTION\n", out);
	for (const char *p = cmd->about; *p;) {
		const char *gap = strstr(p, "\n\n");
		CLEANUP_FREE char *part = gap ? xstrndup(p, (size_t)(gap - p)) : xstrdup(p);

		put_roff(out, part);
		fputs(gap ? "\n.PP\n" : "\n", out);
		p += strlen(part) + (gap ? 2 : 0);
	}
	fputs(".SH OPTIONS\n", out);
	for (size_t i = 0; i < cmd->n_opts; i++) {
		format_option(&cmd->opts[i], left, sizeof(left));
		fputs(".TP\n.B ", out);
		put_roff(out, left + strspn(left, " "));
		fputc('\n', out);
		put_roff(out, cmd->opts[i].help);
		fprintf(out, "%s\n", repeats(&cmd->opts[i]));
	}
	fputs(".TP\n.B \\-h, \\-\\-help\nshow a text like this\n", out);
	if (cmd->example) {
		fputs(".SH EXAMPLES\n.nf\n", out);
		strv_split(&lines, cmd->example, "\n");
		for (size_t i = 0; i < lines.n; i++) {
			put_roff(out, lines.v[i]);
			fputc('\n', out);
		}
		fputs(".fi\n", out);
	}
	fputs(exit_status, out);
}

void opt_man_all(FILE *out, const char *about, const struct command *const *cmds, size_t n)
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
	fputs(exit_status, out);
}

/* The words that a command has to choose from as arguments: "bash zsh fish", the names of commands,
 * or none. */
static void add_words(
	struct buf *words, const struct command *cmd, const struct command *const *cmds, size_t n)
{
	buf_adds(words, "");
	if (!strcmp(cmd->args, "COMMAND")) {
		for (size_t i = 0; i < n; i++)
			buf_addf(words, "%s%s", i ? " " : "", cmds[i]->name);
	} else if (strchr(cmd->args, '|') && islower((unsigned char)*cmd->args)) {
		buf_adds(words, cmd->args);
		buf_replace(words, "|", " ");
	}
}

static void complete_bash(FILE *out, const struct command *const *cmds, size_t n)
{
	fputs("_solder() {\n\tlocal cur=${COMP_WORDS[COMP_CWORD]} "
	      "prev=${COMP_WORDS[COMP_CWORD-1]}\n"
	      "\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n\t\tCOMPREPLY=($(compgen -W \"",
		out);
	for (size_t i = 0; i < n; i++)
		fprintf(out, "%s ", cmds[i]->name);
	fputs("--help --version\" -- \"$cur\"))\n\t\treturn\n\tfi\n"
	      "\tcase ${COMP_WORDS[1]}:$prev in\n",
		out);
	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < cmds[i]->n_opts; j++) {
			const struct opt *o = &cmds[i]->opts[j];
			CLEANUP_BUF struct buf words = BUF_INIT;

			if (o->kind != OPT_CHOICE)
				continue;
			buf_adds(&words, o->arg);
			buf_replace(&words, "|", " ");
			fprintf(out,
				"\t%s:--%s) COMPREPLY=($(compgen -W \"%s\" -- \"$cur\")); return "
				";;\n",
				cmds[i]->name, o->name, words.data);
		}
	}
	fputs("\tesac\n\tcase ${COMP_WORDS[1]}:$cur in\n", out);
	for (size_t i = 0; i < n; i++) {
		fprintf(out, "\t%s:-*) COMPREPLY=($(compgen -W \"", cmds[i]->name);
		for (size_t j = 0; j < cmds[i]->n_opts; j++)
			fprintf(out, "--%s ", cmds[i]->opts[j].name);
		fputs("--help\" -- \"$cur\")) ;;\n", out);
	}
	for (size_t i = 0; i < n; i++) {
		CLEANUP_BUF struct buf words = BUF_INIT;

		add_words(&words, cmds[i], cmds, n);
		if (words.len)
			fprintf(out, "\t%s:*) COMPREPLY=($(compgen -W \"%s\" -- \"$cur\")) ;;\n",
				cmds[i]->name, words.data);
	}
	/* Names may have blanks. */
	fputs("\t*)\n\t\tlocal IFS=$'\\n'\n"
	      "\t\tCOMPREPLY=($(compgen -f -- \"$cur\"))\n\t\t;;\n\tesac\n}\n"
	      "complete -o filenames -F _solder solder\n",
		out);
}

static void complete_fish(FILE *out, const struct command *const *cmds, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		CLEANUP_BUF struct buf arguments = BUF_INIT;

		fprintf(out, "complete -c solder -n __fish_use_subcommand -f -a %s -d \"%s\"\n",
			cmds[i]->name, cmds[i]->summary);
		add_words(&arguments, cmds[i], cmds, n);
		if (arguments.len)
			fprintf(out,
				"complete -c solder -n '__fish_seen_subcommand_from %s' -f -a "
				"\"%s\"\n",
				cmds[i]->name, arguments.data);
		for (size_t j = 0; j < cmds[i]->n_opts; j++) {
			const struct opt *o = &cmds[i]->opts[j];
			CLEANUP_BUF struct buf words = BUF_INIT;

			fprintf(out, "complete -c solder -n '__fish_seen_subcommand_from %s' -l %s",
				cmds[i]->name, o->name);
			if (o->letter)
				fprintf(out, " -s %c", o->letter);
			if (o->kind == OPT_CHOICE) {
				buf_adds(&words, o->arg);
				buf_replace(&words, "|", " ");
				fprintf(out, " -x -a \"%s\"", words.data);
			} else if (o->kind != OPT_FLAG) {
				fputs(" -r", out);
			}
			fprintf(out, " -d \"%s\"\n", o->help);
		}
	}
}

int opt_completion(
	FILE *out, const char *shell, const struct command *const *cmds, size_t n, struct err *err)
{
	if (!strcmp(shell, "bash")) {
		complete_bash(out, cmds, n);
	} else if (!strcmp(shell, "zsh")) {
		fputs("#compdef solder\nautoload -U +X bashcompinit && bashcompinit\n", out);
		complete_bash(out, cmds, n);
	} else if (!strcmp(shell, "fish")) {
		complete_fish(out, cmds, n);
	} else {
		err_set(err, ERR_USAGE, "no completion for the shell '%s'", shell);
		return err_hint(err, "there is one for bash, zsh and fish");
	}
	return 0;
}
