"use strict";
// Filters, search, sorting and the theme. Without this the page is complete, only plainer.
(() => {
	const root = document.documentElement;
	const themes = ["system", "light", "dark"];
	let theme = "system";

	// Pages opened from a file may have no storage.
	try {
		const saved = localStorage.getItem("solder-theme");
		theme = themes.includes(saved) ? saved : theme;
	} catch { /* the system's theme it is */ }
	const applyTheme = () => {
		if (theme === "system")
			delete root.dataset.theme;
		else
			root.dataset.theme = theme;
	};
	applyTheme();

	const make = (tag, props, ...children) => {
		const e = Object.assign(document.createElement(tag), props);
		e.append(...children);
		return e;
	};

	const themeButton = () => {
		const button = make("button", { type: "button", id: "theme" });
		const show = () => {
			button.textContent = "Theme: " + theme;
		};
		button.addEventListener("click", () => {
			theme = themes[(themes.indexOf(theme) + 1) % themes.length];
			try {
				localStorage.setItem("solder-theme", theme);
			} catch { /* it holds until the page is left */ }
			applyTheme();
			show();
		});
		show();
		return button;
	};

	const foldButton = (listings) => {
		const button = make("button", { type: "button", id: "fold", textContent: "Unfold all" });
		button.addEventListener("click", () => {
			const open = !listings.every((d) => d.open);
			listings.forEach((d) => { d.open = open; });
			button.textContent = open ? "Fold all" : "Unfold all";
		});
		return button;
	};

	const units = {
		"%": 1, ns: 1e-9, "µs": 1e-6, us: 1e-6, ms: 1e-3, s: 1, min: 60, h: 3600,
		B: 1, KiB: 1024, MiB: 1048576, GiB: 1073741824, kB: 1e3, MB: 1e6, GB: 1e9, k: 1e3, M: 1e6,
	};
	// "1,591", "−3.1 %", "4.2 MiB": the number that a cell says, or null.
	const numberIn = (text) => {
		const m = /^[^\d+−-]{0,2}([+−-]?[\d,]*\.?\d+(?:e[+-]?\d+)?)\s*([%µa-zA-Z]*)/.exec(text);
		if (!m)
			return null;
		const value = parseFloat(m[1].replace(/,/g, "").replace("−", "-"));
		return Number.isNaN(value) ? null : value * (units[m[2]] || 1);
	};
	const compare = (kind) => (a, b) => {
		if (kind === "number") {
			const x = numberIn(a), y = numberIn(b);
			if (x === null || y === null)
				return (x === null) - (y === null);
			return x - y;
		}
		return a.localeCompare(b, "en", { numeric: true });
	};

	const setUpTable = (box, index) => {
		const table = box.querySelector("table");
		const body = table.tBodies[0];
		const heads = Array.from(table.tHead.rows[0].cells);
		const rows = Array.from(body.rows).filter((r) => !r.classList.contains("none"));
		const titles = heads.map((h) => h.textContent);
		const texts = new Map();
		const chosen = new Map(); // column: verdict
		let words = [];

		if (rows.length < 2)
			return;
		// Laid out as blocks a table is none to a screen reader, unless it says so.
		table.setAttribute("role", "table");
		for (const part of [table.tHead, body])
			part.setAttribute("role", "rowgroup");
		const text = (row, c) => row.cells[c].textContent;
		const verdict = (row, c) => text(row, c).split(/[:;(]/)[0].trim();
		const status = make("output", { className: "status" });
		const update = () => {
			let shown = 0;
			for (const row of rows) {
				let hit = true;
				for (const [c, v] of chosen)
					hit = hit && verdict(row, c) === v;
				if (hit && words.length) {
					if (!texts.has(row))
						texts.set(row, row.textContent.toLowerCase());
					hit = words.every((w) => texts.get(row).includes(w));
				}
				row.hidden = !hit;
				shown += hit;
			}
			status.textContent = shown === rows.length
				? rows.length + " rows" : shown + " of " + rows.length + " rows";
		};

		const filterGroup = (c) => {
			const counts = new Map();
			const tones = new Map();
			const rank = ["bad", "doubt", "plain", "good"];
			for (const row of rows) {
				const v = verdict(row, c);
				const tone = row.cells[c].firstElementChild.classList[1];
				counts.set(v, (counts.get(v) || 0) + 1);
				tones.set(v, tone);
			}
			if (counts.size < 2 || counts.size > 12)
				return null;
			const values = Array.from(counts.keys()).sort((a, b) =>
				rank.indexOf(tones.get(a)) - rank.indexOf(tones.get(b)) || counts.get(b) - counts.get(a));
			const group = make("div", { className: "filters" });
			group.setAttribute("role", "group");
			group.setAttribute("aria-label", "Filter by " + titles[c]);
			const add = (v, label, n, tone) => {
				const button = make("button", { type: "button" },
					make("span", { className: "verdict " + tone, textContent: label }), " ",
					make("span", { className: "count", textContent: n }));
				button.dataset.value = v === null ? "" : v;
				button.setAttribute("aria-pressed", v === null);
				button.addEventListener("click", () => {
					if (v === null)
						chosen.delete(c);
					else
						chosen.set(c, v);
					for (const other of group.children)
						other.setAttribute("aria-pressed", other === button);
					update();
				});
				group.append(button);
			};
			add(null, "all", rows.length, "none");
			for (const v of values)
				add(v, v, counts.get(v), tones.get(v));
			return group;
		};

		const select = make("select", {}, make("option", { value: "", textContent: "as given" }));
		const sortBy = (c, direction) => {
			const kind = c === null ? null : heads[c].dataset.kind;
			const order = compare(kind);
			const sorted = c === null ? rows : rows.slice().sort((a, b) => {
				const x = text(a, c), y = text(b, c);
				// What has no value stays at the end, whichever way.
				if (x === "-" || y === "-")
					return (x === "-") - (y === "-");
				return direction * order(x, y);
			});
			heads.forEach((h, i) => {
				if (i === c)
					h.setAttribute("aria-sort", direction > 0 ? "ascending" : "descending");
				else
					h.removeAttribute("aria-sort");
			});
			select.value = c === null ? "" : c + (direction > 0 ? "+" : "-");
			body.append(...sorted);
		};
		heads.forEach((head, c) => {
			const button = make("button", { type: "button", className: "sort", textContent: titles[c] });
			button.addEventListener("click", () => {
				const now = head.getAttribute("aria-sort");
				if (now === "descending")
					sortBy(null, 1);
				else
					sortBy(c, now === "ascending" ? -1 : 1);
			});
			head.replaceChildren(button);
			select.append(make("option", { value: c + "+", textContent: titles[c] + ", up" }),
				make("option", { value: c + "-", textContent: titles[c] + ", down" }));
		});
		select.addEventListener("change", () => {
			const v = select.value;
			sortBy(v ? parseInt(v, 10) : null, v.endsWith("-") ? -1 : 1);
		});

		const bar = make("div", { className: "bar" });
		heads.forEach((head, c) => {
			const group = head.dataset.kind === "verdict" ? filterGroup(c) : null;
			if (group)
				bar.append(group);
		});
		if (rows.length > 10) {
			const search = make("input", { type: "search", placeholder: "Search rows", id: "search-" + index });
			search.setAttribute("aria-label", "Search rows");
			search.addEventListener("input", () => {
				words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
				update();
			});
			bar.append(search);
		}
		bar.append(make("label", { className: "order" }, "Sort by ", select));
		if (bar.children.length > 1)
			bar.append(status);
		if (table.caption) {
			// The caption goes above the bar that belongs to it, and still names the table.
			const title = make("div", { className: "caption", textContent: table.caption.textContent });
			title.setAttribute("aria-hidden", "true");
			table.caption.classList.add("quiet");
			box.prepend(title);
		}
		box.insertBefore(bar, box.querySelector(".frame"));
		update();
	};

	// Only what scrolls needs a place in the order of the keyboard.
	const frames = () => {
		for (const e of document.querySelectorAll(".frame, pre")) {
			if (e.scrollWidth > e.clientWidth + 1 || e.scrollHeight > e.clientHeight + 1)
				e.tabIndex = 0;
			else
				e.removeAttribute("tabindex");
		}
	};

	// What an address leads to may be folded away.
	const unfold = () => {
		let e = document.getElementById(location.hash.slice(1));

		for (const place = e; e; e = e.parentElement) {
			if (e.tagName === "DETAILS" && !e.open) {
				e.open = true;
				place.scrollIntoView();
			}
		}
	};

	document.addEventListener("DOMContentLoaded", () => {
		const listings = Array.from(document.querySelectorAll("details.listing"));
		const tools = document.getElementById("tools");

		root.classList.add("scripted");
		if (listings.length > 1)
			tools.append(foldButton(listings));
		tools.append(themeButton());
		document.querySelectorAll("div.table").forEach(setUpTable);
		frames();
		unfold();
		addEventListener("hashchange", unfold);
		addEventListener("resize", frames);
		document.addEventListener("toggle", frames, true);
		// Paper cannot be unfolded.
		addEventListener("beforeprint", () => listings.forEach((d) => {
			d.dataset.was = d.open ? "open" : "";
			d.open = true;
		}));
		addEventListener("afterprint", () => listings.forEach((d) => {
			d.open = d.dataset.was === "open";
		}));
	});
})();
