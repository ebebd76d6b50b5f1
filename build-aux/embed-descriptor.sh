#!/bin/sh
# A C array that holds the serialised FileDescriptorSet of a .proto file and of
# all it imports, for gRPC reflection.
#   embed-descriptor.sh PROTOC INCLUDE_DIR FILE SYMBOL > x.c
# defines `const unsigned char SYMBOL[]` and `const size_t SYMBOL_len`.
set -eu
[ $# -eq 4 ] || { echo "usage: $0 PROTOC INCLUDE_DIR FILE SYMBOL" >&2; exit 2; }
tmp=$(mktemp)
trap 'rm -f "$tmp"' EXIT
"$1" -I"$2" --include_imports --descriptor_set_out="$tmp" "$3"
echo "/* Made by embed-descriptor.sh from $3. */"
echo "#include <stddef.h>"
echo "extern const unsigned char $4[];"
echo "extern const size_t $4_len;"
echo "const unsigned char $4[] = {"
od -An -v -tu1 "$tmp" | sed 's/  *\([0-9][0-9]*\)/\1,/g'
echo "};"
echo "const size_t $4_len = sizeof($4);"
