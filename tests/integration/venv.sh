# shellcheck shell=bash disable=SC2154,SC2034
# For sourcing by tests that need Python packages: sets $python to an interpreter
# that has those of tests/requirements.txt, or ends the test as skipped.
# EBS_TEST_VENV names an environment that is there already; without it one is
# made in the build directory and kept.

make_venv() { # directory, requirements
	python3 -m venv "$1" &&
		"$1/bin/pip" install -q --disable-pip-version-check -r "$2" &&
		touch "$1/complete"
}

find_python() {
	local requirements=$top_srcdir/tests/requirements.txt dir
	if [ -n "${EBS_TEST_VENV:-}" ]; then
		python=$EBS_TEST_VENV/bin/python3
		return 0
	fi
	dir=$top_builddir/test-venv-$(sha256sum <"$requirements" | cut -c1-12)
	python=$dir/bin/python3
	[ -e "$dir/complete" ] && return 0
	rm -rf "$dir"
	if ! make_venv "$dir" "$requirements" >"$top_builddir/test-venv.log" 2>&1; then
		rm -rf "$dir"
		echo "skipped: this machine cannot set up the Python packages of" \
			"$requirements: $(tail -n 1 "$top_builddir/test-venv.log")"
		exit 77
	fi
}

find_python
