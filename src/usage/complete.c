/* Completion of command lines in shells, from the tables of options. */
#include <ctype.h>
#include <string.h>

#include "usage/usage.h"

/* Which list of `solder list` a placeholder stands for. */
static const struct {
	const char *placeholder, *list;
} lists[] = {{"RULE", "rules"}, {"PROBE", "probes"}, {"WORKLOADS", "workloads"},
	{"FACTORS", "interventions"}};

static const char *list_of(const struct opt *o)
{
	for (size_t i = 0; o->arg && i < ARRAY_SIZE(lists); i++) {
		if (!strcmp(o->arg, lists[i].placeholder))
			return lists[i].list;
	}
	return NULL;
}

static bool takes_programs(const char *args)
{
	return args && strstr(args, "PYTHON");
}

static void add_alternatives(struct buf *words, const char *choices)
{
	for (const char *p = choices; *p; p++)
		buf_add(words, *p == '|' ? " " : p, strchr("[].", *p) ? 0 : 1);
}

/* The words that a command has to choose from as arguments: "bash zsh fish", the names of commands,
 * or none. */
static void add_words(
	struct buf *words, const struct command *cmd, const struct command *const *cmds, size_t n)
{
	buf_adds(words, "");
	if (strstr(cmd->args, "COMMAND")) {
		for (size_t i = 0; i < n; i++)
			buf_addf(words, "%s%s", i ? " " : "", cmds[i]->name);
	} else if (strchr(cmd->args, '|') && islower((unsigned char)cmd->args[*cmd->args == '['])) {
		add_alternatives(words, cmd->args);
	}
}

/* The beginning of bash's script. "--opt=value" is three words for bash and one for
 * zsh, where `head` keeps what stands before the value. */
static const char bash_begin[] =
	"_solder_words() {\n"
	"\tCOMPREPLY=($(compgen -P \"$head\" -W \"$1\" -- \"$cur\"))\n}\n"
	"# Of names that commas separate the last one.\n"
	"_solder_list() {\n"
	"\tcase $cur in *,*) head=$head${cur%,*}, cur=${cur##*,} ;; esac\n"
	"\t_solder_words \"$(solder list \"$1\" --names 2>/dev/null)\"\n}\n"
	"# Names may have blanks.\n"
	"_solder_files() {\n"
	"\tlocal IFS=$'\\n'\n"
	"\tCOMPREPLY=($(compgen -P \"$head\" -f -- \"$cur\"))\n}\n"
	"_solder_programs() {\n"
	"\tlocal IFS=$'\\n'\n"
	"\t_solder_files\n"
	"\tcase $cur in '' | */*) return ;; esac\n"
	"\tCOMPREPLY+=($(compgen -P \"$head\" -c -- \"$cur\" | sort -u))\n}\n"
	"_solder() {\n"
	"\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} head= "
	"command= i=1\n"
	"\tCOMPREPLY=()\n"
	"\tif [ \"$cur\" = = ]; then\n\t\tcur=\n"
	"\telif [ \"$prev\" = = ]; then\n\t\tprev=${COMP_WORDS[COMP_CWORD-2]}\n"
	"\telse\n\t\tcase $cur in *=*) head=${cur%%=*}= prev=${cur%%=*} cur=${cur#*=} ;; esac\n"
	"\tfi\n"
	"\twhile [ \"$i\" -lt \"$COMP_CWORD\" ] && [ -z \"$command\" ]; do\n"
	"\t\tcase ${COMP_WORDS[i]} in\n"
	"\t\t--color) i=$((i + 1)); [ \"${COMP_WORDS[i]}\" != = ] || i=$((i + 1)) ;;\n"
	"\t\t-*) ;;\n"
	"\t\t*) command=${COMP_WORDS[i]} ;;\n"
	"\t\tesac\n"
	"\t\ti=$((i + 1))\n"
	"\tdone\n"
	"\tcase $command:$prev in\n";

static void bash_value(FILE *out, const char *command, const struct opt *o)
{
	CLEANUP_BUF struct buf words = BUF_INIT;

	if (o->kind == OPT_FLAG)
		return;
	fprintf(out, "\t%s:--%s", command, o->name);
	if (o->letter)
		fprintf(out, " | %s:-%c", command, o->letter);
	fputs(") ", out);
	if (o->kind == OPT_CHOICE) {
		add_alternatives(&words, o->arg);
		fprintf(out, "_solder_words \"%s\"; ", words.data);
	} else if (list_of(o)) {
		fprintf(out, "_solder_list %s; ", list_of(o));
	} else if (o->kind != OPT_COUNT) {
		fprintf(out, "_solder_%s; ", takes_programs(o->arg) ? "programs" : "files");
	}
	fputs("return ;;\n", out);
}

static void bash_names(FILE *out, const struct command *cmd)
{
	for (size_t i = 0; cmd && i < cmd->n_opts; i++)
		fprintf(out, "--%s ", cmd->opts[i].name);
	for (size_t i = 0; i < opt_n_globals; i++)
		fprintf(out, "--%s ", opt_globals[i].name);
	fprintf(out, "--help%s\"", cmd ? "" : " --version");
}

static void complete_bash(FILE *out, const struct command *const *cmds, size_t n)
{
	fputs(bash_begin, out);
	for (size_t i = 0; i < opt_n_globals; i++)
		bash_value(out, "*", &opt_globals[i]);
	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < cmds[i]->n_opts; j++)
			bash_value(out, cmds[i]->name, &cmds[i]->opts[j]);
	}
	fputs("\tesac\n\tcase $command:$cur in\n\t:*) _solder_words \"", out);
	for (size_t i = 0; i < n; i++)
		fprintf(out, "%s ", cmds[i]->name);
	bash_names(out, NULL);
	fputs(" ;;\n", out);
	for (size_t i = 0; i < n; i++) {
		CLEANUP_BUF struct buf words = BUF_INIT;

		fprintf(out, "\t%s:-*) _solder_words \"", cmds[i]->name);
		bash_names(out, cmds[i]);
		fputs(" ;;\n", out);
		add_words(&words, cmds[i], cmds, n);
		if (words.len)
			fprintf(out, "\t%s:*) _solder_words \"%s\" ;;\n", cmds[i]->name,
				words.data);
		else if (takes_programs(cmds[i]->args))
			fprintf(out, "\t%s:*) _solder_programs ;;\n", cmds[i]->name);
	}
	fputs("\t*) _solder_files ;;\n\tesac\n}\ncomplete -o filenames -F _solder solder\n", out);
}

static void fish_option(FILE *out, const char *when, const struct opt *o)
{
	CLEANUP_BUF struct buf words = BUF_INIT;

	fprintf(out, "complete -c solder%s -l %s", when, o->name);
	if (o->letter)
		fprintf(out, " -s %c", o->letter);
	if (o->kind == OPT_CHOICE) {
		add_alternatives(&words, o->arg);
		fprintf(out, " -x -a \"%s\"", words.data);
	} else if (list_of(o)) {
		fprintf(out, " -x -a \"(__fish_complete_list , 'solder list %s --names')\"",
			list_of(o));
	} else if (o->kind == OPT_COUNT) {
		fputs(" -x", out);
	} else if (o->kind != OPT_FLAG) {
		fprintf(out, " -r%s",
			takes_programs(o->arg) ? " -a \"(__fish_complete_command)\"" : "");
	}
	fprintf(out, " -d \"%s\"\n", o->help);
}

static void complete_fish(FILE *out, const struct command *const *cmds, size_t n)
{
	for (size_t i = 0; i < opt_n_globals; i++)
		fish_option(out, "", &opt_globals[i]);
	for (size_t i = 0; i < n; i++) {
		CLEANUP_FREE char *when =
			xasprintf(" -n '__fish_seen_subcommand_from %s'", cmds[i]->name);
		CLEANUP_BUF struct buf words = BUF_INIT;

		fprintf(out, "complete -c solder -n __fish_use_subcommand -f -a %s -d \"%s\"\n",
			cmds[i]->name, cmds[i]->summary);
		add_words(&words, cmds[i], cmds, n);
		if (words.len)
			fprintf(out, "complete -c solder%s -f -a \"%s\"\n", when, words.data);
		else if (takes_programs(cmds[i]->args))
			fprintf(out, "complete -c solder%s -a \"(__fish_complete_command)\"\n",
				when);
		for (size_t j = 0; j < cmds[i]->n_opts; j++)
			fish_option(out, when, &cmds[i]->opts[j]);
	}
}

int usage_completion(
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
