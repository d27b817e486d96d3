# ssl finds the system's CA certificates on the layouts of several systems, without variables.
. "$HERE/common.sh"

name="CA certificates"
if ! can_bwrap; then
	skip "$name" "no namespaces here"
	exit 0
fi
if ! have openssl; then
	skip "$name" "no openssl program to make certificates with"
	exit 0
fi

# A CA, and a server's certificate that it signed.
make_certificates() {
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=solder-test-ca \
		-addext keyUsage=critical,keyCertSign,cRLSign -keyout ca.key -out ca.pem &&
		openssl req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout server.key -out server.csr &&
		printf '%s\n' subjectAltName=DNS:localhost authorityKeyIdentifier=keyid >extensions &&
		openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \
			-extfile extensions -out server.pem
}
cd "$SCRATCH" || exit
check "certificates can be made" make_certificates || exit 0
hash=$(openssl x509 -hash -noout -in ca.pem)

# file PATH: a bundle; hashed DIR: a folder that is looked up by hash; both below $root.
file() {
	mkdir -p "$root$(dirname "$1")"
	cp ca.pem "$root$1"
}
hashed() {
	mkdir -p "$root$1"
	cp ca.pem "$root$1/$hash.0"
}
link() {
	mkdir -p "$root$(dirname "$2")"
	ln -s "$1" "$root$2"
}
debian() {
	file /etc/ssl/certs/ca-certificates.crt
	hashed /etc/ssl/certs
	mkdir -p "$root/etc/ssl/private"
}
debian_folder() {
	hashed /etc/ssl/certs
}
red_hat() {
	file /etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem
	link /etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem /etc/pki/tls/cert.pem
	link /etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem /etc/pki/tls/certs/ca-bundle.crt
	link ../pki/tls/certs /etc/ssl/certs
}
# Fedora 43 has dropped the links.
red_hat_new() {
	file /etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem
	hashed /etc/pki/ca-trust/extracted/pem/directory-hash
	mkdir -p "$root/etc/pki/tls/certs"
}
suse() {
	file /var/lib/ca-certificates/ca-bundle.pem
	hashed /var/lib/ca-certificates/pem
	link ../../var/lib/ca-certificates/ca-bundle.pem /etc/ssl/ca-bundle.pem
	link /var/lib/ca-certificates/pem /etc/ssl/certs
}
alpine() {
	file /etc/ssl/certs/ca-certificates.crt
	link certs/ca-certificates.crt /etc/ssl/cert.pem
}

# In the layout: the program has to verify the server, with nothing but defaults.
cat >verify.py <<'END_PYTHON'
import ssl, sys
here = sys.argv[1]
client = ssl.create_default_context()
loaded = [dict(part[0] for part in ca["subject"])["commonName"] for ca in client.get_ca_certs()]
server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
server.load_cert_chain(here + "/server.pem", here + "/server.key")
a, b = ssl.MemoryBIO(), ssl.MemoryBIO()
ends = [client.wrap_bio(a, b, server_hostname="localhost"), server.wrap_bio(b, a, server_side=True)]
for _ in range(5):
    for end in ends:
        try:
            end.do_handshake()
        except ssl.SSLWantReadError:
            pass
print("verified", ends[0].getpeercert()["subject"][0][0][1], *loaded)
END_PYTHON

in_layout() {
	bwrap --ro-bind / / --dev /dev --proc /proc --tmpfs /etc --ro-bind "$root/etc" /etc "$@"
}
for layout in debian debian_folder red_hat red_hat_new suse alpine; do
	root="$SCRATCH/$layout"
	mkdir -p "$root/etc" "$root/var/lib/ca-certificates"
	$layout
	if [ -e /etc/ld.so.cache ]; then
		cp /etc/ld.so.cache "$root/etc/"
	fi
	wanted="verified localhost solder-test-ca"
	# Certificates of a folder are loaded when they are wanted.
	[ "$layout" != debian_folder ] || wanted="verified localhost"
	# Where there is no such folder, it cannot be mounted on.
	if [ -d /var/lib/ca-certificates ] || [ "$layout" != suse ]; then
		set --
	else
		set -- --tmpfs /var/lib
	fi
	[ "$layout" != suse ] ||
		set -- "$@" --ro-bind "$root/var/lib/ca-certificates" /var/lib/ca-certificates
	same "$name as $layout keeps them" \
		"$(in_layout "$@" "$PYTHON" -I "$SCRATCH/verify.py" "$SCRATCH" 2>&1)" "$wanted"
done
root="$SCRATCH/nothing"
mkdir -p "$root/etc"
same "$name: none at all is an error, no crash" "$(in_layout "$PYTHON" -Ic '
import ssl
print(len(ssl.create_default_context().get_ca_certs()))' 2>&1)" 0
