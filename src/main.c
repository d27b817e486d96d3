/* solder: the command table, global options, exit codes. */
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/interrupt.h"
#include "usage/usage.h"
#include "base/term.h"
#include "cmd/cmd.h"

#define EXIT_TROUBLE 2
#define EXIT_USAGE 64

#define COMMAND(name) &cmd_##name,
const struct command *const commands[] = {COMMANDS(COMMAND)};
const size_t n_commands = ARRAY_SIZE(commands);

static void print_help(FILE *out)
{
	fprintf(out, "%s\n\nUsage: solder COMMAND [OPTION]... [ARGUMENT]...\n\nCommands:\n",
		solder_about);
	for (size_t i = 0; i < n_commands; i++)
		term_line(out, "  %-12s %s", commands[i]->name, commands[i]->summary);
	fputs("\nOptions:\n", out);
	usage_help_globals(out);
	fputs("  -h, --help                show this text, or with a command its own\n"
	      "  -V, --version             show the version\n\n"
	      "Exit codes: 0 fine, 1 a finding, 2 the work could not be done, 64 usage.\n",
		out);
}

static int run_command(const struct command *cmd, char **argv, struct err *err)
{
	CLEANUP_FREE void *values = xcalloc(1, cmd->values_size);
	CLEANUP_STRV struct strv args = STRV_INIT;
	int result = opt_parse(cmd, argv, values, &args, err);

	if (result > 0) {
		usage_help(stdout, cmd);
		result = 0;
	} else if (result == 0) {
		result = cmd->run(values, &args, err);
	}
	opt_release(cmd, values);
	return result;
}

static int no_command(const char *name, struct err *err)
{
	const char *names[ARRAY_SIZE(commands)], *near;

	for (size_t i = 0; i < n_commands; i++)
		names[i] = commands[i]->name;
	err_set(err, ERR_USAGE, "there is no command '%s'", name);
	near = nearest_name(name, names, n_commands);
	return near ? err_hint(err, "did you mean 'solder %s'?", near)
		    : err_hint(err, "'solder --help' lists the commands");
}

/* Keeps files that we open off descriptors 0 to 2; output to a closed one still fails. */
static void occupy_standard(void)
{
	for (int fd = 0; fd <= 2; fd++) {
		if (fcntl(fd, F_GETFD) < 0)
			open("/dev/null", fd ? O_RDONLY : O_WRONLY);
	}
}

/* Returns the exit code. */
static int finish(int result, struct err *err)
{
	bool colour = term_colour(stderr);
	struct err lost = ERR_INIT;

	if (term_finish(&lost) < 0 && result >= 0) {
		*err = lost;
		result = -1;
	}
	/* Whatever the result: a child that was interrupted with us may have looked like an answer.
	 */
	if (interrupt_check(err) < 0)
		result = -1;
	if (result >= 0)
		return result;
	term_block(stderr, colour ? TERM_ALARM : TERM_PLAIN, "solder:", err->msg);
	if (err->hint[0])
		term_block(stderr, colour ? TERM_BOLD : TERM_PLAIN, "hint:", err->hint);
	/* An interrupt ends us as if we had not caught it, so that the shell knows. */
	if (err->code == ERR_INTERRUPTED && interrupt_signal()) {
		signal(interrupt_signal(), SIG_DFL);
		raise(interrupt_signal());
	}
	return err->code == ERR_USAGE ? EXIT_USAGE : EXIT_TROUBLE;
}

static bool is_word(const char *word, const char *letter, const char *name)
{
	return !strcmp(word, letter) || !strcmp(word, name);
}

int main(int argc, char **argv)
{
	static char help[] = "--help";
	struct err err = ERR_INIT;
	const struct command *cmd;
	size_t at = 1;

	occupy_standard();
	term_open();
	/* Our files are readable by all and writable by us, whatever the caller's umask. */
	umask(022);
	setlocale(LC_CTYPE, "");
	interrupt_install();
	/* Options that every command takes may stand before its name. */
	for (; argc > 1 && argv[at] && argv[at][0] == '-' && argv[at][1]; at++) {
		int got = opt_global(argv, &at, &err);

		if (got < 0)
			return finish(-1, &err);
		if (!got)
			break;
	}
	if (argc < 2 || !argv[at]) {
		print_help(stderr);
		return EXIT_USAGE;
	}
	argv += at;
	if (is_word(argv[0], "-h", "--help") || (!strcmp(argv[0], "help") && !argv[1])) {
		print_help(stdout);
		return finish(0, &err);
	}
	if (is_word(argv[0], "-V", "--version")) {
		term_line(stdout, "solder %s", SOLDER_VERSION);
		return finish(0, &err);
	}
	if (!strcmp(argv[0], "help")) {
		argv[0] = argv[1];
		argv[1] = help;
	}
	cmd = cmd_find(argv[0]);
	return finish(cmd ? run_command(cmd, argv + 1, &err) : no_command(argv[0], &err), &err);
}
