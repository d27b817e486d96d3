# Servers of the Remote Execution API that lie, break off or are full (tests/unit/test_share.c has
# those of files). Sourced by run.sh.

# lie: a server that does what $world/rule says, with nothing in it.
lie() {
	[ -z "$server" ] || stop
	rm -f "$world/reapi-port" "$world/rule"
	# Debian's, which has python3-h2.
	/usr/bin/python3 "$here/reapi.py" "$world/rule" "$world/reapi-port" 2>"$world/reapi-errors" &
	server=$!
	for i in $(seq 200); do
		[ ! -e "$world/reapi-port" ] || break
		sleep 0.1
	done
	url=grpc://127.0.0.1:$(cat "$world/reapi-port")
}

# goes_on MODE WORD: the right tree, and one line of warning that has the word; "": none.
goes_on() {
	rm -rf "$world/second"
	fill_sources second
	small second "$1" --remote-cache-stall 1 && same second &&
		if [ -n "$2" ]; then
			[ "$(grep -c '^warning:' "$world/err")" = 1 ] && grep -q "^warning:.*$2" "$world/err"
		else
			! grep -q '^warning:' "$world/err"
		fi && return
	cat "$world/reapi-errors"
	return 1
}

lie
check "REAPI: a server in Python takes all" goes_on readwrite ""
takes_all() {
	goes_on read "" && none_ran
}
check "REAPI: and gives all" takes_all
echo "GetActionResult inline" >"$world/rule"
check "REAPI: entries in the results" takes_all
while read -r rule word; do
	echo "$rule" | tr = ' ' >"$world/rule"
	check "REAPI, read: $(cat "$world/rule")" goes_on read "$word"
done <<'END'
*=status=14 UNAVAILABLE: as told
*=status=16 UNAUTHENTICATED
*=status=99 an unknown status
*=http=500 HTTP status 500
*=http=200 sends no gRPC
*=drop GetActionResult
*=reset GetActionResult
*=hang stalled
GetActionResult=garbage the entry of
GetActionResult=flip refused
GetActionResult=field is not of a step
GetActionResult=cut=40 GetActionResult
GetActionResult=stall=40 stalled
GetActionResult=none none of gRPC
GetActionResult=nothing no answer
GetActionResult=twice answers twice
GetActionResult=compressed compressed messages
GetActionResult=huge 4294967295 bytes
GetActionResult=late=13 INTERNAL
Read=status=7 PERMISSION_DENIED
Read=garbage is not what it is called
Read=flip is not what it is called
Read=field ReadResponse is damaged
Read=cut=100 Read
Read=stall=100 stalled
Read=more sends more than
Read=nothing is not what it is called
Read=late=15 DATA_LOSS
END
echo "Read forget" >"$world/rule"
check "REAPI, read: blobs are gone" goes_on read ""

while read -r rule word; do
	lie
	echo "$rule" | tr = ' ' >"$world/rule"
	check "REAPI, write: $(cat "$world/rule")" goes_on readwrite "$word"
done <<'END'
Write=status=8 RESOURCE_EXHAUSTED
Write=short bytes of
Write=drop Write
Write=reset Write
Write=hang stalled
FindMissingBlobs=garbage damaged
UpdateActionResult=status=7 PERMISSION_DENIED
UpdateActionResult=status=9 FAILED_PRECONDITION
UpdateActionResult=drop UpdateActionResult
END
stop
