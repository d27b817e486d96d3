# Rules of the house that a machine can hold. Prints one line for each broken one,
# "file:line: what", and exits with 1; else ends with "lint: fine".
set -u

bad=$(mktemp)
trap 'rm -f "$bad"' EXIT
sources=$(find src tests -name '*.[ch]' | sort)
our_c=$(find src -name '*.c' | sort)
headers=$(find src tests -name '*.h' | sort)
flags="$(make -s --no-print-directory show-language | tr -d "'") -Werror -fsyntax-only"

# Which rooms a room may include; base and itself go without saying. A room's "-internal.h" is its
# own; tests may look into any.
may_include=$(sed -n '/^```rooms/,/^```$/{/^```/!p}' docs/architecture.md)

# Functions over 80 lines and files over 600, each with the reason.
long_functions='
'
long_files='
'

# Only base/term.c knows how to reach a terminal. These write lines to a stream that they are given
# or whose layout is all their own; what they print still passes the filter:
#   usage: help, man pages and completions, tables of our own
#   report: the writers of documents, which escape
#   check: reports for CI, whose writer escapes
#   rules: the text of docs/rules.md
#   inspect: JSON as it comes, in whose strings there are no line feeds
#   main: the list of commands
#   err: bug(), about ourselves
prints='
src/base/err.c
src/check/rules.c
src/cmd/check.c
src/main.c
src/python/inspect.c
src/usage/complete.c
src/usage/pages.c
'

formatting() {
	# shellcheck disable=SC2086
	clang-format-14 --dry-run -Werror $sources 2>&1 |
		sed -n 's/^\([^:]*:[0-9]*\):[0-9]*: error: code should be clang-formatted.*/\1: not as clang-format-14 writes it/p'
}

directions() {
	# shellcheck disable=SC2086
	awk -v table="$may_include" '
		BEGIN {
			n = split(table, lines, "\n")
			for (i = 1; i <= n; i++) {
				k = split(lines[i], words, " ")
				if (k)
					known[words[1]] = 1
				for (j = 2; j <= k; j++)
					may[words[1], words[j]] = 1
			}
		}
		FNR == 1 {
			room = FILENAME
			sub(/^src\//, "", room)
			room = room ~ /\// ? substr(room, 1, index(room, "/") - 1) : "main"
			if (!(room in known))
				print FILENAME ":1: the room \"" room "\" is not in the table of docs/architecture.md"
		}
		/^#[ \t]*include "/ {
			split($0, parts, "\"")
			other = parts[2]
			if (other !~ /\//) {
				print FILENAME ":" FNR ": include \"ROOM/" other "\", not \"" other "\""
				next
			}
			sub(/\/.*/, "", other)
			if (other != room && other != "base" && !((room, other) in may))
				print FILENAME ":" FNR ": " room " must not include " other
			if (other != room && parts[2] ~ /-internal\.h$/)
				print FILENAME ":" FNR ": " parts[2] " is private to " other
		}' $(find src -name '*.[ch]')
}

# Everything that is printed goes through the filter of base/term.c, and text of strangers through
# term_line(), term_block() or a document.
prints() {
	find src -name '*.c' ! -path src/base/term.c | sort | while read -r file; do
		grep -nE '\\(033|x1b|x1B|e)\[|"/dev/(tty|std(out|err)|fd/)' "$file" |
			sed "s|^\([0-9]*\):.*|$file:\1: only base/term.c reaches a terminal|"
		sed 's/"\(\\.\|[^"\\]\)*"/""/g' "$file" | grep -nE '\<(write|writev|fdopen) ?\(([12]|STD(OUT|ERR)_FILENO),|\<(v?dprintf|perror|psignal|psiginfo|error|v?warnx?|v?errx?|json_dumpfd|fileno)\(|\<std(out|err) =' |
			sed "s|^\([0-9]*\):.*|$file:\1: goes around the filter of base/term.c|"
		case "$prints" in *"
$file
"*) continue ;; esac
		case $file in src/report/*) continue ;; esac
		sed 's/"\(\\.\|[^"\\]\)*"/""/g' "$file" | grep -nE '\<(v?f?printf|f?puts|putchar|f?putc|fwrite|json_dumpf)(_unlocked)?\(' |
			sed "s|^\([0-9]*\):.*|$file:\1: print with base/term.h or a document|"
	done
}

sizes() {
	# A body begins with a brace in the first column and ends with one; clang-format sees to it.
	# shellcheck disable=SC2086
	awk -v listed="$long_functions" '
		FNR == 1 { start = 0 }
		/^[A-Za-z_].*\(/ { name = $0; sub(/\(.*/, "", name); sub(/.*[ *]/, "", name) }
		/^\{/ { start = FNR }
		/^\}/ {
			if (start && FNR - start - 1 > 80 && !index(listed, "\n" name "\n"))
				print FILENAME ":" start ": " name "() has " FNR - start - 1 \
					" lines; 80 are the limit"
			start = 0
		}' $sources
	for file in $sources $(find tests -name '*.sh' -o -name '*.py'); do
		n=$(wc -l <"$file")
		case "$long_files" in *"
$file
"*) continue ;; esac
		[ "$n" -le 600 ] || echo "$file:1: $n lines; 600 are the limit"
	done
	n=$(cat src/base/*.[ch] | wc -l)
	[ "$n" -lt 3000 ] || echo "src/base/base.h:1: base has $n lines; it must stay under 3000"
	n=$(wc -l <src/main.c)
	[ "$n" -lt 200 ] || echo "src/main.c:1: $n lines; it must stay under 200"
}

# The compilers' own words, shortened to place and message.
complaints() {
	sed -n 's/^\([^ :]*:[0-9]*\):[0-9]*: \(fatal error\|error\|warning\): \(.*\)/\1: '"$1"': \3/p'
}

compilers() {
	for cc in gcc clang-14; do
		{
			printf '%s\n' $our_c | xargs -P 2 -n 8 $cc $flags -x c
			# A header alone does not use its inline functions.
			printf '%s\n' $headers |
				xargs -P 2 -n 8 $cc $flags -Wno-unused-function -x c
		} 2>&1 | grep -v 'pragma once' | complaints "$cc"
	done
}

scripts() {
	for file in $(find tests recipes .ci -name '*.sh' 2>/dev/null) tests/cli/*/cmd; do
		sh -n "$file" 2>&1 |
			sed 's/^\(.*\): \([0-9]*\): \(.*\)/\1:\2: \3/'
	done
	command -v shellcheck >/dev/null || return 0
	shellcheck -s sh -S warning -f gcc $(find tests .ci -name '*.sh' 2>/dev/null) |
		sed 's/^\([^:]*:[0-9]*\):[0-9]*: /\1: /'
}

# What belongs on the tracker, and what belongs to one machine only. The words are put together
# here so that this file does not hold them.
words() {
	files=$(git ls-files --cached --others --exclude-standard | grep -v '^tests/fuzz/corpus/')
	# shellcheck disable=SC2086
	grep -nE '\b(TO''DO|FIX''ME|XX''X:)' $files /dev/null |
		sed 's/^\([^:]*:[0-9]*\):.*/\1: leave no such notes; open an issue/'
	# shellcheck disable=SC2086
	grep -nE '/ho''me/[a-z]|/Us''ers/[A-Za-z]|/ro''ot/[.a-zA-Z]' $files /dev/null |
		sed 's/^\([^:]*:[0-9]*\):.*/\1: names a home folder/'
	# shellcheck disable=SC2086
	grep -nEi '(arti''factory|ne''xus|/sim''ple/pypi|/re''pository/(pypi|deb)|reg''istry\.[a-z0-9-]+\.)' $files /dev/null |
		sed 's/^\([^:]*:[0-9]*\):.*/\1: names a package registry/'
}

# The program reads them all, when it is there; the unit tests do it in any case.
recipes() {
	for file in recipes/*/recipe.yaml; do
		dir=${file%/recipe.yaml}
		grep -qx "name: ${dir##*/}" "$file" || echo "$file:1: does not call itself ${dir##*/}"
		for set in recipes/sets/*.yaml; do
			grep -qx "  - package: ${dir##*/}" "$set" ||
				echo "$set:1: locks no source for ${dir##*/}"
		done
	done
}

for rule in formatting directions prints sizes compilers scripts words recipes; do
	$rule >>"$bad"
done
if [ -s "$bad" ]; then
	sort -u "$bad"
	exit 1
fi
echo "lint: fine"
