#!/bin/sh
# The options table, the man page and the sample file must agree: same options,
# same defaults.
set -u
top=${top_srcdir:-.}
man=$top/man/ebs-csid.8
sample=$top/conf/ebs-csid.conf
bad=0

complain() {
	echo "$*"
	bad=1
}

rows=$(sed -n 's/^OPTION(\([a-z0-9_]*\), \([A-Z]*\), "\([^"]*\)".*, \(USED\|INERT\|REFUSED\|ONCE\), .*/\1|\2|\4|\3/p' \
	"$top/src/config.tbl.h")
[ "$(echo "$rows" | wc -l)" = "$(grep -c '^OPTION(' "$top/src/config.tbl.h")" ] ||
	complain "config.tbl.h: an OPTION( line does not have its first seven columns on one line"

# What the man page documents for an option: its paragraph, without escapes.
paragraph() {
	sed 's/\\-/-/g; s/\\f[BRI]//g' "$man" |
		awk -v head="--$1" '$0 == head || index($0, head "=") == 1 { on = 1; next }
			/^\.(TP|SS|SH)/ { on = 0 } on'
}

in_table() {
	echo "$rows" | tr '_' '-' | grep -q "^$1|"
}

old_ifs=$IFS
IFS='
'
for row in $rows; do
	name=$(echo "$row" | cut -d'|' -f1 | tr '_' '-')
	type=$(echo "$row" | cut -d'|' -f2)
	effect=$(echo "$row" | cut -d'|' -f3)
	default=$(echo "$row" | cut -d'|' -f4-)
	text=$(paragraph "$name")
	[ -n "$text" ] || complain "$man: --$name is missing"
	if [ "$type" != BOOL ] && [ -n "$default" ]; then
		case $text in
		*"Default: $default."*) ;;
		*) complain "$man: --$name: the default is \"$default\"" ;;
		esac
	fi
	case $effect in
	USED | INERT)
		grep -qxF -e "#$name = $default" -e "#$name =$default" "$sample" ||
			complain "$sample: no line \"#$name = $default\""
		;;
	esac
done

names=$(sed -n 's/\\-/-/g; s/^\\fB--\([a-z0-9-]*\)\\fR.*/\1/p' "$man"
	sed -n 's/^#\([a-z0-9-]*\) =.*/\1/p' "$sample")
for name in $names; do
	in_table "$name" || complain "\"$name\" in man page or sample is no option"
done
IFS=$old_ifs

[ "$bad" = 0 ] && echo "options, man page and sample agree"
exit "$bad"
