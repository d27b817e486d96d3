/* Reads the instructions of all functions, and tells which belong to which sequence.
 *
 * The machines' files see one instruction at a time and know what each register holds, as far as
 * the instructions before it tell: the thread pointer, what a slot has, the argument of
 * __tls_get_addr. What an instruction makes of such a value completes a sequence, and then those
 * before it become parts of it. So classes may still change, and instructions are kept in a window
 * until it is full or the function ends; a value whose instruction has left the window still
 * counts, but that instruction keeps its class.
 *
 * Of each sequence one instruction is the *site*, which is counted; where a sequence may have been
 * torn apart by the compiler, it is the one that cannot be shared. */
#include "code/code-internal.h"

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
	w->last_tls = CODE_SITE_TLS_LE;
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
	w->last_tls = site;
}

static void name_slot(
	const struct code_walk *w, struct code_insn *insn, const struct code_slot *slot)
{
	insn->symbol = code_slot_name(w->code, slot);
	insn->import = slot ? slot->symbol : 0;
}

/* __tls_get_addr, reached in one way or another. */
static void call_tls_get_addr(
	struct code_walk *w, struct code_insn *insn, const struct held_value *arg)
{
	bool module = arg && arg->kind == HELD_LD_ARG;
	enum code_site site = module ? CODE_SITE_TLS_LD : CODE_SITE_TLS_GD;

	code_site(insn, site);
	if (arg && (module || arg->kind == HELD_GD_ARG)) {
		code_part_at(w, arg->at, site);
		name_slot(w, insn, code_slot_at(w->code, arg->value));
	}
	w->last_tls = site;
}

/* True for parts of what was a single function: compilers and BOLT move code that seldom runs
 * elsewhere, as NAME.cold. */
static bool same_function(const struct code_span *from, const struct code_span *to)
{
	size_t n = from->name ? code_part_of(from->name) : 0;

	if (!to->name)
		return false;
	if (code_part_of(to->name))
		return true;
	return n && !strncmp(from->name, to->name, n) && !to->name[n];
}

void code_transfer(struct code_walk *w, struct code_insn *insn, uint64_t target, enum code_jump how,
	const struct held_value *arg)
{
	const struct code_slot *slot;
	const struct code_span *to;

	insn->target = target;
	insn->direct = true;
	if (how != CODE_CALL && target >= w->function.start && target < w->function.end)
		return;
	slot = code_stub(w->code, target);
	if (slot && slot->tls_get_addr) {
		call_tls_get_addr(w, insn, arg);
		return;
	}
	if (slot) {
		name_slot(w, insn, slot);
		code_site(insn, slot->defined || slot->kind == ELF_RELOC_IFUNC
					? CODE_SITE_CALL_PLT_OWN
					: CODE_SITE_CALL_PLT_OTHER);
		return;
	}
	to = how != CODE_CALL || w->names ? code_function_at(w->code, target) : NULL;
	if (to && to->start != target)
		to = NULL;
	if (to)
		insn->symbol = to->name;
	/* Without names, branches to cold parts look like branches to functions. */
	if (how == CODE_CALL ||
		(to && (how == CODE_JUMP || to->name) && !same_function(&w->function, to)))
		code_site(insn, CODE_SITE_CALL_DIRECT);
}

void code_through_slot(struct code_walk *w, struct code_insn *insn, uint64_t addr, bool call,
	const struct held_value *arg)
{
	const struct code_slot *slot = code_slot_at(w->code, addr);

	insn->target = addr;
	name_slot(w, insn, slot);
	/* Compilers do not jump through such slots; in files without section headers this is how
	 * the PLT shows. */
	if (!call && slot && slot->kind == ELF_RELOC_LAZY)
		insn->class = CODE_INSN_PLT_STUB;
	else if (slot && slot->tls_get_addr)
		call_tls_get_addr(w, insn, arg);
	else if (insn->class != CODE_SITE_TLS_DESC)
		code_site(insn, CODE_SITE_CALL_GOT);
	else
		w->last_tls = CODE_SITE_TLS_DESC;
}

bool code_read_got(
	struct code_walk *w, struct code_insn *insn, uint64_t addr, struct held_value *held)
{
	const struct code_slot *slot = code_slot_at(w->code, addr);

	if (slot && slot->kind == ELF_RELOC_TPOFF) {
		*held = code_held(w, HELD_TPOFF);
		code_site(insn, CODE_SITE_TLS_IE);
		w->last_tls = CODE_SITE_TLS_IE;
	} else if (slot && slot->kind == ELF_RELOC_DESC) {
		*held = code_held(w, HELD_DESC_ARG);
	} else if (slot ? slot->kind != ELF_RELOC_DTPMOD : code_in_got(w->code, addr)) {
		*held = code_held(w, HELD_GOT);
		code_site(insn, CODE_SITE_GOT_LOAD);
	} else {
		return false;
	}
	held->value = addr;
	insn->target = addr;
	name_slot(w, insn, slot);
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
	csh capstone;
	cs_insn *insn; /* NULL: Capstone was not needed yet */
	unsigned opinions;
};

/* Bytes that our own decoder does not know; returns how many were taken. */
static size_t step_unknown(struct walker *k, const uint8_t *p, size_t left, uint64_t addr)
{
	size_t n = left < k->unit ? left : k->unit, rest = left;
	const uint8_t *code = p;
	uint64_t at = addr;
	cs_err bad;

	if (!k->insn) {
		bad = k->unit == 1 ? cs_open(CS_ARCH_X86, CS_MODE_64, &k->capstone)
				   : cs_open(CS_ARCH_ARM64, CS_MODE_LITTLE_ENDIAN, &k->capstone);
		if (bad != CS_ERR_OK)
			bug("Capstone cannot be used: %s", cs_strerror(bad));
		k->insn = cs_malloc(k->capstone);
		if (!k->insn)
			bug("no memory left");
	}
	if (k->opinions < MAX_SECOND_OPINIONS) {
		k->opinions++;
		if (cs_disasm_iter(k->capstone, &code, &rest, &at, k->insn) &&
			k->insn->size <= left) {
			code_add(&k->w, p, k->insn->size, addr);
			return k->insn->size;
		}
	}
	code_add(&k->w, p, n, addr)->class = CODE_INSN_UNKNOWN;
	return n;
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

/* Counts the window and shows it to the visitor. */
static int flush_window(struct walker *k, bool plt, struct err *err)
{
	const struct code_span *f = &k->w.function;
	const struct code *code = k->w.code;
	const struct code_span *region = code_region_at(code, f->start);
	size_t first =
		f->start ? COUNT_UPTO(code->aliases, code->n_aliases, addr, f->start - 1) : 0;
	size_t end = COUNT_UPTO(code->aliases, code->n_aliases, addr, f->start);
	const struct code_function shown = {.name = f->name,
		.addr = f->start,
		.size = f->end - f->start,
		.plt = plt,
		.left = region && region->bolt == CODE_BOLT_OLD,
		.aliases = code->n_aliases ? code->aliases + first : NULL,
		.n_aliases = plt ? 0 : end - first};
	struct code_counts *t = k->totals;

	if (plt)
		make_stubs(k);
	for (size_t i = 0; i < k->w.n && !plt; i++) {
		const struct code_insn *insn = &k->w.v[i];

		if (insn->class == CODE_INSN_UNKNOWN)
			t->unknown += insn->len;
		else
			t->instructions++;
		if (insn->site && insn->class < CODE_N_SITES)
			t->sites[insn->class]++;
	}
	if (k->visit && k->w.n && k->visit(k->ctx, &shown, k->w.v, k->w.n, err) < 0)
		return -1;
	k->w.n = 0;
	for (size_t i = 0; i < CODE_REGISTERS; i++)
		k->w.held[i].at = -1;
	return 0;
}

/* A function, or a section of stubs. */
static int walk_span(struct walker *k, const struct code_span *f, bool plt, struct err *err)
{
	struct code_walk *w = &k->w;
	const uint8_t *p = f->p;
	size_t left = (size_t)(f->end - f->start), n;

	w->function = *f;
	w->last_tls = CODE_N_SITES;
	w->frame_pointer = false;
	w->guard_compared = false;
	for (size_t i = 0; i < CODE_REGISTERS; i++)
		w->held[i] = (struct held_value){.at = -1};
	for (; left; p += n, left -= n) {
		uint64_t addr = f->end - left;

		n = k->step(w, p, left, addr);
		if (n == 0)
			n = step_unknown(k, p, left, addr);
		if (w->n == CODE_WINDOW && flush_window(k, plt, err) < 0)
			return -1;
	}
	k->totals->functions += !plt;
	return flush_window(k, plt, err);
}

static int walk_regions(struct walker *k, struct err *err)
{
	const struct code *code = k->w.code;
	size_t next = 0;

	for (size_t i = 0; i < code->n_regions; i++) {
		const struct code_span *region = &code->regions[i];
		uint64_t covered = 0;

		if (region->name) {
			if (walk_span(k, region, true, err) < 0)
				return -1;
			continue;
		}
		for (; next < code->n_functions && code->functions[next].start < region->end;
			next++) {
			const struct code_span *f = &code->functions[next];

			covered += f->end - f->start;
			if (walk_span(k, f, false, err) < 0)
				return -1;
		}
		k->totals->gaps += region->end - region->start - covered;
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
	int r = walk_regions(&k, err);

	code_count_parts(code, totals);

	if (k.insn) {
		cs_free(k.insn, 1);
		cs_close(&k.capstone);
	}
	return r;
}
