# Sourced. openapi_tools fetches, with npm, what lints the OpenAPI document and
# generates a client from it, and names their folder in KEYWRIGHT_OPENAPI_TOOLS
# for the tests. Without npm it returns 1; where npm cannot fetch them, it
# fails if REQUIRE_OPENAPI_TOOLS=1 and otherwise returns 1.

openapi_packages=(@redocly/cli@2.77.0 openapi-typescript@7.13.0 openapi-fetch@0.17.0 typescript@5.9.3)

openapi_tools() {
	command -v npm >/dev/null && command -v node >/dev/null || return 1
	local folder
	folder=${XDG_CACHE_HOME:-$HOME/.cache}/keywright/openapi-$(printf '%s\n' "${openapi_packages[@]}" | cksum | cut -d ' ' -f 1)
	if [ ! -e "$folder/complete" ]; then
		mkdir -p "$folder"
		if ! npm install --prefix "$folder" --no-save --no-package-lock --no-audit --no-fund --ignore-scripts \
			--loglevel error "${openapi_packages[@]}" >&2; then
			[ "${REQUIRE_OPENAPI_TOOLS:-}" != 1 ] || exit 1
			return 1
		fi
		touch "$folder/complete"
	fi
	export KEYWRIGHT_OPENAPI_TOOLS=$folder REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true
}

openapi_lint() {
	"$KEYWRIGHT_OPENAPI_TOOLS/node_modules/.bin/redocly" lint --config admin/redocly.yaml admin/openapi.json
}
