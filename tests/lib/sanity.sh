# csi-sanity against a controller and a node. For sourcing after harness.sh.
# shellcheck shell=bash disable=SC2154

# sanity OPTION...: runs it with fresh directories, the report in $work/sanity.xml
sanity() {
	printf 'type: gp3\n' >"$work/parameters.yaml"
	rm -rf "$work/csi-mount" "$work/csi-staging"
	timeout 500 csi-sanity --csi.endpoint="$node" --csi.controllerendpoint="$controller" \
		--csi.mountdir="$work/csi-mount" --csi.stagingdir="$work/csi-staging" \
		--csi.testvolumesize=1073741824 \
		--csi.testvolumeparameters="$work/parameters.yaml" \
		--csi.junitfile="$work/sanity.xml" --ginkgo.no-color --ginkgo.timeout=8m "$@" \
		>"$work/sanity.log" 2>&1
}

# Says ok for each spec that passed and not_ok for each that failed; skipped ones
# must be skipped for one of the reasons given as an extended regular expression.
sanity_results() { # reasons
	local state name text
	while IFS=$'\t' read -r state name text; do
		case $state in
		passed) ok "$name" ;;
		failed) not_ok "$name: $text" ;;
		skipped)
			if [ "$text" = skipped ] && [[ $1 = *'^skipped$'* ]]; then
				: # not in focus
			elif grep -qE -- "$1" <<<"$text"; then
				note "skipped: $name: $text"
			else
				not_ok "$name: skipped: $text"
			fi
			;;
		esac
	done < <(python3 - "$work/sanity.xml" <<'PY'
import sys, xml.etree.ElementTree as tree
for case in tree.parse(sys.argv[1]).iter("testcase"):
    name = case.get("name").replace("[It] ", "")
    if not case.get("name").startswith("[It]"):
        continue
    fail = case.find("failure") if case.find("failure") is not None else case.find("error")
    skip = case.find("skipped")
    if fail is not None:
        print("failed", name, " ".join((fail.get("message") or fail.text or "").split())[:300], sep="\t")
    elif skip is not None:
        print("skipped", name, " ".join((skip.get("message") or "").split())[:200], sep="\t")
    else:
        print("passed", name, "", sep="\t")
PY
)
}
