# Writes for every library the assembler file NAME.s and the version script NAME.map
# of a stub that exports what the library of glibc FLOOR does: every symbol that
# there was by then, in the version that a link against it would have bound.
#
# Reads the abilists of the source, which say in which version a symbol appeared.
# They are those of today: what was in libpthread, libdl and others until glibc 2.34
# has two versions in libc's list, one of then and one of now, and goes back to where
# it was unless FLOOR has the new one.

function number(version, part) {
    sub(/^[A-Z]+_/, "", version)
    split(version, part, ".")
    return part[1] * 1000000 + part[2] * 1000 + part[3]
}

# The library of a symbol before it moved to libc.
function home(symbol) {
    if (symbol ~ /^dl(addr1?|close|error|info|mopen|open|v?sym)$/) return "libdl"
    if (symbol ~ /^(aio_|lio_|mq_|__mq_|shm_|timer_)/) return "librt"
    if (symbol ~ /^(openpty|forkpty|login|login_tty|logout|logwtmp)$/) return "libutil"
    if (symbol ~ /^(gai_|getaddrinfo_a$)/) return "libanl"
    if (symbol ~ /^(ns_|__res_|__dn_)/) return "libresolv"
    if (symbol ~ /^(_*pthread_|sem_|thrd_|mtx_|cnd_|tss_|call_once$)/) return "libpthread"
    if (symbol == "__isnanf128") return "libm"
    return "libc"
}

# True for those that moved in their old version alone.
function moved_as_is(symbol) {
    return symbol ~ /^__res_.*(ok|query|querydomain|search|send)$|^__dn_|^_pthread_cleanup_.*_/ ||
        symbol ~ /^__pthread_(.et|mutex|rwlock|once)|^pthread_(mutex.*|kill_other_threads)_np$|^pthread_yield$/
}

# Names of one variable, which a program that has a copy of it must have them all of.
function variable(symbol) {
    if (symbol == "program_invocation_name") return "progname_full"
    if (symbol == "program_invocation_short_name") return "progname"
    sub(/^_+/, "", symbol)
    return symbol
}

BEGIN { limit = number("GLIBC_" floor) }

FNR == 1 {
    library = FILENAME
    sub(/.*\//, "", library)
    sub(/\.abilist$/, "", library)
    libraries[++n_libraries] = library
}

# Programs have had a pthread_atfork of their own, of libc_nonshared.a, ever since it
# must know whose it is.
$1 !~ /^(GLIBC|GCC)_[0-9.]+$/ || $2 ~ /_version_placeholder$|^pthread_atfork$/ { next }

{
    v = number($1)
    id = library SUBSEP $2
    # Those of 2.32 to 2.34 are the ones that came with the move.
    if (v >= 2032000 && v <= 2034000 && (!(id in move) || v < move[id])) move[id] = v
    if ($1 ~ /^GLIBC_/ && v > limit) next
    if (!(id in best)) ids[++n] = id
    if (!(id in best) || v > best[id]) {
        best[id] = v
        version[id] = $1
        kind[id] = $3
        size[id] = $4
    }
}

END {
    # In the order of the lists, not in one of awk's own.
    for (i = 1; i <= n; i++) {
        id = ids[i]
        split(id, part, SUBSEP)
        library = part[1]
        symbol = part[2]
        if (library == "libc" && (id in move ? best[id] < move[id] : limit < 2034000 && moved_as_is(symbol)))
            library = home(symbol)
        node = library SUBSEP version[id]
        if (!(node in nodes)) order[++n_nodes] = node
        nodes[node] = nodes[node] "  " symbol ";\n"
        if (kind[id] == "F") {
            code[library] = code[library] sprintf(".globl %s\n.type %s, %%function\n%s: .space 4\n",
                symbol, symbol, symbol)
            continue
        }
        name = library SUBSEP variable(symbol) SUBSEP size[id]
        if (!(name in data)) names[++n_names] = name
        # Linkers copy a variable under all of its names only if the one used is weak.
        strong = part[1] SUBSEP "__" variable(symbol)
        data[name] = data[name] sprintf(".%s %s\n.type %s, %%object\n.size %s, %s\n%s:\n",
            id != strong && strong in best ? "weak" : "globl", symbol, symbol, symbol,
            kind[id] == "D" ? size[id] : 0, symbol)
    }
    for (i = 1; i <= n_names; i++) {
        split(names[i], part, SUBSEP)
        code[part[1]] = code[part[1]] ".data\n.balign 32\n" data[names[i]] \
            ".space " (part[3] ? part[3] : 1) "\n.text\n"
    }
    for (i = 1; i <= n_libraries; i++) {
        library = libraries[i]
        printf ".text\n%s.section .note.GNU-stack,\"\",%%progbits\n", code[library] >(library ".s")
        printf "" >(library ".map")
    }
    for (i = 1; i <= n_nodes; i++) {
        split(order[i], part, SUBSEP)
        printf "%s {\n%s};\n", part[2], nodes[order[i]] >(part[1] ".map")
    }
}
