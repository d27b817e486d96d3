/* Which library an exported name belongs to: those that Pythons are linked with. */
#include <string.h>

#include "check/check-internal.h"

/* A name that ends with '*' stands for all that begin so; only prefixes that a library claims for
 * itself are given so. */
static const struct {
	const char *library;
	const char *names; /* separated by blanks */
} owners[] = {
	{"OpenSSL", "SSL_* EVP_* OPENSSL_* OSSL_* X509_* BIO_* CRYPTO_* ASN1_* PEM_* RSA_* EC_* "
		    "BN_* DSA_* ERR_* PKCS7_* PKCS12_* OCSP_* CMS_* RAND_*"},
	{"SQLite", "sqlite3_*"},
	{"zlib", "deflate* inflate* gzopen gzopen64 gzread gzwrite gzclose gzseek gzputs gzgets "
		 "adler32* crc32 crc32_z crc32_combine* compress compress2 compressBound "
		 "uncompress uncompress2 zlibVersion zlibCompileFlags zError get_crc_table"},
	{"bzip2", "BZ2_*"},
	{"lzma", "lzma_*"},
	{"zstd", "ZSTD_* ZDICT_* ZSTDMT_* FSE_* HUF_*"},
	{"libffi", "ffi_*"},
	{"expat", "XML_* XmlInitEncoding XmlGetUtf8InternalEncoding"},
	{"mpdecimal", "mpd_*"},
	{"ncurses", "initscr newwin wrefresh waddnstr wgetch endwin tgetent tgetnum setupterm "
		    "tigetnum new_panel update_panels _nc_*"},
	{"libedit or readline", "el_init el_gets el_set el_end history_init readline add_history "
				"rl_* _rl_* using_history"},
	{"Berkeley DB", "db_create db_env_create db_version db_strerror __db_* __bam_* __ham_*"},
	{"gdbm", "gdbm_*"},
	{"libuuid", "uuid_*"},
	{"Tcl/Tk", "Tcl_* Tk_* TclOO_*"},
	{"xcb", "xcb_*"},
	{"X11", "XOpenDisplay XCloseDisplay XCreateWindow XNextEvent XFlush"},
};

static bool matches(const char *word, size_t n, const char *symbol)
{
	if (word[n - 1] == '*')
		return !strncmp(word, symbol, n - 1);
	return !strncmp(word, symbol, n) && !symbol[n];
}

const char *third_party_of(const char *symbol)
{
	for (size_t i = 0; i < ARRAY_SIZE(owners); i++) {
		for (const char *p = owners[i].names; *p;) {
			size_t n = strcspn(p, " ");

			if (matches(p, n, symbol))
				return owners[i].library;
			p += n + strspn(p + n, " ");
		}
	}
	return NULL;
}
