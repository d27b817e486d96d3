/* Bills of materials in SPDX 2.3. They do not mention the machine or the time, so the same build
 * always has the same bill. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "pack/pack-internal.h"

#define METADATA_MAX ((size_t)1 << 20)
#define CPYTHON "SPDXRef-package-cpython"

/* A bill under construction, for the files below `as` in `list`. */
struct bill {
	const struct package *p;
	const struct tar_list *list;
	const char *as;
	json_t *packages, *relations;
};

/* Identifiers may hold letters, digits, dots and dashes. */
static char *identifier(const char *prefix, const char *name)
{
	char *id = xasprintf("SPDXRef-%s-%s", prefix, name);

	for (char *c = id; *c; c++) {
		if (!isalnum((unsigned char)*c) && *c != '.' && *c != '-')
			*c = '-';
	}
	return id;
}

static void set_text(json_t *o, const char *key, const char *value)
{
	json_object_set_new(o, key, json_string(value));
}

static json_t *purl_json(const char *type, const char *name, const char *version)
{
	return json_pack("[{s:s, s:s, s:o}]", "referenceCategory", "PACKAGE-MANAGER",
		"referenceType", "purl", "referenceLocator",
		json_sprintf("pkg:%s/%s@%s", type, name, version));
}

static json_t *sum_json(const char *hex)
{
	return json_pack("[{s:s, s:s}]", "algorithm", "SHA256", "checksumValue", hex);
}

static void relate(const struct bill *b, const char *from, const char *how, const char *to)
{
	json_array_append_new(
		b->relations, json_pack("{s:s, s:s, s:s}", "spdxElementId", from,
				      "relationshipType", how, "relatedSpdxElement", to));
}

/* Appends a package; the caller sets the remaining fields. */
static json_t *add_package(
	const struct bill *b, const char *id, const char *name, const char *version)
{
	static const char none[] = "NOASSERTION";
	json_t *o = json_pack("{s:s, s:o, s:o, s:s, s:b, s:s, s:s, s:s, s:s}", "SPDXID", id, "name",
		json_text(name), "versionInfo", json_text(version), "downloadLocation", none,
		"filesAnalyzed", 0, "licenseConcluded", none, "licenseDeclared", none,
		"copyrightText", none, "supplier", none);

	json_array_append_new(b->packages, o);
	return o;
}

static void add_source(const struct bill *b, const json_t *package)
{
	const char *name = package_text(package, "name");
	const char *version = package_text(package, "version");
	const char *source = package_text(package, "source");
	CLEANUP_FREE char *id = identifier("package", name);
	CLEANUP_BUF struct buf patches = BUF_INIT;
	json_t *o = add_package(b, id, name, version);
	const json_t *patch;
	size_t i;

	/* A path relative to any Debian mirror is not a URL. */
	if (strstr(source, "://"))
		set_text(o, "downloadLocation", source);
	if (*package_text(package, "licence"))
		set_text(o, "licenseDeclared", package_text(package, "licence"));
	set_text(o, "sourceInfo", source);
	set_text(o, "primaryPackagePurpose", "SOURCE");
	json_object_set_new(o, "checksums", sum_json(package_text(package, "sha256")));
	json_object_set_new(o, "externalRefs", purl_json("generic", name, version));
	/* SPDX has no field for patches. */
	json_array_foreach (json_object_get(package, "patches"), i, patch)
		buf_addf(&patches, "%s%s (SHA-256 %s): %s",
			i ? "; " : "patched by solder: ", package_text(patch, "file"),
			package_text(patch, "sha256"), package_text(patch, "reason"));
	if (patches.len)
		set_text(o, "comment", patches.data);
	relate(b, DISTRIBUTION, "GENERATED_FROM", id);
}

static bool has_package(const struct package *p, const char *name)
{
	const json_t *item;
	size_t i;

	json_array_foreach (json_object_get(p->build, "packages"), i, item) {
		if (!strcmp(package_text(item, "name"), name))
			return true;
	}
	return false;
}

/* A package without source: an artifact with its digest as in the archive. NULL if it cannot be
 * read. */
static json_t *add_artifact(const struct bill *b, const struct tar_entry *e, const char *id,
	const char *name, const char *version, const char *purpose, struct err *err)
{
	CLEANUP_CLOSE int fd = tar_entry_open(e, err);
	char hex[SHA256_HEX_SIZE];
	json_t *o;

	if (fd < 0 || sha256_fd(fd, e->path, hex, NULL, err) < 0)
		return NULL;
	o = add_package(b, id, name, version);
	set_text(o, "primaryPackagePurpose", purpose);
	json_object_set_new(o, "packageFileName", json_text(e->name + strlen(b->as) + 1));
	json_object_set_new(o, "checksums", sum_json(hex));
	relate(b, DISTRIBUTION, "CONTAINS", id);
	return o;
}

/* Each of our ELF files is a package with its own digest and lists the libraries linked into it.
 * Files that the archive omits are skipped, and so is another name of one that is listed. */
static int add_file(const struct bill *b, const struct py_file *f, struct err *err)
{
	CLEANUP_FREE char *name = xasprintf("%s/%s", b->as, f->rel);
	CLEANUP_FREE char *id = identifier("file", f->rel);
	CLEANUP_FREE char *module = package_module(f->rel);
	const struct tar_entry *e = tar_list_find(b->list, name);
	const char *const *linked = package_libraries(module);
	bool own; /* a library of another package */

	if (f->problem || !e || e->kind != TAR_FILE || !e->path)
		return 0;
	if (!add_artifact(b, e, id, f->rel, package_text(b->p->says, "python_version"),
		    f->role == PY_ROLE_INTERPRETER ? "APPLICATION" : "LIBRARY", err))
		return -1;
	if (f->site)
		return 0;
	own = linked && f->role == PY_ROLE_LIBRARY;
	if (own) {
		CLEANUP_FREE char *from = identifier("package", *linked++);

		relate(b, id, "GENERATED_FROM", from);
	} else {
		relate(b, id, "GENERATED_FROM", CPYTHON);
	}
	for (; (own || f->role == PY_ROLE_EXTENSION) && linked && *linked; linked++) {
		CLEANUP_FREE char *to = identifier("package", *linked);

		if (has_package(b->p, *linked))
			relate(b, id, strcmp(module, "_tkinter") ? "STATIC_LINK" : "DYNAMIC_LINK",
				to);
	}
	return 0;
}

/* A field of METADATA, or "" if missing. The caller frees it. */
static char *wheel_field(const char *metadata, const char *field)
{
	CLEANUP_FREE char *start = xasprintf("\n%s: ", field);
	const char *found = strstr(metadata, start);

	found = found ? found + strlen(start) : "";
	return xstrndup(found, strcspn(found, "\r\n"));
}

/* Sets the SPDX licence expression from a wheel's METADATA. Older files use classifiers instead;
 * their "License" field is free text. */
static void set_wheel_licence(json_t *o, const char *metadata)
{
	CLEANUP_FREE char *expression = wheel_field(metadata, "License-Expression");

	if (*expression)
		set_text(o, "licenseDeclared", expression);
	else if (strstr(metadata, "\nClassifier: License :: OSI Approved :: MIT License"))
		set_text(o, "licenseDeclared", "MIT");
}

/* NAME-VERSION-py3-none-any.whl. ensurepip's wheels are also installed; the tests bring their
 * own. */
static int add_wheel(
	const struct bill *b, const struct tar_entry *e, const char *rel, struct err *err)
{
	const char *base = path_base(rel), *rest = base + strcspn(base, "-.");
	CLEANUP_FREE char *id = identifier("file", rel);
	CLEANUP_FREE char *name = xstrndup(base, (size_t)(rest - base));
	CLEANUP_FREE char *version = xstrndup(rest + 1, strcspn(rest + 1, "-"));
	CLEANUP_FREE char *installed = xasprintf("%s/%s/site-packages/%s-%s.dist-info/METADATA",
		b->as, b->p->lib_rel, name, version);
	CLEANUP_BUF struct buf metadata = BUF_INIT;
	json_t *o;

	if (tar_member(e->path, "METADATA", METADATA_MAX, &metadata, err) < 0)
		return -1;
	o = add_artifact(b, e, id, name, version, "LIBRARY", err);
	if (!o)
		return -1;
	set_wheel_licence(o, metadata.data ? metadata.data : "");
	json_object_set_new(o, "externalRefs", purl_json("pypi", name, version));
	if (tar_list_find(b->list, installed))
		set_text(o, "comment", "also installed, in site-packages");
	return 0;
}

/* Packages that pip or another tool installed into the tree, without the bundled wheels, already
 * listed. */
static int add_installed(const struct bill *b, const struct tar_entry *e, struct err *err)
{
	CLEANUP_FREE char *name = NULL, *version = NULL, *id = NULL, *same = NULL, *project = NULL;
	CLEANUP_BUF struct buf metadata = BUF_INIT;
	CLEANUP_CLOSE int fd = tar_entry_open(e, err);
	json_t *o;

	if (fd < 0 || file_read_fd(fd, e->path, METADATA_MAX, &metadata, err) < 0)
		return -1;
	name = wheel_field(metadata.data, "Name");
	version = wheel_field(metadata.data, "Version");
	if (!*name)
		return 0;
	same = xasprintf("/%s-%s-", name, version);
	for (size_t i = 0; i < b->list->n; i++) {
		if (ends_with(b->list->v[i].name, ".whl") && strstr(b->list->v[i].name, same))
			return 0;
	}
	id = identifier("installed", name);
	project = py_project_name(name, strlen(name));
	o = add_package(b, id, name, version);
	set_text(o, "primaryPackagePurpose", "LIBRARY");
	set_wheel_licence(o, metadata.data);
	json_object_set_new(o, "externalRefs", purl_json("pypi", project, version));
	relate(b, DISTRIBUTION, "CONTAINS", id);
	return 0;
}

/* Files that are not ELF: wheels, libpython's archive, and installed packages. */
static int add_other(const struct bill *b, const struct tar_entry *e, struct err *err)
{
	size_t n = strlen(b->as);
	const char *rel = e->name + n + 1;
	bool site;

	if (e->kind != TAR_FILE || !e->path || strncmp(e->name, b->as, n) || e->name[n] != '/')
		return 0;
	site = strstr(rel, "/site-packages/");
	if (!ends_with(rel, site ? ".dist-info/METADATA" : ".whl") &&
		(site || !ends_with(rel, ".a")))
		return 0;
	if (tar_list_find(b->list, e->name) != e)
		return 0;
	if (site)
		return add_installed(b, e, err);
	if (ends_with(rel, ".a")) {
		CLEANUP_FREE char *id = identifier("file", rel);

		if (!add_artifact(b, e, id, rel, package_text(b->p->says, "python_version"),
			    "LIBRARY", err))
			return -1;
		relate(b, id, "GENERATED_FROM", CPYTHON);
		return 0;
	}
	return add_wheel(b, e, rel, err);
}

/* Parses the first line of a tool's --version output: "Debian clang version 19.1.7 (3~deb12u1)",
 * "gcc (Debian 12.2.0-14+deb12u1) 12.2.0". `name` is used if the line matches neither. */
static void add_tool(const struct bill *b, const char *id, const char *name, const char *line)
{
	static const char *const llvm[][2] = {{"clang version ", "clang"}, {"LLD ", "lld"}};
	const char *at = strstr(line, ") ");
	CLEANUP_FREE char *version = NULL;
	json_t *o;

	at = at ? at + 2 : strrchr(line, ' ') ? strrchr(line, ' ') + 1 : "unknown";
	if (!strncmp(line, "GNU ld ", 7))
		name = "binutils";
	for (size_t i = 0; i < ARRAY_SIZE(llvm); i++) {
		const char *found = strstr(line, llvm[i][0]);

		if (found) {
			name = llvm[i][1];
			at = found + strlen(llvm[i][0]);
		}
	}
	version = xstrndup(at, strcspn(at, " "));
	o = add_package(b, id, name, version);
	set_text(o, "primaryPackagePurpose", "APPLICATION");
	set_text(o, "comment", line);
	relate(b, id, "BUILD_TOOL_OF", DISTRIBUTION);
}

/* The distribution itself, with what determines its code besides sources and compiler. */
static json_t *add_distribution(const struct bill *b)
{
	static const char *const names[] = {"CONFIG_ARGS", "CFLAGS", "CONFIGURE_CFLAGS_NODIST",
		"PY_CFLAGS_NODIST", "LDFLAGS", "PY_LDFLAGS_NODIST"};
	const json_t *vars = json_object_get(b->p->says, "python_config_vars");
	const json_t *d = json_object_get(b->p->build, "distribution");
	CLEANUP_BUF struct buf flags = BUF_INIT;
	json_t *o = add_package(
		b, DISTRIBUTION, b->p->name, package_text(b->p->says, "python_version"));

	buf_addf(&flags, "link=%s; %s; tls=%s", package_text(d, "link"),
		package_text(d, "optimisation"), package_text(d, "tls"));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (*package_text(vars, names[i]))
			buf_addf(&flags, "; %s=%s", names[i], package_text(vars, names[i]));
	}
	set_text(o, "primaryPackagePurpose", "APPLICATION");
	set_text(o, "comment", flags.data);
	set_text(o, "builtDate", b->p->created);
	relate(b, "SPDXRef-DOCUMENT", "DESCRIBES", DISTRIBUTION);
	return o;
}

/* All licences of the packages apply to the whole. The caller frees it. */
static char *all_licences(const json_t *packages)
{
	CLEANUP_STRV struct strv all = STRV_INIT, parts = STRV_INIT;
	const json_t *item;
	size_t i;

	json_array_foreach (packages, i, item) {
		const char *licence = package_text(item, "licenseDeclared");

		if (strcmp(licence, "NOASSERTION") != 0)
			strv_add(&all, licence);
	}
	strv_sort(&all);
	for (i = 0; i < all.n; i++) {
		if (!i || strcmp(all.v[i], all.v[i - 1]) != 0)
			strv_addf(&parts, strchr(all.v[i], ' ') ? "(%s)" : "%s", all.v[i]);
	}
	return parts.n ? strv_join(&parts, " AND ") : xstrdup("NOASSERTION");
}

static int fill(const struct bill *b, struct err *err)
{
	const struct package *p = b->p;
	const json_t *d = json_object_get(p->build, "distribution"), *item;
	json_t *whole = add_distribution(b);
	CLEANUP_FREE char *licences = NULL;
	size_t i;

	json_array_foreach (json_object_get(p->build, "packages"), i, item)
		add_source(b, item);
	for (i = 0; i < p->files.n; i++) {
		if (add_file(b, &p->files.v[i], err) < 0)
			return -1;
	}
	for (i = 0; i < b->list->n; i++) {
		if (add_other(b, &b->list->v[i], err) < 0)
			return -1;
	}
	add_tool(b, TOOL, "gcc", package_text(d, "compiler"));
	/* Trees built before the linker was recorded do not name it. */
	if (*package_text(d, "linker"))
		add_tool(b, TOOL "-linker", "linker", package_text(d, "linker"));
	licences = all_licences(b->packages);
	set_text(whole, "licenseDeclared", licences);
	return 0;
}

int package_spdx(const struct package *p, const struct tar_list *list, const char *as, json_t **ret,
	struct err *err)
{
	struct bill b = {p, list, as, json_array(), json_array()};
	json_t *doc = json_pack("{s:s, s:s, s:s, s:s, s:{s:s, s:[s]}, s:o, s:o}", "spdxVersion",
		"SPDX-2.3", "dataLicense", "CC0-1.0", "SPDXID", "SPDXRef-DOCUMENT", "name", p->name,
		"creationInfo", "created", p->created, "creators", "Tool: solder-" SOLDER_VERSION,
		"packages", b.packages, "relationships", b.relations);
	CLEANUP_FREE char *text = NULL;
	char hex[SHA256_HEX_SIZE];

	if (fill(&b, err) < 0) {
		json_decref(doc);
		return -1;
	}
	/* The namespace must be unique to the content, so it contains its digest. */
	text = json_dumps(doc, JSON_COMPACT);
	sha256_hex(text, strlen(text), hex);
	json_object_set_new(doc, "documentNamespace",
		json_sprintf("https://spdx.org/spdxdocs/%s-%s", p->name, hex));
	*ret = doc;
	return 0;
}
