/* Probes in `solder check`. */
#include <stdlib.h>
#include <string.h>

#include "base/data.h"
#include "base/file.h"
#include "cmd/check-internal.h"
#include "cmd/cmd.h"

int cmd_check_probes(
	const struct probe_values *v, const struct python *dist, json_t *model, struct err *err)
{
	CLEANUP_FREE char *probes_dir = NULL, *scratch = NULL;
	struct check_probe_options options = {
		.only = &v->ids, .against = v->against, .install_consumers = v->install_consumers};
	struct err ignored = ERR_INIT;
	struct progress *progress;
	int r;

	if (data_folder("probes", NULL, &probes_dir, err) < 0)
		return -1;
	scratch = cmd_scratch_exec("check", err);
	if (!scratch)
		return -1;
	options.scratch = scratch;
	options.probes_dir = probes_dir;
	progress = progress_new(stderr, PROGRESS_AUTO);
	r = check_probes(dist, &options, progress, model, err);
	progress_free(progress);
	if (tree_remove(scratch, r < 0 ? &ignored : err) < 0)
		return -1;
	return r;
}

void cmd_check_add_probes(struct doc *doc, const json_t *probes, bool all)
{
	static const struct doc_column columns[] = {{"verdict", DOC_VERDICT}, {"probe", 0},
		{"link", 0}, {"seen", DOC_WRAP}, {"why", DOC_WRAP}};

	if (!json_array_size(probes))
		return;
	doc_table(doc, "Probes", columns, ARRAY_SIZE(columns));
	for (size_t i = 0; i < json_array_size(probes); i++) {
		const json_t *p = json_array_get(probes, i);
		const char *const cells[] = {cmd_text(p, "verdict"), cmd_text(p, "id"),
			cmd_text(p, "link"), cmd_text(p, "seen"), cmd_text(p, "why")};

		if (!all && !strcmp(cells[0], "pass"))
			continue;
		doc_row(doc, cells);
		doc_cell_tone(doc, 0, check_verdict_tone(cells[0]));
	}
	for (size_t i = 0; i < json_array_size(probes); i++) {
		const json_t *p = json_array_get(probes, i);
		CLEANUP_FREE char *label =
			xasprintf("%s, %s", cmd_text(p, "id"), cmd_text(p, "link"));
		const json_t *crashes = json_object_get(p, "crashes");
		bool failed = !strcmp(cmd_text(p, "verdict"), "fail");

		for (size_t k = 0; (failed || all) && k < json_array_size(crashes); k++)
			doc_text(doc, "%s: %s", label,
				json_string_value(json_array_get(crashes, k)));
		if (failed)
			doc_listing(doc, label, cmd_text(p, "log"));
	}
}
