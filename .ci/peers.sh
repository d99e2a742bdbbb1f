# Sourced. find_peers finds the programs by others that the interoperation tests
# put beside Keywright, and names them for the tests:
#
#   KEYWRIGHT_NODE_PEERS   folder whose node_modules has openid-client, oauth4webapi, jose, axe-core and html-validate
#   KEYWRIGHT_NGINX        nginx with the auth_request module: NGINX_BIN, or on the PATH
#   KEYWRIGHT_PROMETHEUS   Prometheus: PROMETHEUS_BIN, or on the PATH
#   KEYWRIGHT_CHROMIUM     Chromium, for the console: CHROMIUM_BIN, or fetched, or on the PATH
#
# What is missing it fetches into the cache folder: the Node packages and
# Chromium with npm, in set versions and without running their scripts; nginx and
# Prometheus with apt-get download, unpacked and not installed, so no service
# starts. Where npm has no Chromium that runs, it is installed.
# Whatever cannot be had is left out aloud, or is an error if REQUIRE_PEERS=1.

peers_cache=${XDG_CACHE_HOME:-$HOME/.cache}/keywright

find_peers() {
	node_peers || peer_left_out 'openid-client, oauth4webapi, jose, axe-core and html-validate: install Node 20 or newer with npm'
	KEYWRIGHT_NGINX=$(peer nginx_works "${NGINX_BIN:-nginx}" nginx usr/sbin/nginx) ||
		peer_left_out 'nginx: install it, or set NGINX_BIN'
	KEYWRIGHT_PROMETHEUS=$(peer runs "${PROMETHEUS_BIN:-prometheus}" prometheus usr/bin/prometheus) ||
		peer_left_out 'Prometheus: install it, or set PROMETHEUS_BIN'
	export KEYWRIGHT_NGINX KEYWRIGHT_PROMETHEUS
	KEYWRIGHT_CHROMIUM=$(browser) ||
		peer_left_out 'Chromium: install it, or set CHROMIUM_BIN'
	export KEYWRIGHT_CHROMIUM
}

peer_left_out() {
	if [ "${REQUIRE_PEERS:-}" = 1 ]; then
		printf 'the tests need %s\n' "$1" >&2
		exit 1
	fi
	printf '\n!! LEFT OUT: the tests with %s\n\n' "$1" >&2
	export LEFT_OUT="${LEFT_OUT:+$LEFT_OUT; }the tests with ${1%%:*}"
}

node_peers() {
	command -v npm >/dev/null && command -v node >/dev/null || return 1
	node --eval 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' || return 1
	local locked=cmd/keywright/testdata/node folder
	folder=$peers_cache/node-$(cat "$locked/package.json" "$locked/package-lock.json" | cksum | cut -d ' ' -f 1)
	if [ ! -e "$folder/complete" ]; then
		printf 'fetching openid-client, oauth4webapi, jose, axe-core and html-validate for the tests (npm ci into %s)\n' "$folder" >&2
		mkdir -p "$folder"
		cp "$locked/package.json" "$locked/package-lock.json" "$folder"
		npm ci --prefix "$folder" --ignore-scripts --no-audit --no-fund --loglevel error >&2 || return 1
		touch "$folder/complete"
	fi
	export KEYWRIGHT_NODE_PEERS=$folder
}

# peer TEST PROGRAM PACKAGE PATH prints the path of a program that passes the
# test: PROGRAM itself, or PATH in a Debian package.
peer() {
	local program
	if program=$(PATH=$PATH:/usr/local/sbin:/usr/sbin command -v "$2") && "$1" "$program"; then
		printf '%s' "$program"
		return
	fi
	program=$peers_cache/debian-$3/$4
	if [ ! -x "$program" ]; then
		command -v apt-get >/dev/null && command -v dpkg >/dev/null || return 1
		printf 'fetching %s for the tests (apt-get download, unpacked in %s)\n' "$3" "$peers_cache/debian-$3" >&2
		unpack_debian "$3" "$peers_cache/debian-$3" >&2 || return 1
	fi
	"$1" "$program" && printf '%s' "$program"
}

# browser prints the path of a Chromium that runs: of what Ubuntu calls chromium
# there is only a program that says how to get it.
browser() {
	local program
	if [ -n "${CHROMIUM_BIN:-}" ]; then
		runs "$CHROMIUM_BIN" && printf '%s' "$CHROMIUM_BIN"
		return
	fi
	npm_browser && return
	for program in chromium google-chrome chromium-browser; do
		program=$(command -v "$program") && runs "$program" && printf '%s' "$program" && return
	done
	debian_browser
}

# npm_browser fetches the headless shell of Chromium for Linux on x86-64. It
# brings its libraries and fonts along, so that nothing is installed, and takes
# a third of the time of a Chromium with windows.
npm_browser() {
	local package=@sparticuz/chromium version=153.0.0 folder
	folder=$peers_cache/chromium-$version
	if [ ! -x "$folder/chromium" ]; then
		[ "$(uname -sm)" = 'Linux x86_64' ] && command -v npm >/dev/null && command -v node >/dev/null || return 1
		printf 'fetching Chromium for the tests of the console (npm install into %s)\n' "$folder" >&2
		mkdir -p "$folder"
		npm install --prefix "$folder" --no-save --no-package-lock --no-audit --no-fund --ignore-scripts \
			--loglevel error "$package@$version" >&2 || return 1
		unpack_browser "$folder/node_modules/$package/bin" "$folder" || return 1
	fi
	runs "$folder/chromium" && printf '%s' "$folder/chromium"
}

# unpack_browser FROM TO makes the program TO/chromium, as its last step. It
# has no sandbox of its own, and opens no page but ours.
unpack_browser() {
	brotli() { node --eval 'process.stdin.pipe(require("zlib").createBrotliDecompress()).pipe(process.stdout)' <"$1"; }
	brotli "$1/al2023.tar.br" | tar -x -C "$2" &&
		brotli "$1/fonts.tar.br" | tar -x -C "$2" &&
		brotli "$1/chromium.br" >"$2/program" &&
		printf '<fontconfig><include ignore_missing="yes">/etc/fonts/fonts.conf</include><dir>%s</dir><cachedir>%s</cachedir></fontconfig>\n' "$2/fonts" "$2/fontconfig" >"$2/fonts.conf" &&
		printf '#!/bin/sh\nLD_LIBRARY_PATH=%q FONTCONFIG_FILE=%q exec %q --no-sandbox "$@"\n' \
			"$2/lib" "$2/fonts.conf" "$2/program" >"$2/starter" &&
		chmod +x "$2/program" "$2/starter" && rm -rf "$2/node_modules" && mv "$2/starter" "$2/chromium"
}

# debian_browser installs it, for its libraries, and a font.
debian_browser() {
	command -v apt-get >/dev/null || return 1
	printf 'installing Chromium for the tests of the console (apt-get install)\n' >&2
	install_debian chromium fonts-dejavu-core >&2 ||
		{ update_package_lists >&2 && install_debian chromium fonts-dejavu-core >&2; } || return 1
	runs chromium && command -v chromium
}

install_debian() {
	local as_root=()
	[ "$(id -u)" = 0 ] || as_root=(sudo -n)
	"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install --quiet --yes --no-install-recommends "$@"
}

runs() { "$1" --version >/dev/null 2>&1; }

nginx_works() { [[ $("$1" -V 2>&1) == *http_auth_request_module* ]]; }

# unpack_debian PACKAGE FOLDER leaves no half of a package behind.
unpack_debian() (
	mkdir -p "$peers_cache"
	new=$(mktemp -d "$peers_cache/unpack.XXXXXX")
	trap 'rm -rf "$new"' EXIT
	chmod 755 "$new"
	cd "$new"
	apt-get download --quiet "$1" || { update_package_lists && apt-get download --quiet "$1"; } || exit 1
	dpkg -x "$1"_*.deb unpacked && rm -rf "$2" && mv unpacked "$2"
)

update_package_lists() {
	if [ "$(id -u)" = 0 ]; then
		apt-get update --quiet
	else
		sudo -n apt-get update --quiet
	fi
}
