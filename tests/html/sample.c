/* Prints a page with every element that a report can hold, made up but like real ones: what the
 * browser test opens. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "report/report.h"

#define ROUNDS 40
#define WORKLOADS 40

/* The same numbers everywhere. */
static double noise(void)
{
	static uint32_t state = 12345;
	double sum = 0;

	for (int i = 0; i < 12; i++) {
		state = state * 1664525 + 1013904223;
		sum += (state >> 8) / 16777216.0;
	}
	return sum - 6;
}

static void add_violins(struct doc *doc)
{
	static double ratios[4][WORKLOADS];
	static const double means[] = {1.001, 1.006, 1.093, NAN};
	static const char *const names[] = {
		"copy of static", "shared, initial-exec", "shared, general-dynamic", "crashed"};
	const struct chart_words words = {"Time of each workload relative to static",
		"One violin for each arm. Only general-dynamic lies clear of 1.", "faster",
		"slower"};
	struct chart_arm arms[4];
	char *svg;

	for (int a = 0; a < 4; a++) {
		for (int i = 0; i < WORKLOADS; i++)
			ratios[a][i] = means[a] * exp(noise() * (a == 2 ? 0.035 : 0.008));
		arms[a] = (struct chart_arm){names[a], ratios[a], WORKLOADS, means[a],
			means[a] * 0.996, means[a] * 1.004};
	}
	svg = chart_violins(&words, arms, 4);
	doc_picture(doc, svg,
		"Each violin holds 40 workloads; the bar is the 95 % interval of the "
		"geometric mean.",
		true);
	free(svg);
}

static void add_forest(struct doc *doc)
{
	static char names[WORKLOADS][64];
	struct chart_interval rows[WORKLOADS + 1];
	const struct chart_words words = {"shared, general-dynamic against static",
		"Forty workloads with intervals, and their mean: slower by 9.3 %.", "faster",
		"slower"};
	char *svg;

	for (int i = 0; i < WORKLOADS; i++) {
		double point = 1.06 + 0.04 * noise(), half = 0.006 + 0.004 * fabs(noise());

		snprintf(names[i], sizeof(names[i]),
			i == 7 ? "import_of_a_heavy_set_of_the_standard_library_%d" : "workload_%d",
			i);
		rows[i] = (struct chart_interval){names[i], point, point - half, point + half,
			point - half > 1.01                      ? DOC_BAD
			: point + half < 0.99                    ? DOC_GOOD
			: half < 0.01 && fabs(point - 1) < 0.005 ? DOC_PLAIN
								 : DOC_DOUBT,
			false};
	}
	rows[3].high = 1.9;
	rows[5].point = NAN;
	rows[WORKLOADS] =
		(struct chart_interval){"geometric mean", 1.093, 1.089, 1.097, DOC_BAD, true};
	svg = chart_forest(&words, rows, WORKLOADS + 1, 0.01);
	doc_picture(doc, svg,
		"Points with 95 % intervals. Within the band of ±1 % arms count as equal.", false);
	free(svg);
}

static void add_rounds(struct doc *doc)
{
	double steal[ROUNDS], load[ROUNDS];
	bool dropped[ROUNDS] = {false};
	struct chart_series series[] = {{"Steal", "%", steal, 1.5}, {"Load", "", load, NAN}};
	const struct chart_words words = {"Noise over the rounds",
		"Three rounds were above the limit and dropped for all arms.", NULL, NULL};
	char *svg;

	for (int i = 0; i < ROUNDS; i++) {
		steal[i] = 0.3 + 0.25 * fabs(noise());
		load[i] = 1.05 + 0.05 * noise();
	}
	steal[11] = 4.2, steal[12] = 2.9, steal[30] = 1.8, load[20] = NAN;
	dropped[11] = dropped[12] = dropped[30] = true;
	svg = chart_rounds(&words, series, 2, dropped, ROUNDS);
	doc_picture(doc, svg, NULL, false);
	free(svg);
}

static void add_causes(struct doc *doc)
{
	static const struct chart_part parts[] = {
		{"thread-local access through __tls_get_addr", 7.9, DOC_PLAIN},
		{"PLT calls to its own library", 1.2, DOC_PLAIN},
		{"GOT loads", 0.6, DOC_PLAIN},
		{"entry and exit of functions that were inlined", -0.8, DOC_PLAIN},
		{"unexplained", 0.4, DOC_DOUBT},
	};
	static const char *const names[] = {"all other work of the interpreter",
		"registers to and from the stack", "entry and exit of functions",
		"call instructions", "thread-local access",
		"a cause with a name that is longer than any other here and goes on",
		"stack protector", "C library", "loader", "markers"};
	static const double values[] = {1893221, 402118, 391002, 88013, 71000, 65000, 41000, 2200,
		800, 3, 1760000, 410000, 380000, 90000, 140000, 64000, 41000, 2200, 0, NAN};
	static const char *const bars[] = {"interpreter", "libpython.so"};
	const struct chart_words waterfall = {"Executed instructions, share of static",
		"Of 9.3 %, thread-local access makes 7.9.", NULL, NULL};
	const struct chart_words sites = {"Where they are executed", NULL, NULL, NULL};
	char *svg = chart_waterfall(&waterfall, "%", parts, 5, "shared against static");

	doc_picture(doc, svg, "Parts add up to the whole difference.", false);
	free(svg);
	svg = chart_stack(&sites, &(struct chart_stack){"", names, 10, bars, values, 2});
	doc_picture(doc, svg, "Instructions in ten functions.", false);
	free(svg);
}

/* A row whose verdict is in `column`. */
static void add_judged(struct doc *doc, const char *const *cells, size_t column)
{
	static const struct {
		const char *verdict;
		enum doc_tone tone;
	} tones[] = {{"pass", DOC_GOOD}, {"faster", DOC_GOOD}, {"fail", DOC_BAD},
		{"slower", DOC_BAD}, {"not checked", DOC_DOUBT}, {"not measured", DOC_DOUBT}};

	doc_row(doc, cells);
	for (size_t i = 0; i < ARRAY_SIZE(tones); i++) {
		if (!strncmp(tones[i].verdict, cells[column], strlen(tones[i].verdict)))
			doc_cell_tone(doc, column, tones[i].tone);
	}
}

static void add_rules(struct doc *doc)
{
	static const struct doc_column columns[] = {{"rule", 0}, {"severity", 0},
		{"verdict", DOC_VERDICT}, {"where", DOC_WRAP}, {"what", DOC_WRAP}};
	static const char *const rows[][5] = {
		{"exports-subset", "error", "pass", NULL, NULL},
		{"rpath-kind", "error", "fail", "bin/python3.13",
			"carries DT_RUNPATH; an extension that names libpython in DT_NEEDED will "
			"not find it"},
		{"leaked-symbols", "warning", "fail",
			"lib/python3.13/lib-dynload/zlib.cpython-313-x86_64-linux-gnu.so",
			"exports deflate, inflate and 41 more that collide with other libraries"},
		{"sysconfig-paths", "error", "pass", NULL, NULL},
		{"archive-pic", "error", "not checked: no libpython*.a ships", NULL, NULL},
		{"wx-segment", "error", "pass", NULL, NULL},
		{"text-relocations", "error", "pass", NULL, NULL},
		{"bind-now", "warning", "pass", NULL, NULL},
		{"pie", "note", "pass", NULL, NULL},
		{"hostile", "note", "pass", "</td><script>alert(1)</script>",
			"a\x1b[31mb\u202e\xff"},
		{"flags-agree", "warning", "pass", NULL, NULL},
	};

	doc_table(doc, "Rules", columns, 5);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		add_judged(doc, rows[i], 2);
}

static void add_arms(struct doc *doc)
{
	static const struct doc_column columns[] = {{"arm", 0}, {"verdict", DOC_VERDICT},
		{"ratio", DOC_RIGHT}, {"interval", DOC_RIGHT}, {"user time", DOC_RIGHT},
		{"peak memory", DOC_RIGHT}, {"page faults", DOC_RIGHT}, {"switches", DOC_RIGHT}};
	static const char *const rows[][8] = {
		{"copy of static", "equal", "1.001", "0.997 … 1.004", "812 ms", "41.2 MiB",
			"10,233", "12"},
		{"shared, initial-exec", "equal", "1.006", "1.002 … 1.010", "1.2 s", "43.9 MiB",
			"9,871", "9"},
		{"shared, general-dynamic", "slower", "1.093", "1.089 … 1.097", "12.4 s", "1.1 GiB",
			"110,004", "101"},
		{"not position-independent", "faster", "0.966", "0.961 … 0.970", "97 ms", "812 KiB",
			"9,112", "8"},
		{"crashed", "not measured", NULL, NULL, NULL, NULL, NULL, NULL},
	};

	doc_table(doc, "Arms", columns, 8);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		add_judged(doc, rows[i], 1);
	doc_table(doc, "Layouts", columns, 3);
}

static void add_listings(struct doc *doc)
{
	CLEANUP_BUF struct buf text = BUF_INIT;

	doc_listing(doc, "What the probe printed",
		"Fatal Python error: Segmentation fault\n\nCurrent thread 0x00007f0 (most recent "
		"call first):\n"
		"  File \"<probe>\", line 3 in <module>\n");
	for (int i = 0; i < 60; i++)
		buf_addf(&text,
			"%08x:\t48 8d 3d %02x 00 00 00 \tlea    rdi, [rip + 0x%x]\t; "
			"general-dynamic, executed %d times\n",
			0x401000 + i * 7, i, i, 1000 * i);
	doc_listing(doc, "_PyEval_EvalFrameDefault, hot regions", text.data);
	doc_listing(doc, "The same in static", text.data);
}

/* Two builds of one function: equal runs, what differs, what is on one side only. */
static void add_sides(struct doc *doc)
{
	static const struct doc_sides_row rows[] = {
		{"2515", {"1,234,567,890", NULL, "testq %rsi, %rsi"},
			{"1,234,567,102", NULL, "testq %rsi, %rsi"}, true},
		{NULL, {"199,744", "tls le", "movq %fs:-8, %rax"},
			{"199,692", "tls gd", "leaq 0x76fef8(%rip), %rdi"}, false},
		{"214", {NULL, NULL, NULL}, {"199,692", "tls gd", "callq __tls_get_addr@plt"},
			false},
		{NULL, {"12", "got", "movq _PyImport_FrozenStdlib_that_is_long@got(%rip), %rax"},
			{NULL, NULL, NULL}, false},
		{"2525", {"199,744", "frame", "retq"}, {"199,692", "frame", "retq"}, true}};

	for (int two = 1; two >= 0; two--) {
		doc_sides(doc, "_PyObject_Free, hot regions", "A: _PyObject_Free at 0x189560",
			two ? "B: _PyObject_Free at 0x18b640" : NULL);
		doc_sides_note(doc, "obmalloc.c");
		for (int i = 0; i < 50; i++)
			doc_sides_row(doc, &rows[i % 5]);
		doc_sides_note(doc, "… A: 112 instructions, 124,248 executions; B: 115 "
				    "instructions, 125,678 executions not shown");
	}
}

int main(void)
{
	struct doc *doc = doc_new("solder: a page with everything");

	doc_fact(doc, "Python", "3.13.15");
	doc_fact(doc, "prefix",
		"/opt/python/a-rather-long-folder-name/that-goes-on-and-on/without-any-space/"
		"cpython-3.13.15");
	doc_fact(doc, "link mode", "static");
	doc_fact(doc, "seed", "1,591,202,511");
	doc_fact(doc, "virtual environment", NULL);
	doc_text(doc,
		"Two rules are broken and one could not be checked. The interpreter carries "
		"libpython itself, and the library beside it is as fast.\n\nAll of it was seen on "
		"one machine.");
	doc_heading(doc, "Rules");
	add_rules(doc);
	doc_heading(doc, "Arms and their times");
	add_arms(doc);
	add_violins(doc);
	add_forest(doc);
	add_rounds(doc);
	doc_heading(doc, "Causes");
	add_causes(doc);
	doc_heading(doc, "Listings");
	add_listings(doc);
	doc_heading(doc, "Code");
	add_sides(doc);
	doc_write_html(doc, stdout);
	doc_free(doc);
	return 0;
}
