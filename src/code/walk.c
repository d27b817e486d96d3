#include "code/code-internal.h"

#include <stdlib.h>
#include <string.h>

#include <capstone/capstone.h>

/* Bytes that our decoders do not know are put to Capstone, until there were this many. */
#define MAX_SECOND_OPINIONS 65536

struct code_insn *code_add(struct code_walk *w, const uint8_t *p, size_t len, uint64_t addr)
{
	struct code_insn *insn = &w->v[w->n++];

	*insn = (struct code_insn){
		.addr = addr, .bytes = p, .class = CODE_INSN_OTHER, .len = (uint8_t)len};
	return insn;
}

void code_site(struct code_insn *insn, enum code_site site)
{
	insn->class = (uint8_t)site;
	insn->site = true;
}

void code_part(struct code_insn *insn, enum code_site site)
{
	insn->class = (uint8_t)site;
	insn->site = false;
}

void code_part_at(struct code_walk *w, int32_t at, enum code_site site)
{
	if (at >= 0)
		code_part(&w->v[at], site);
}

struct held_value code_held(const struct code_walk *w, enum held kind)
{
	return (struct held_value){.kind = kind, .at = (int32_t)w->n - 1};
}

static void remember_tls(struct code_walk *w, enum code_site site)
{
	w->last_tls = site;
}

/* The read of the thread pointer is the site; what uses it belongs to it. Where both were done in
 * one instruction, or the reading is out of the window, the use counts. */
void code_tp_constant(struct code_walk *w, const struct held_value *tp, struct code_insn *insn)
{
	if (tp->at >= 0) {
		code_site(&w->v[tp->at], CODE_SITE_TLS_LE);
		code_part(insn, CODE_SITE_TLS_LE);
	} else {
		code_site(insn, CODE_SITE_TLS_LE);
	}
	remember_tls(w, CODE_SITE_TLS_LE);
}

void code_tp_with(struct code_walk *w, const struct held_value *tp, const struct held_value *other,
	struct code_insn *insn)
{
	enum code_site site = other->kind == HELD_TPOFF  ? CODE_SITE_TLS_IE
			      : other->kind == HELD_DESC ? CODE_SITE_TLS_DESC
							 : w->last_tls;

	if (other->kind == HELD_CONST) {
		code_part_at(w, other->at, CODE_SITE_TLS_LE);
		code_tp_constant(w, tp, insn);
		return;
	}
	/* The offset came another way, perhaps from before a branch. */
	if (site == CODE_N_SITES || site == CODE_SITE_TLS_LE)
		return;
	if (tp->at >= 0 && !w->v[tp->at].site)
		code_part_at(w, tp->at, site);
	if (!insn->site)
		code_part(insn, site);
	remember_tls(w, site);
}

/* __tls_get_addr, reached in one way or another. */
static void call_tls_get_addr(
	struct code_walk *w, struct code_insn *insn, const struct held_value *arg)
{
	bool module = arg && arg->kind == HELD_LD_ARG;
	enum code_site site = module ? CODE_SITE_TLS_LD : CODE_SITE_TLS_GD;

	code_site(insn, site);
	if (arg && (module || arg->kind == HELD_GD_ARG)) {
		const struct code_slot *slot = code_slot_at(w->code, arg->value);

		code_part_at(w, arg->at, site);
		insn->target = arg->value;
		insn->symbol = slot ? code_slot_name(w->code, slot) : NULL;
	}
	remember_tls(w, site);
}

static void call_stub(struct code_walk *w, struct code_insn *insn, const struct code_slot *slot,
	const struct held_value *arg)
{
	if (slot->tls_get_addr) {
		call_tls_get_addr(w, insn, arg);
		return;
	}
	insn->symbol = code_slot_name(w->code, slot);
	code_site(insn, slot->defined || slot->kind == SLOT_IFUNC ? CODE_SITE_CALL_PLT_OWN
								  : CODE_SITE_CALL_PLT_OTHER);
}

/* Does a name belong to the part of a function that is seldom run? */
static const char *cold_suffix(const char *name)
{
	return name ? strstr(name, ".cold") : NULL;
}

/* Is a jump from one to the other one within what was a single function? */
static bool same_function(const struct code_span *from, const struct code_span *to)
{
	const char *cold = cold_suffix(from->name);

	if (cold_suffix(to->name))
		return true;
	return cold && to->name && !strncmp(from->name, to->name, (size_t)(cold - from->name)) &&
	       !to->name[cold - from->name];
}

void code_transfer(struct code_walk *w, struct code_insn *insn, uint64_t target, enum code_jump how,
	const struct held_value *arg)
{
	const struct code_span *to;
	const struct code_slot *slot;

	insn->target = target;
	if (how != CODE_CALL && target >= w->function.start && target < w->function.end)
		return;
	slot = code_stub(w->code, target);
	if (slot) {
		call_stub(w, insn, slot, arg);
		return;
	}
	to = how != CODE_CALL || w->names ? code_function_at(w->code, target) : NULL;
	if (to && to->start == target)
		insn->symbol = to->name;
	if (how == CODE_CALL) {
		code_site(insn, CODE_SITE_CALL_DIRECT);
		return;
	}
	/* Without names, branches to cold parts look like branches to functions. */
	if (to && to->start == target && (how == CODE_JUMP || to->name) &&
		!same_function(&w->function, to))
		code_site(insn, CODE_SITE_CALL_DIRECT);
}

void code_through_slot(struct code_walk *w, struct code_insn *insn, uint64_t addr, bool call,
	const struct held_value *arg)
{
	const struct code_slot *slot = code_slot_at(w->code, addr);

	insn->target = addr;
	insn->symbol = slot ? code_slot_name(w->code, slot) : NULL;
	/* Compilers do not jump through such slots; in files without section headers this is how
	 * the PLT shows. */
	if (!call && slot && slot->kind == SLOT_LAZY)
		insn->class = CODE_INSN_PLT_STUB;
	else if (slot && slot->tls_get_addr)
		call_tls_get_addr(w, insn, arg);
	else if (insn->class != CODE_SITE_TLS_DESC)
		code_site(insn, CODE_SITE_CALL_GOT);
	else
		remember_tls(w, CODE_SITE_TLS_DESC);
}

bool code_read_got(
	struct code_walk *w, struct code_insn *insn, uint64_t addr, struct held_value *held)
{
	const struct code_slot *slot = code_slot_at(w->code, addr);

	if (slot && slot->kind == SLOT_TPOFF) {
		*held = code_held(w, HELD_TPOFF);
		code_site(insn, CODE_SITE_TLS_IE);
		remember_tls(w, CODE_SITE_TLS_IE);
	} else if (slot && slot->kind == SLOT_DESC) {
		*held = code_held(w, HELD_DESC_ARG);
	} else if (slot ? slot->kind != SLOT_DTPMOD : code_in_got(w->code, addr)) {
		*held = code_held(w, HELD_GOT);
		code_site(insn, CODE_SITE_GOT_LOAD);
	} else {
		return false;
	}
	held->value = addr;
	insn->target = addr;
	insn->symbol = slot ? code_slot_name(w->code, slot) : NULL;
	return true;
}

/* The walk itself. */

struct walker {
	struct code_walk w;
	code_step step;
	size_t unit; /* what is skipped where no instruction is */
	code_visit visit;
	void *ctx;
	struct code_counts *totals;
	struct code_function shown; /* the function as the visitor sees it */
	csh capstone;
	cs_insn *insn;
	unsigned opinions;
	bool open;
};

static void start_window(struct code_walk *w)
{
	w->n = 0;
	for (size_t i = 0; i < CODE_REGISTERS; i++)
		w->held[i].at = -1;
}

static int flush(struct walker *k, bool counted, struct err *err)
{
	struct code_walk *w = &k->w;
	struct code_counts *t = k->totals;

	for (size_t i = 0; i < w->n; i++) {
		const struct code_insn *insn = &w->v[i];

		if (insn->class == CODE_INSN_UNKNOWN) {
			t->unknown += counted ? insn->len : 0;
			continue;
		}
		t->instructions += counted;
		if (insn->site && insn->class < CODE_N_SITES)
			t->sites[insn->class]++;
	}
	if (k->visit && w->n && k->visit(k->ctx, &k->shown, w->v, w->n, err) < 0)
		return -1;
	start_window(w);
	return 0;
}

/* The length that Capstone sees where our own decoder knows no instruction; 0: none. */
static size_t second_opinion(struct walker *k, const uint8_t *p, size_t left, uint64_t addr)
{
	const uint8_t *code = p;
	size_t n = left;

	if (!k->open || k->opinions >= MAX_SECOND_OPINIONS)
		return 0;
	k->opinions++;
	if (!cs_disasm_iter(k->capstone, &code, &n, &addr, k->insn))
		return 0;
	return k->insn->size;
}

static void open_capstone(struct walker *k)
{
	cs_err bad = k->unit == 1 ? cs_open(CS_ARCH_X86, CS_MODE_64, &k->capstone)
				  : cs_open(CS_ARCH_ARM64, CS_MODE_LITTLE_ENDIAN, &k->capstone);

	if (bad != CS_ERR_OK)
		bug("Capstone cannot be used: %s", cs_strerror(bad));
	k->insn = cs_malloc(k->capstone);
	if (!k->insn)
		bug("no memory left");
	k->open = true;
}

static size_t step_unknown(struct walker *k, const uint8_t *p, size_t left, uint64_t addr)
{
	size_t n;

	if (!k->open)
		open_capstone(k);
	n = second_opinion(k, p, left, addr);
	if (n && n <= left) {
		code_add(&k->w, p, n, addr);
		return n;
	}
	n = left < k->unit ? left : k->unit;
	code_add(&k->w, p, n, addr)->class = CODE_INSN_UNKNOWN;
	return n;
}

static void start_function(struct walker *k, const struct code_span *f, bool stub)
{
	k->w.function = *f;
	k->w.last_tls = CODE_N_SITES;
	k->w.frame_pointer = false;
	k->w.guard_compared = false;
	for (size_t i = 0; i < CODE_REGISTERS; i++)
		k->w.held[i] = (struct held_value){.at = -1};
	k->shown = (struct code_function){f->name, f->start, f->end - f->start, stub};
}

/* What is left of a stretch of code. */
struct rest {
	const uint8_t *p;
	size_t left;
	uint64_t addr;
};

/* Takes one instruction, or bytes that are none. */
static void take(struct walker *k, struct rest *r)
{
	size_t n = k->step(&k->w, r->p, r->left, r->addr);

	if (n == 0)
		n = step_unknown(k, r->p, r->left, r->addr);
	r->p += n;
	r->left -= n;
	r->addr += n;
}

static int walk_function(struct walker *k, const struct code_span *f,
	const struct code_region *region, struct err *err)
{
	struct rest r = {
		region->p + (f->start - region->addr), (size_t)(f->end - f->start), f->start};

	start_function(k, f, false);
	while (r.left) {
		take(k, &r);
		if (k->w.n == CODE_WINDOW && flush(k, true, err) < 0)
			return -1;
	}
	k->totals->functions++;
	return flush(k, true, err);
}

/* The instructions of a PLT are stubs whatever they are, and only their jumps lead anywhere. */
static void make_stubs(struct walker *k)
{
	for (size_t i = 0; i < k->w.n; i++) {
		struct code_insn *insn = &k->w.v[i];

		k->totals->stubs += insn->class == CODE_INSN_PLT_STUB ||
				    (insn->class == CODE_SITE_CALL_GOT && insn->site &&
					    code_slot_at(k->w.code, insn->target));
		if (insn->class != CODE_INSN_UNKNOWN)
			insn->class = CODE_INSN_PLT_STUB;
		insn->site = false;
	}
}

static int walk_plt(struct walker *k, const struct code_region *region, struct err *err)
{
	const struct code_span f = {region->addr, region->addr + region->n, region->name};
	struct rest r = {region->p, region->n, f.start};

	start_function(k, &f, true);
	while (r.left) {
		take(k, &r);
		if (k->w.n == CODE_WINDOW) {
			make_stubs(k);
			if (flush(k, false, err) < 0)
				return -1;
		}
	}
	make_stubs(k);
	return flush(k, false, err);
}

static int walk_all(struct walker *k, struct err *err)
{
	const struct code *code = k->w.code;
	size_t f = 0;

	for (size_t i = 0; i < code->n_regions; i++) {
		const struct code_region *region = &code->regions[i];
		uint64_t covered = 0;

		if (region->plt) {
			if (walk_plt(k, region, err) < 0)
				return -1;
			continue;
		}
		for (; f < code->n_functions && code->functions[f].start - region->addr < region->n;
			f++) {
			covered += code->functions[f].end - code->functions[f].start;
			if (walk_function(k, &code->functions[f], region, err) < 0)
				return -1;
		}
		k->totals->gaps += region->n - covered;
	}
	return 0;
}

int code_walk(const struct code *code, bool names, code_visit visit, void *ctx,
	struct code_counts *totals, struct err *err)
{
	CLEANUP_FREE struct code_insn *window = xcalloc(CODE_WINDOW, sizeof(*window));
	bool arm = code->img.machine == EM_AARCH64;
	struct walker k = {
		.w = {.code = code, .names = names, .v = window},
		.step = arm ? code_step_arm64 : code_step_x86,
		.unit = arm ? 4 : 1,
		.visit = visit,
		.ctx = ctx,
		.totals = totals,
	};
	int r = walk_all(&k, err);

	if (k.open) {
		cs_free(k.insn, 1);
		cs_close(&k.capstone);
	}
	return r;
}
