#!/bin/sh
# Calls that must not stand in src/: they overflow buffers, block the loop or start
# threads. Comments and strings do not count.
#
# Usage: check-banned.sh [DIR]    DIR instead of src/; alone, it also checks that
# planted calls are found.
set -u

check()
{
	cd "$1" || return 2
	find . -name '*.[ch]' | sort | xargs awk '
function ban(names, why,    n, i, list) {
	n = split(names, list, " ")
	for (i = 1; i <= n; i++)
		reason[list[i]] = why
}
BEGIN {
	ban("strcpy strcat strncat stpcpy sprintf vsprintf gets",
	    "may overflow or cut silently: use base/buf.h, base/str.h or snprintf")
	ban("strtok", "keeps state between calls: use str_cut")
	ban("atol atoll atof", "takes nonsense for a number: use base/parse.h")
	ban("system popen", "runs a shell, and blocks")
	ban("sleep usleep nanosleep", "blocks: use op_sleep or a timer")
	ban("uv_queue_work uv_getaddrinfo uv_getnameinfo uv_random",
	    "starts threads: see the design of the layer (net/resolve.h for names)")
	ban("uv_thread_create uv_thread_create_ex pthread_create thrd_create",
	    "there is one thread")
	ban("getaddrinfo gethostbyname gethostbyname2 gethostbyaddr getnameinfo res_query",
	    "blocks: use net/resolve.h")
	ban("alloca", "may run out of stack")
	ban("setjmp longjmp", "skips clean-up")
	# A child of the helper holds up nobody but itself; when the daemon lets the
	# helper go, its loop has ended.
	exempt["nanosleep"] = "^block/(helper_.*|link)[.]c$"
	ban("ctime asctime localtime gmtime", "shares a buffer: use the _r form")
}
# Cuts comments and the insides of strings off the line.
function code_of(line,    out, c, two) {
	out = ""
	while (line != "") {
		two = substr(line, 1, 2)
		c = substr(line, 1, 1)
		if (in_comment) {
			if (two == "*/") {
				in_comment = 0
				line = substr(line, 3)
			} else {
				line = substr(line, 2)
			}
		} else if (two == "/*") {
			in_comment = 1
			line = substr(line, 3)
		} else if (two == "//") {
			return out
		} else if (match(line, /^"([^"\\]|\\.)*"/) || match(line, /^\047([^\047\\]|\\.)+\047/)) {
			out = out "\"\""
			line = substr(line, RLENGTH + 1)
		} else {
			out = out c
			line = substr(line, 2)
		}
	}
	return out
}
function look(name) {
	# uv_fs_* is asynchronous when its last argument is a callback; the
	# synchronous form has NULL there.
	if (name in exempt && path ~ exempt[name])
		return
	if (name in reason)
		why = reason[name]
	else if (name ~ /^uv_fs_/ && name !~ /^uv_fs_(event|poll)_/ && name != "uv_fs_req_cleanup" \
		 && code !~ /NULL *\)/)
		why = "starts threads when it has a callback: use the synchronous form in the helper"
	else
		return
	printf "src/%s:%d: %s: %s\n", path, FNR, name, why
	bad = 1
}
FNR == 1 { path = substr(FILENAME, 3); in_comment = 0 }
{
	code = code_of($0)
	rest = code
	while (match(rest, /[A-Za-z_][A-Za-z0-9_]*[ \t]*\(/)) {
		name = substr(rest, RSTART, RLENGTH - 1)
		before = RSTART > 1 ? substr(rest, RSTART - 1, 1) : ""
		sub(/[ \t]+$/, "", name)
		rest = substr(rest, RSTART + RLENGTH)
		# x->sleep(…) and x.sleep(…) are members
		if (before != "." && before != ">")
			look(name)
	}
}
END { exit bad }'
}

# $1: a line of code; $2: the call to be named, empty if none must be.
plant()
{
	printf 'int f(void)\n{\n%s\n}\n' "$1" >"$tmp/src/base/x.c"
	said=$(check "$tmp/src")
	case $2 in
	'') [ -z "$said" ] || { echo "found where nothing is: $1: $said"; failed=1; } ;;
	*) case $said in
	   "src/base/x.c:3: $2: "*) ;;
	   *) echo "not found: $1: $said"; failed=1 ;;
	   esac ;;
	esac
}

self_test()
{
	tmp=$(mktemp -d) || exit 2
	trap 'rm -rf "$tmp"' EXIT
	mkdir -p "$tmp/src/base"
	failed=0
	plant '	strcpy(a, b);' strcpy
	plant '	n = sprintf (a, "x");' sprintf
	plant '	if (x && system("ls"))' system
	plant '	popen("ls", "r");' popen
	plant '	return uv_queue_work(loop, &w, f, g);' uv_queue_work
	plant '	uv_getaddrinfo(l, r, cb, h, NULL, NULL);' uv_getaddrinfo
	plant '	pthread_create(&t, NULL, f, NULL);' pthread_create
	plant '	uv_fs_open(l, &req, path, 0, 0, on_open);' uv_fs_open
	plant '	/* not here */ sleep(1);' sleep
	plant "	c = '\"'; gethostbyname(\"x\");" gethostbyname
	plant '	uv_fs_open(l, &req, path, 0, 0, NULL);' ''
	plant '	/* strcpy(a, b) */' ''
	plant '	log("do not strcpy(a, \"b\")"); // gets(x)' ''
	plant '	op->sleep(x); my_strcpy(a, b); op_sleep_init(x);' ''
	return $failed
}

if [ $# -gt 0 ]; then
	check "$1"
	exit
fi
(self_test) || { echo "check-banned.sh does not work"; exit 1; }
check "${top_srcdir:-.}/src"
