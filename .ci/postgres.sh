# Sourced. find_postgres sees to it that the tests find a Postgres: the one that
# TEST_DATABASE_URL names, installed binaries (PG_BIN, /usr/lib/postgresql,
# PATH; the tests start a throwaway server from them, also as root), one in a
# container, or one that it installs. Without any it fails if
# REQUIRE_POSTGRES=1, and otherwise says what is left out.

find_postgres() {
	[ -z "${TEST_DATABASE_URL:-}" ] || return 0
	postgres_binaries && return 0
	postgres_container && return 0
	postgres_install && postgres_binaries && return 0
	if [ "${REQUIRE_POSTGRES:-}" = 1 ]; then
		printf 'no Postgres was found and none could be installed: set TEST_DATABASE_URL or PG_BIN\n' >&2
		return 1
	fi
	printf '\n!! LEFT OUT: all tests on Postgres. Set TEST_DATABASE_URL or PG_BIN, or install it.\n\n' >&2
	export LEFT_OUT="${LEFT_OUT:+$LEFT_OUT; }all tests on Postgres, which was not found"
}

postgres_binaries() {
	[ -x "${PG_BIN:-}/initdb" ] || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || command -v initdb >/dev/null
}

postgres_container() {
	command -v docker >/dev/null && docker info >/dev/null 2>&1 || return 1
	local id port
	id=$(docker run --detach --rm --publish 127.0.0.1::5432 --env POSTGRES_PASSWORD=test postgres:17 -c fsync=off) || return 1
	# shellcheck disable=SC2064 # the id of now
	trap "docker stop --time 1 $id >/dev/null" EXIT
	port=$(docker port "$id" 5432/tcp | head -n 1 | sed 's/.*://')
	for _ in $(seq 60); do
		if docker exec "$id" pg_isready --quiet --host 127.0.0.1; then
			export TEST_DATABASE_URL="postgres://postgres:test@127.0.0.1:$port/postgres?sslmode=disable"
			return 0
		fi
		sleep 0.5
	done
	return 1
}

postgres_install() {
	command -v apt-get >/dev/null || return 1
	local as_root=()
	if [ "$(id -u)" != 0 ]; then
		sudo -n true 2>/dev/null || return 1
		as_root=(sudo -n)
	fi
	printf 'installing Postgres for the tests (apt-get install postgresql)\n' >&2
	{
		"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update --quiet
		"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install --quiet --yes --no-install-recommends postgresql
	} >&2
}
