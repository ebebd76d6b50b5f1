#!/bin/bash
# The server and gRPC's own C core (Python grpcio): calls, errors, deadlines,
# cancellation, gzip, thousands at once, health, reflection.
set -eu
: "${top_srcdir:=$(dirname "$0")/../..}" "${top_builddir:=.}"
. "$top_srcdir/tests/integration/venv.sh"
. "$top_srcdir/tests/integration/h2.sh"

h2_start
mkdir "$h2_dir/gen" "$h2_dir/proto"
cp "$top_srcdir/tests/h2/echo.proto" "$h2_dir/proto/echo.proto"
"$python" -m grpc_tools.protoc -I "$h2_dir/proto" --python_out="$h2_dir/gen" \
	--grpc_python_out="$h2_dir/gen" echo.proto
PYTHONPATH=$h2_dir/gen PYTHONDONTWRITEBYTECODE=1 timeout 300 \
	"$python" "$top_srcdir/tests/integration/grpcio_client.py" \
	"unix:$h2_socket" "127.0.0.1:$h2_port" "$h2_pid"
h2_stop
