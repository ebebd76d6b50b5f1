#!/bin/sh
# Who includes whom: a file includes its own folder and folders below it; net, h2
# and block are strangers to each other, so are the programs on top; each library
# is known to one layer only. ARCHITECTURE.md draws the picture.
#
# Usage: check-layers.sh [DIR]    DIR instead of src/; alone, it also checks that
# planted violations are found.
set -u

check()
{
	cd "$1" || return 2
	find . -name '*.[ch]' | sort | xargs awk '
BEGIN {
	# folder: what it may include besides itself
	may["base"] = ""
	may["reactor"] = "base"
	may["net"] = may["h2"] = may["block"] = "base reactor"
	may["aws"] = may["k8s"] = "base reactor net h2 block"
	may["ebs"] = may["aws"] " aws k8s"
	may["csi"] = may["ebs"] " ebs"
	may["daemon"] = may["csi"] " csi"
	may["sim"] = may["ctl"] = may["bench"] = may["csi"] " csi"

	# header of a library: who may know it
	lib["uv.h"] = "reactor net h2"
	lib["curl/"] = "net"
	lib["ares.h"] = "net"
	lib["http_parser.h"] = "net"
	lib["nghttp2/"] = "h2"
	lib["zlib.h"] = "h2"
	lib["libmount.h"] = lib["libmount/"] = "block"
	lib["blkid.h"] = lib["blkid/"] = "block"
	lib["expat.h"] = "base"
	lib["uthash.h"] = "base"
}
function has(list, word) { return index(" " list " ", " " word " ") > 0 }
function complain(text) { printf "src/%s:%d: %s\n", path, FNR, text; bad = 1 }
FNR == 1 {
	path = substr(FILENAME, 3)
	folder = path
	if (!sub("/.*", "", folder))
		folder = "daemon"
	if (!(folder in may))
		complain("folder " folder " is not in the table of layers")
}
/^[ \t]*#[ \t]*include[ \t]*"/ {
	split($0, q, "\"")
	target = q[2]
	if (target ~ /\.\.\//)
		complain("\"" target "\": includes begin at src/")
	if (!sub("/.*", "", target))
		target = "daemon"
	if (target != folder && !has(may[folder], target))
		complain(folder " must not include " target " (\"" q[2] "\")")
}
/^[ \t]*#[ \t]*include[ \t]*</ {
	split($0, q, /[<>]/)
	for (h in lib)
		if (index(q[2], h) == 1 && !has(lib[h], folder))
			complain("<" q[2] "> is known to " lib[h] " only")
}
END { exit bad }'
}

# $1: file of the planted tree, $2: its line, $3: what must be said of it.
plant()
{
	mkdir -p "$tmp/src/$(dirname "$1")"
	printf '/* planted */\n%s\n' "$2" >"$tmp/src/$1"
	if said=$(check "$tmp/src"); then
		echo "not found: $1: $2"
		failed=1
	else
		case $said in
		*"src/$1:2: $3"*) ;;
		*) echo "found, but not told: $1: $2: $said"; failed=1 ;;
		esac
	fi
	rm "$tmp/src/$1"
}

self_test()
{
	tmp=$(mktemp -d) || exit 2
	trap 'rm -rf "$tmp"' EXIT
	failed=0
	plant base/x.c '#include "reactor/op.h"' 'base must not include reactor'
	plant net/x.c '#include "h2/rpc.h"' 'net must not include h2'
	plant h2/x.h '#  include "block/block.h"' 'h2 must not include block'
	plant aws/x.c '#include "ebs/ebs.h"' 'aws must not include ebs'
	plant csi/x.c '#include "config.h"' 'csi must not include daemon'
	plant sim/x.c '#include "ctl/print.h"' 'sim must not include ctl'
	plant main.c '#include "sim/model.h"' 'daemon must not include sim'
	plant csi/x.c '#include <curl/curl.h>' '<curl/curl.h> is known to net only'
	plant block/x.c '#include <uv.h>' '<uv.h> is known to'
	plant aws/x.c '#include "../base/mem.h"' '"../base/mem.h": includes begin'
	mkdir -p "$tmp/src/csi"
	echo '#include "base/mem.h"' >"$tmp/src/csi/good.c"
	check "$tmp/src" || { echo "a good include was refused"; failed=1; }
	return $failed
}

if [ $# -gt 0 ]; then
	check "$1"
	exit
fi
(self_test) || { echo "check-layers.sh does not work"; exit 1; }
check "${top_srcdir:-.}/src"
