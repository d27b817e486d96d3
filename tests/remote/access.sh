# Who is let in, and whom solder talks to: TLS, client certificates and passwords. Sourced by run.sh
# while the server has all five steps.

keys=$world/keys

# certify NAME ISSUER DAYS SUBJECT-ALT-NAME
certify() {
	openssl req -newkey rsa:2048 -nodes -keyout "$keys/$1.key" -subj "/CN=$1" \
		-out "$keys/$1.csr" 2>/dev/null &&
		echo "subjectAltName=$4" >"$keys/$1.ext" &&
		openssl x509 -req -in "$keys/$1.csr" -CA "$keys/$2.pem" -CAkey "$keys/$2.key" \
			-days "$3" -extfile "$keys/$1.ext" -out "$keys/$1.pem" 2>/dev/null &&
		cat "$keys/$1.pem" "$keys/$1.key" >"$keys/$1.both"
}

make_keys() {
	mkdir -p "$keys/home"
	for ca in ca other-ca; do
		openssl req -x509 -newkey rsa:2048 -nodes -keyout "$keys/$ca.key" -subj "/CN=$ca" \
			-days 2 -out "$keys/$ca.pem" 2>/dev/null || return 1
	done
	certify right ca 2 IP:127.0.0.1 && certify elsewhere ca 2 DNS:cache.example &&
		certify expired ca -1 IP:127.0.0.1 && certify client ca 2 DNS:client.example &&
		certify stranger other-ca 2 DNS:client.example || return 1
	echo "builder:$(openssl passwd -apr1 secret)" >"$keys/users"
	echo "machine 127.0.0.1 login builder password secret" >"$keys/netrc"
	echo "machine 127.0.0.1 login builder password guess" >"$keys/netrc-wrong"
}

# before CERTIFICATE VERIFY REALM: nginx with TLS before the server, at $url.
before() {
	mkdir -p "$world/front"
	guarded=$(free_port)
	case $backend in
	nginx) pass="proxy_pass http://127.0.0.1:$port" url=https://127.0.0.1:$guarded ;;
	casd) pass="grpc_pass grpc://127.0.0.1:$port" url=grpcs://127.0.0.1:$guarded ;;
	esac
	sed -e "s,@ROOT@,$world/front,; s,@PORT@,$guarded,; s,@KEYS@,$keys,; s,@CERTIFICATE@,$1," \
		-e "s,@VERIFY@,$2,; s,@REALM@,$3,; s,@PASS@,$pass," "$here/front.conf" >"$world/front/conf"
	/usr/sbin/nginx -c "$world/front/conf" 2>/dev/null &
	front=$!
	started $front $guarded
}

after() {
	end $front
	front=
}

# enter OPTION...: a build of the second machine, which is new.
enter() {
	rm -rf "$world/second"
	fill_sources second
	HOME=$keys/home CURL_CA_BUNDLE=$trusted
	export HOME CURL_CA_BUNDLE
	small second read "$@" && same second
}

let_in() {
	enter "$@" && none_ran && ! grep -q '^warning:' "$world/err"
}

# turned_away WORD OPTION...: the build goes on without, and one line says why.
turned_away() {
	word=$1
	shift
	enter "$@" && [ "$(grep -c '^warning:' "$world/err")" = 1 ] && grep -q "^warning:.*$word" "$world/err" &&
		grep -q ' 0 steps taken' "$world/err"
}

access() (
	trap after EXIT
	trusted=$keys/ca.pem
	before right off off
	check "TLS: a certificate that is believed" let_in
	trusted=$keys/other-ca.pem
	check "TLS: one of an issuer that is not believed" turned_away certificate
	trusted=
	check "TLS: one that the system does not believe" turned_away certificate
	after
	trusted=$keys/ca.pem
	before elsewhere off off
	check "TLS: a certificate of another host" turned_away name
	after
	before expired off off
	check "TLS: a certificate that has expired" turned_away certificate
	after
	before right on off
	check "a client certificate" let_in --remote-cache-cert "$keys/client.both"
	check "no client certificate" turned_away "HTTP status 400"
	check "a stranger's client certificate" turned_away "HTTP status 400" \
		--remote-cache-cert "$keys/stranger.both"
	after
	before right off cache
	check "a password" let_in --remote-cache-netrc "$keys/netrc"
	check "no password" turned_away "HTTP status 401"
	check "a wrong password" turned_away "HTTP status 401" --remote-cache-netrc "$keys/netrc-wrong"
	cp "$keys/netrc" "$keys/home/.netrc"
	check "a password in ~/.netrc" let_in
	rm "$keys/home/.netrc"
	after
	exit $failed
)

check "certificates can be made" make_keys
access
failed=$?
