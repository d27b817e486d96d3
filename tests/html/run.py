"""Opens the sample page in headless Chromium, on a phone and on a desk, in light and in dark, with
and without scripts, and on paper. Prints what failed, and at the end one line with the counts.

    python3 tests/html/run.py SAMPLE_PROGRAM [FOLDER_FOR_SCREENSHOTS]
"""

import base64
import os
import shutil
import subprocess
import sys
import tempfile

from browser import Browser

WIDTHS = {"phone": (390, 844), "small": (320, 568), "desk": (1280, 900), "wide": (1400, 900)}

# Nothing may stick out of the viewport but what scrolls in a frame of its own.
OVERFLOW = """(() => {
  const w = document.documentElement.clientWidth, bad = [];
  if (document.documentElement.scrollWidth > w || document.body.scrollWidth > w)
    bad.push("the page scrolls sideways: " + document.documentElement.scrollWidth + " > " + w);
  for (const e of document.querySelectorAll("body *")) {
    if (e.closest(".frame, pre, svg, .skip, thead") || e.matches("caption")) continue;
    const r = e.getBoundingClientRect();
    if (r.width && (r.right > w + 0.5 || r.left < -0.5))
      bad.push(e.tagName + "." + e.className + " reaches " + Math.round(r.right));
  }
  return bad.slice(0, 5);
})()"""

# Shown texts of a picture may not touch each other nor leave it, nor be too small to read.
PICTURES = """(() => {
  const bad = [];
  for (const svg of document.querySelectorAll("svg.chart")) {
    const box = svg.getBoundingClientRect();
    if (!box.width) continue;
    const texts = Array.from(svg.querySelectorAll("text")).map((t) => [t, t.getBoundingClientRect()]);
    const name = svg.querySelector("title").textContent;
    texts.forEach(([t, r], i) => {
      const size = parseFloat(getComputedStyle(t).fontSize) * box.width / svg.viewBox.baseVal.width;
      if (size < 9) bad.push(name + ": '" + t.textContent + "' at " + size.toFixed(1) + " px");
      if (r.left < box.left - 1 || r.right > box.right + 1 || r.bottom > box.bottom + 1)
        bad.push(name + ": '" + t.textContent + "' leaves the picture");
      for (const [u, q] of texts.slice(i + 1)) {
        const dx = Math.min(r.right, q.right) - Math.max(r.left, q.left);
        const dy = Math.min(r.bottom, q.bottom) - Math.max(r.top, q.top);
        if (dx > 1 && dy > 4)
          bad.push(name + ": '" + t.textContent + "' touches '" + u.textContent + "'");
      }
    });
  }
  return bad.slice(0, 8);
})()"""

# WCAG's contrast of every text with what lies behind it.
CONTRAST = """(() => {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return Array.from(canvas.getImageData(0, 0, 1, 1).data);
  };
  const lum = (c) => {
    const [r, g, b] = c.slice(0, 3).map((v) => {
      v /= 255;
      return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (e) => {
    for (; e; e = e.parentElement) {
      const c = rgba(getComputedStyle(e).backgroundColor);
      if (c[3] === 255) return c;
    }
    return [255, 255, 255, 255];
  };
  const seen = new Map();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let n; (n = walker.nextNode());) {
    const e = n.parentElement, style = getComputedStyle(e);
    if (!n.data.trim() || !e.getBoundingClientRect().width || e.matches("title, desc, option, .quiet"))
      continue;
    const front = rgba(e.closest("svg") ? style.fill : style.color), back = behind(e);
    const a = lum(front), b = lum(back);
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5)
      seen.set(e.tagName + "." + (e.getAttribute("class") || ""), ratio.toFixed(2) + " on '" + n.data.trim().slice(0, 30) + "'");
  }
  return Array.from(seen, ([k, v]) => k + ": " + v);
})()"""

STRUCTURE = """(() => {
  const bad = [], ids = new Set();
  const levels = Array.from(document.querySelectorAll("h1, h2, h3"), (h) => +h.tagName[1]);
  if (levels.filter((l) => l === 1).length !== 1 || levels[0] !== 1) bad.push("not one h1 first");
  for (const e of document.querySelectorAll("[id]")) {
    if (ids.has(e.id)) bad.push("id twice: " + e.id);
    ids.add(e.id);
  }
  for (const a of document.querySelectorAll("a[href^='#']"))
    if (!ids.has(a.getAttribute("href").slice(1))) bad.push("dead link " + a.getAttribute("href"));
  for (const th of document.querySelectorAll("th"))
    if (!th.scope) bad.push("th without scope");
  for (const s of document.querySelectorAll("svg.chart"))
    if (s.getAttribute("role") !== "img" || s.firstElementChild.tagName !== "title") bad.push("nameless picture");
  for (const b of document.querySelectorAll("button, input, select, summary"))
    if (!(b.textContent.trim() || b.getAttribute("aria-label"))) bad.push("nameless " + b.tagName);
  if (document.documentElement.lang !== "en") bad.push("no language");
  return bad;
})()"""

# On a phone: the row's title has the line but for the verdict, a verdict is seen without scrolling,
# no text of a row is cut, and only tables of more than ten rows have a search field.
PHONE = """(() => {
  const w = document.documentElement.clientWidth, bad = [];
  for (const e of document.querySelectorAll("td .verdict")) {
    const r = e.getBoundingClientRect();
    if (r.width && (r.left < 0 || r.right > w)) bad.push("verdict at " + Math.round(r.right));
  }
  for (const th of document.querySelectorAll(".stack tbody th")) {
    const row = th.parentElement.getBoundingClientRect(), verdict = th.parentElement.querySelector(".judged");
    const room = row.width - (verdict ? verdict.getBoundingClientRect().width + 30 : 0);
    if (row.width && th.getBoundingClientRect().width < room - 1)
      bad.push("title '" + th.textContent.slice(0, 30) + "' has " + Math.round(th.getBoundingClientRect().width));
  }
  for (const e of document.querySelectorAll("tbody :is(td, th)"))
    if (!e.closest(".sides") && e.clientWidth && e.scrollWidth > e.clientWidth + 1)
      bad.push("cut: " + e.textContent.slice(0, 30));
  for (const e of document.querySelectorAll(".table .frame"))
    if (e.clientWidth && e.scrollWidth > e.clientWidth + 1)
      bad.push("scrolls: " + e.getAttribute("aria-label"));
  return bad.slice(0, 8);
})()"""

# Everywhere: pictures are as wide as tables, few rows are not searched.
SHAPE = """(() => {
  const bad = [], room = document.querySelector("main").clientWidth;
  for (const t of document.querySelectorAll("div.table")) {
    const rows = t.querySelectorAll("tbody tr:not(.none)").length;
    if (!!t.querySelector("[type=search]") !== rows > 10)
      bad.push("search over " + rows + " rows");
  }
  for (const s of document.querySelectorAll("svg.chart-wide")) {
    const width = s.getBoundingClientRect().width;
    if (width && width < room - 1) bad.push("a picture of " + Math.round(width) + " of " + room);
  }
  return bad;
})()"""

TABLE = "document.querySelectorAll('div.table')[0]"
ARMS = "document.querySelectorAll('div.table')[1]"


def shown(table, column=0):
    return (f"Array.from({table}.querySelectorAll('tbody tr')).filter((r) => r.offsetParent)"
            f".map((r) => r.cells[{column}].textContent)")


def click(selector):
    return f"{selector}.click()"


class Checks:
    def __init__(self):
        self.passed = self.failed = 0

    def same(self, name, seen, wanted):
        if seen == wanted:
            self.passed += 1
            return
        self.failed += 1
        print(f"FAIL: {name}\n  seen:   {seen}\n  wanted: {wanted}")


def check_looks(b, checks, url, shots, places):
    for place in places:
        width, height = WIDTHS[place]
        for scheme in ("light", "dark"):
            at = f"{place}, {scheme}: "
            b.open(url, width, height, scheme)
            checks.same(at + "script ran", b.value("document.documentElement.className"),
                        "scripted")
            checks.same(at + "overflow", b.value(OVERFLOW), [])
            checks.same(at + "pictures", b.value(PICTURES), [])
            checks.same(at + "contrast", b.value(CONTRAST), [])
            checks.same(at + "structure", b.value(STRUCTURE), [])
            checks.same(at + "shape", b.value(SHAPE), [])
            if place == "phone":
                checks.same(at + "phone", b.value(PHONE), [])
            dark = b.value("getComputedStyle(document.body).backgroundColor")
            checks.same(at + "paper", dark != "rgb(252, 251, 249)", scheme == "dark")
            checks.same(at + "complaints", b.complaints(), [])
            if shots:
                with open(os.path.join(shots, f"{place}-{scheme}.png"), "wb") as f:
                    f.write(base64.b64decode(b.screenshot()))


def check_filters(b, checks, url):
    b.open(url, 1280, 900, "light")
    everything = b.value(shown(TABLE))
    checks.same("all rows", len(everything), 11)
    checks.same("filters", b.value(
        f"Array.from({TABLE}.querySelectorAll('.filters button'), (b) => b.textContent)"),
        ["all 11", "fail 2", "not checked 1", "pass 8"])
    b.value(click(f"{TABLE}.querySelector('[data-value=fail]')"))
    checks.same("only what failed", b.value(shown(TABLE)), ["rpath-kind", "leaked-symbols"])
    checks.same("status", b.value(f"{TABLE}.querySelector('.status').textContent"), "2 of 11 rows")
    checks.same("pressed", b.value(
        f"Array.from({TABLE}.querySelectorAll('[aria-pressed=true]'), (b) => b.dataset.value)"),
        ["fail"])
    search = f"{TABLE}.querySelector('[type=search]')"
    b.value(f"{search}.value = 'DEFLATE inflate'; {search}.dispatchEvent(new Event('input'))")
    checks.same("search within", b.value(shown(TABLE)), ["leaked-symbols"])
    b.value(f"{search}.value = 'nowhere'; {search}.dispatchEvent(new Event('input'))")
    checks.same("search in vain", b.value(shown(TABLE)), [])
    b.value(f"{search}.value = ''; {search}.dispatchEvent(new Event('input'));"
            + click(f"{TABLE}.querySelector(\"[data-value='']\")"))
    checks.same("all again", b.value(shown(TABLE)), everything)
    checks.same("complaints of the filters", b.complaints(), [])


def check_sorting(b, checks, url):
    b.open(url, 1280, 900, "light")
    given = b.value(shown(ARMS))
    memory = f"{ARMS}.querySelectorAll('.sort')[5]"
    b.value(click(memory))
    checks.same("memory up", b.value(shown(ARMS, 5)),
                ["812 KiB", "41.2 MiB", "43.9 MiB", "1.1 GiB", "-"])
    checks.same("aria-sort", b.value(f"{memory}.parentElement.getAttribute('aria-sort')"),
                "ascending")
    b.value(click(memory))
    checks.same("memory down", b.value(shown(ARMS, 5)),
                ["1.1 GiB", "43.9 MiB", "41.2 MiB", "812 KiB", "-"])
    b.value(click(memory))
    checks.same("as given", b.value(shown(ARMS)), given)
    b.value(click(f"{ARMS}.querySelectorAll('.sort')[4]"))
    checks.same("time up", b.value(shown(ARMS, 4)), ["97 ms", "812 ms", "1.2 s", "12.4 s", "-"])
    b.open(url, 390, 844, "light")
    select = f"{TABLE}.querySelector('select')"
    b.value(f"{select}.value = '0-'; {select}.dispatchEvent(new Event('change'))")
    checks.same("sorted on a phone", b.value(shown(TABLE))[:2],
                ["wx-segment", "text-relocations"])
    checks.same("complaints of sorting", b.complaints(), [])


def check_the_rest(b, checks, url):
    background = "getComputedStyle(document.body).backgroundColor"
    b.open(url, 1280, 900, "light")
    paper = b.value(background)
    b.value(click("theme"))
    b.value(click("theme"))
    checks.same("theme button", b.value("theme.textContent"), "Theme: dark")
    checks.same("dark by choice", b.value(background) != paper, True)
    b.value("localStorage.clear()")
    checks.same("folded", b.value(
        "Array.from(document.querySelectorAll('details'), (d) => d.open)"), [False, False])
    b.value(click("fold"))
    checks.same("unfolded", b.value(
        "Array.from(document.querySelectorAll('details'), (d) => d.open)"), [True, True])
    checks.same("only what scrolls takes the focus", b.value(
        "Array.from(document.querySelectorAll('.frame, pre'), (e) => e.tabIndex === 0)"),
        b.value("Array.from(document.querySelectorAll('.frame, pre'), (e) =>"
                " e.scrollWidth > e.clientWidth + 1 || e.scrollHeight > e.clientHeight + 1)"))
    checks.same("hostile text is text", b.value(
        "[document.scripts.length, document.body.textContent.includes('<script>alert(1)')]"),
        [1, True])
    b.value("const s = document.createElement('script'); s.textContent = 'window.hacked = 1';"
            "document.body.append(s)")
    checks.same("the policy stops other scripts", b.value("'hacked' in window"), False)
    b.open(url, 1280, 900, "dark")
    b.call("Emulation.setEmulatedMedia", media="print", features=[])
    checks.same("paper is white", b.value(
        "getComputedStyle(document.querySelector('h1')).color"), "rgb(28, 30, 33)")
    pdf = b.call("Page.printToPDF", printBackground=False)["data"]
    checks.same("it prints", base64.b64decode(pdf)[:5], b"%PDF-")
    b.call("Emulation.setScriptExecutionDisabled", value=True)
    for width in (390, 1280):
        b.open(url, width, 900, "light")
        checks.same("without scripts: overflow", b.value(OVERFLOW), [])
        checks.same("without scripts: rows", len(b.value(shown(TABLE))), 11)
        checks.same("without scripts: complaints", [
            c for c in b.complaints() if "script" not in c.lower()], [])


def check_pages(b, checks, pages, shots, prefix, places=("phone", "desk")):
    """What every page must be: check_looks() of a dict of addresses by name."""
    for name, url in pages.items():
        place = os.path.join(shots, prefix + name) if shots else None
        if place:
            os.makedirs(place, exist_ok=True)
        check_looks(b, checks, url, place, places)


def run_checks(check, *tools):
    """Calls check(browser, checks, folder, shots) with a scratch folder and the folder for
    screenshots, unless a tool is missing; prints the counts; returns the exit code."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    missing = [tool for tool in tools if not shutil.which(tool)] + ([] if program else ["chromium"])
    if missing:
        print(f"skipped: needs {missing[0]}\n0 passed, 0 failed, 1 skipped")
        return 0
    checks = Checks()
    browser = Browser(program)
    try:
        with tempfile.TemporaryDirectory(prefix="solder-html-") as folder:
            check(browser, checks, folder, sys.argv[2] if len(sys.argv) > 2 else None)
    except (RuntimeError, subprocess.CalledProcessError) as problem:
        checks.failed += 1
        print(f"FAIL: {problem}")
    finally:
        browser.close()
    print(f"{checks.passed} passed, {checks.failed} failed")
    return 1 if checks.failed else 0


def check_sample(b, checks, folder, shots):
    page = os.path.join(folder, "page.html")
    with open(page, "wb") as f:
        subprocess.run([sys.argv[1]], stdout=f, check=True)
    url = "file://" + page
    check_pages(b, checks, {"": url}, shots, "", WIDTHS)
    check_filters(b, checks, url)
    check_sorting(b, checks, url)
    check_the_rest(b, checks, url)


if __name__ == "__main__":
    sys.exit(run_checks(check_sample))
