/* The same bill as CycloneDX has it: components and what depends on what. */
#include <stdlib.h>
#include <string.h>

#include "pack/pack-internal.h"

/* Where the source is to be had; NULL if that is not known. */
static json_t *source_of(const json_t *package)
{
	const char *url = package_text(package, "downloadLocation");
	const char *path = package_text(package, "sourceInfo");
	bool below_mirror = !strncmp(path, "pool/", 5);
	json_t *list, *ref;

	if (!strcmp(url, "NOASSERTION") && !below_mirror)
		return NULL;
	ref = json_object();
	json_object_set_new(ref, "type", json_string("source-distribution"));
	json_object_set_new(ref, "url", json_string(below_mirror ? path : url));
	if (below_mirror)
		json_object_set_new(ref, "comment", json_string("below any mirror of Debian"));
	list = json_array();
	json_array_append_new(list, ref);
	return list;
}

static json_t *entry_of(const json_t *package)
{
	json_t *c = json_object(), *hashes = json_array(), *hash = json_object();
	json_t *licences = json_array(), *licence = json_object(), *source = source_of(package);
	const json_t *sum = json_array_get(json_object_get(package, "checksums"), 0);
	const json_t *ref = json_array_get(json_object_get(package, "externalRefs"), 0);
	const char *declared = package_text(package, "licenseDeclared");
	const char *purpose = package_text(package, "primaryPackagePurpose");

	json_object_set_new(c, "type",
		json_string(!strcmp(purpose, "APPLICATION") ? "application" : "library"));
	json_object_set(c, "bom-ref", json_object_get(package, "SPDXID"));
	json_object_set(c, "name", json_object_get(package, "name"));
	json_object_set(c, "version", json_object_get(package, "versionInfo"));
	if (sum) {
		json_object_set_new(hash, "alg", json_string("SHA-256"));
		json_object_set(hash, "content", json_object_get(sum, "checksumValue"));
		json_array_append(hashes, hash);
		json_object_set(c, "hashes", hashes);
	}
	if (strcmp(declared, "NOASSERTION") != 0) {
		json_object_set_new(licence, "expression", json_string(declared));
		json_array_append(licences, licence);
		json_object_set(c, "licenses", licences);
	}
	if (ref)
		json_object_set(c, "purl", json_object_get(ref, "referenceLocator"));
	if (source)
		json_object_set_new(c, "externalReferences", source);
	if (json_object_get(package, "comment"))
		json_object_set(c, "description", json_object_get(package, "comment"));
	json_decref(hash);
	json_decref(hashes);
	json_decref(licence);
	json_decref(licences);
	return c;
}

/* Tools are no dependency of what they made; they stand in the metadata. */
static json_t *dependencies(const json_t *relations)
{
	json_t *of = json_object(), *list = json_array(), *on;
	const json_t *r;
	const char *ref;
	size_t i;

	json_array_foreach (relations, i, r) {
		const char *how = package_text(r, "relationshipType");

		if (!strcmp(how, "DESCRIBES") || !strcmp(how, "BUILD_TOOL_OF"))
			continue;
		on = json_object_get(of, package_text(r, "spdxElementId"));
		if (!on) {
			on = json_array();
			json_object_set_new(of, package_text(r, "spdxElementId"), on);
		}
		json_array_append(on, json_object_get(r, "relatedSpdxElement"));
	}
	json_object_foreach (of, ref, on) {
		json_t *d = json_object();

		json_object_set_new(d, "ref", json_string(ref));
		json_object_set(d, "dependsOn", on);
		json_array_append_new(list, d);
	}
	json_decref(of);
	return list;
}

/* A version 5 UUID in form, from the digest that is in the namespace of the other bill. */
static char *serial(const char *space)
{
	const char *hex = space + strlen(space) - 64;

	return xasprintf(
		"urn:uuid:%.8s-%.4s-5%.3s-8%.3s-%.12s", hex, hex + 8, hex + 13, hex + 17, hex + 20);
}

json_t *package_cyclonedx(const json_t *spdx)
{
	CLEANUP_FREE char *number = serial(package_text(spdx, "documentNamespace"));
	json_t *doc = json_object(), *meta = json_object(), *components = json_array();
	json_t *tools = json_object(), *used = json_array();
	const json_t *package;
	size_t i;

	json_object_set_new(doc, "bomFormat", json_string("CycloneDX"));
	json_object_set_new(doc, "specVersion", json_string("1.6"));
	json_object_set_new(doc, "serialNumber", json_string(number));
	json_object_set_new(doc, "version", json_integer(1));
	json_object_set(meta, "timestamp",
		json_object_get(json_object_get(spdx, "creationInfo"), "created"));
	json_array_foreach (json_object_get(spdx, "packages"), i, package) {
		const char *id = package_text(package, "SPDXID");

		if (!strcmp(id, DISTRIBUTION))
			json_object_set_new(meta, "component", entry_of(package));
		else if (!strncmp(id, TOOL, strlen(TOOL)))
			json_array_append_new(used, entry_of(package));
		else
			json_array_append_new(components, entry_of(package));
	}
	json_object_set_new(tools, "components", used);
	json_object_set_new(meta, "tools", tools);
	json_object_set_new(doc, "metadata", meta);
	json_object_set_new(doc, "components", components);
	json_object_set_new(
		doc, "dependencies", dependencies(json_object_get(spdx, "relationships")));
	return doc;
}
