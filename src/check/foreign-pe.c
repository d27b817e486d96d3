/* Rules over the DLLs and modules (.pyd) of wheels for Windows: which Python they are bound to, and
 * whether the loader finds what they name. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "check/foreign-internal.h"

/* "python313.dll" is 13 with `minor`; "python3.dll" is 0. `debug` and `threads` are what follows.
 */
static bool is_python(const char *dll, unsigned int *minor, bool *threads, bool *debug)
{
	const char *rest;
	int n = 0;

	*minor = 0;
	if (strncasecmp(dll, "python3", 7) != 0)
		return false;
	if (sscanf(dll + 7, "%2u%n", minor, &n) != 1)
		n = 0;
	rest = dll + 7 + n;
	*threads = !strcasecmp(rest, "t.dll") || !strcasecmp(rest, "t_d.dll");
	*debug = !strcasecmp(rest, "_d.dll") || !strcasecmp(rest, "t_d.dll");
	return *threads || *debug || !strcasecmp(rest, ".dll");
}

/* True if a file that no wheel needs to bring has the name; `list` as in check_listed(), in lower
 * case. */
static bool listed(const char *list, const char *dll)
{
	CLEANUP_FREE char *lower = xstrdup(dll);

	for (char *p = lower; *p; p++)
		*p = (char)(*p >= 'A' && *p <= 'Z' ? *p + 32 : *p);
	return check_listed(list, lower);
}

static bool is_windows(const char *dll)
{
	/* What Windows 10 has, and vcruntime140, which ships with Python itself. */
	static const char names[] =
		"api-ms-win-* ext-ms-* activeds.dll advapi32.dll avicap32.dll avifil32.dll "
		"avrt.dll bcrypt.dll bcryptprimitives.dll cabinet.dll cfgmgr32.dll clbcatq.dll "
		"combase.dll comctl32.dll comdlg32.dll coremessaging.dll credui.dll crypt32.dll "
		"cryptbase.dll cryptsp.dll d2d1.dll d3d10.dll d3d10_1.dll d3d11.dll d3d12.dll "
		"d3d9.dll d3dcompiler_47.dll dbgeng.dll dbghelp.dll dcomp.dll ddraw.dll "
		"dhcpcsvc.dll dinput8.dll dnsapi.dll dsound.dll dwmapi.dll dwrite.dll dxgi.dll "
		"dxva2.dll evr.dll fwpuclnt.dll gdi32.dll gdi32full.dll gdiplus.dll glu32.dll "
		"hid.dll icu.dll imagehlp.dll imm32.dll iphlpapi.dll kernel32.dll kernelbase.dll "
		"ktmw32.dll logoncli.dll mf.dll mfplat.dll mfreadwrite.dll mmdevapi.dll mpr.dll "
		"msacm32.dll msimg32.dll msvcp_win.dll msvcrt.dll msvfw32.dll mswsock.dll "
		"ncrypt.dll netapi32.dll netutils.dll newdev.dll normaliz.dll ntdll.dll "
		"ntdsapi.dll odbc32.dll odbccp32.dll ole32.dll oleacc.dll oleaut32.dll "
		"opengl32.dll pdh.dll powrprof.dll profapi.dll propsys.dll psapi.dll query.dll "
		"rasapi32.dll rpcrt4.dll rstrtmgr.dll samcli.dll sechost.dll secur32.dll "
		"setupapi.dll shcore.dll shell32.dll shlwapi.dll srvcli.dll sspicli.dll "
		"synchronization.dll taskschd.dll ucrtbase.dll uiautomationcore.dll urlmon.dll "
		"user32.dll userenv.dll usp10.dll uxtheme.dll vcruntime140.dll webservices.dll "
		"vcruntime140_1.dll version.dll wer.dll wevtapi.dll win32u.dll "
		"windowscodecs.dll winhttp.dll wininet.dll winmm.dll winscard.dll "
		"winspool.drv wintrust.dll wkscli.dll wldap32.dll wlanapi.dll ws2_32.dll "
		"wsock32.dll wtsapi32.dll xinput1_4.dll xinput9_1_0.dll xmllite.dll";

	return listed(names, dll);
}

/* Of the DLL, which is Python's: what is_python() says of it. */
static void check_python(struct foreign_audit *audit, const struct foreign_file *f, const char *dll,
	unsigned int minor, bool threads, bool debug)
{
	const struct foreign_tags *t = &audit->tags;
	bool abi3 = t->abi3 || strstr(path_base(f->rel), ".abi3.");

	if (debug) {
		foreign_find(
			audit, "pe-python", f, "is bound to %s, of debug builds of Python", dll);
		foreign_expect(audit, FOREIGN_ALL, WHEEL_BREAKS, "%s needs a debug build of Python",
			f->rel);
	} else if (minor && abi3) {
		foreign_find(audit, "pe-limited-api", f,
			"claims the limited API, and is bound to %s, not python3.dll", dll);
		foreign_expect(audit, FOREIGN_ALL, WHEEL_UNSURE,
			"%s claims the limited API, and works with Python 3.%u alone", f->rel,
			minor);
	} else if (minor && t->known && !abi3 &&
		   ((t->minor && minor != t->minor) || threads != t->threads)) {
		foreign_find(audit, "pe-python", f, "is bound to %s, and the wheel is for 3.%u%s",
			dll, t->minor, t->threads ? "t" : "");
		foreign_expect(audit, FOREIGN_ALL, WHEEL_BREAKS,
			"%s is bound to %s, of another Python than the wheel is for", f->rel, dll);
	}
}

static void check_import(
	struct foreign_audit *audit, const struct foreign_file *f, const struct pe_import *import)
{
	unsigned int minor;
	bool threads, debug;

	if (is_python(import->dll, &minor, &threads, &debug)) {
		check_python(audit, f, import->dll, minor, threads, debug);
		return;
	}
	if (import->delayed || is_windows(import->dll) || foreign_named(audit, import->dll))
		return;
	if (listed("msvcp140* concrt140.dll vcomp140.dll vcruntime140_* mfc140* vccorlib140.dll",
		    import->dll)) {
		foreign_find(audit, "pe-runtime", f, "needs %s", import->dll);
		foreign_expect(audit, FOREIGN_ALL, WHEEL_UNSURE,
			"%s needs %s of the Visual C++ redistributable", f->rel, import->dll);
		return;
	}
	foreign_find(audit, "pe-missing-dll", f,
		"needs %s, which neither the wheel nor Windows has", import->dll);
	foreign_expect(audit, FOREIGN_ALL, WHEEL_UNSURE, "%s needs %s of another place", f->rel,
		import->dll);
}

void foreign_judge_pe(struct foreign_audit *audit)
{
	const struct foreign_tags *t = &audit->tags;

	for (size_t i = 0; i < audit->n && t->system == FOREIGN_WINDOWS; i++) {
		const struct foreign_file *f = &audit->v[i];

		/* Programs, such as launchers for all machines, are started and not loaded. */
		if (!f->pe.dll)
			continue;
		if (t->pe_machine && f->pe.machine != t->pe_machine) {
			foreign_other_machine(audit, "pe-machine", f,
				pe_machine_name(f->pe.machine), pe_machine_name(t->pe_machine));
			continue;
		}
		for (size_t k = 0; k < f->pe.n_imports; k++)
			check_import(audit, f, &f->pe.imports[k]);
		if (f->pe.subsystem_major > 10 ||
			(f->pe.subsystem_major == 10 && f->pe.subsystem_minor)) {
			foreign_find(audit, "pe-windows-version", f,
				"asks for version %u.%u of Windows; 10 and 11 are 10.0",
				f->pe.subsystem_major, f->pe.subsystem_minor);
			foreign_expect(audit, FOREIGN_ALL, WHEEL_BREAKS,
				"%s asks for a Windows that does not exist", f->rel);
		}
	}
}

const struct check_rule rules_pe[] = {
	{"pe-python", CHECK_ERROR, OF_WHEELS,
		"\"DLL load failed\": the Python that the wheel is for has another DLL",
		"build it with that Python, in release mode",
		"A module is bound to the DLL of the Python that the wheel's tag names: python313.dll "
		"for cp313, python313t.dll for cp313t; never to that of a debug build.",
		.apply = NULL},
	{"pe-limited-api", CHECK_ERROR, OF_WHEELS,
		"it works with one version of Python, though it claims all from one on",
		"define Py_LIMITED_API before Python.h, and link python3.lib",
		"What claims the limited API (the tag abi3, or .abi3. in the name) is bound to "
		"python3.dll, which every version has.",
		.apply = NULL},
	{"pe-runtime", CHECK_WARNING, OF_WHEELS,
		"it is not loaded where no program has installed the redistributable",
		"bundle the DLL (delvewheel), or link the runtime statically (/MT)",
		"No DLL of the Visual C++ redistributable is needed that is not in the wheel: "
		"msvcp140.dll, concrt140.dll, vcomp140.dll. Python itself ships vcruntime140.dll and "
		"vcruntime140_1.dll only.",
		.apply = NULL},
	{"pe-missing-dll", CHECK_WARNING, OF_WHEELS,
		"it is loaded only where something else has the DLL", "bundle it (delvewheel)",
		"Every DLL is one of Windows 10, of Python or of the wheel. Which folders a package "
		"adds to the search (os.add_dll_directory) is not known from files.",
		.apply = NULL},
	{"pe-machine", CHECK_ERROR, OF_WHEELS, "it cannot be loaded",
		"build it for the machine of the tag",
		"Modules are for the machine of the wheel's tag.", .apply = NULL},
	{"pe-windows-version", CHECK_ERROR, OF_WHEELS, "no Windows loads it",
		"link with /SUBSYSTEM:WINDOWS,6.0 or leave it to the linker",
		"The lowest version of Windows that a file asks for exists.", .apply = NULL},
	{"pe-damaged", CHECK_ERROR, OF_WHEELS, "it cannot be loaded", "build it again",
		"Every PE file can be read from its headers to its last import.", .apply = NULL},
	{0},
};
