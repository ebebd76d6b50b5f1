#!/usr/bin/env bash
# The benchmark suite: a simulator for each scenario, the driver started and watched by
# ebs-csi-bench, results as JSON and pages in a directory. Called by ./dev bench.
#
# usage: bench.sh [--full] [--repeat=N] [--out=DIRECTORY] [--driver=COMMAND] [SCENARIO...]
#
# The short suite scales EC2's state times and buckets and takes about a minute; --full
# has EC2's own, several runs of each, and takes hours. COMMAND is another driver's: it
# finds its socket in $CSI_ENDPOINT, EC2 in $AWS_EC2_ENDPOINT, and is started by the
# shell, so that '--driver=my-driver controller --endpoint=$CSI_ENDPOINT' works.
#
# Ends with 1 if a scenario could not be measured or leaves a budget unmet.
# shellcheck source=tests/lib/harness.sh
. "$(dirname "$0")/harness.sh"

full='' repeat='' out='' driver='' chosen=()
for word in "$@"; do
	case $word in
	--full) full=yes ;;
	--repeat=*) repeat=${word#*=} ;;
	--out=*) out=${word#*=} ;;
	--driver=*) driver=${word#*=} ;;
	-*) die "unknown option $word" ;;
	*) chosen+=("$word") ;;
	esac
done
out=${out:-$EBS_BUILD/bench-results}
repeat=${repeat:-${full:+3}}
repeat=${repeat:-1}
mkdir -p "$out" || die "cannot make $out"
export CSI_ENDPOINT=$controller
own=("--debug=$controller_debug")
if [ -n "$driver" ]; then
	own=()
else
	driver="'$EBS_BUILD/src/ebs-csid' controller --endpoint='$controller' --debug-endpoint='$controller_debug'"
fi

# Of every scenario, and of those that make whole lives.
budgets=(--budget='threads_max<=1' --budget='rss_idle<=12582912' --budget='anon_idle<=2621440')
life_budgets=("${budgets[@]}" --budget='lifecycles_failed<=0' --budget='leaks<=0'
	--budget='throttled_share<=1' --budget='ec2_mutating_per_lifecycle<=4.04'
	--budget='driver_lag.p999<=5')
crowd_budgets=("${life_budgets[@]}" --budget='ec2_describe_per_lifecycle<=0.5')
publish_budgets=()
for rpc in ControllerPublishVolume ControllerUnpublishVolume; do
	publish_budgets+=(--budget="rpc.$rpc.over_ec2.p50<=300" --budget="rpc.$rpc.over_ec2.p99<=600")
done

is_chosen() { # name
	local c
	[ ${#chosen[@]} -gt 0 ] || return 0
	for c in "${chosen[@]}"; do [ "$c" = "$1" ] && return 0; done
	return 1
}

unmet() { # result: budgets that are not met
	python3 - "$1" <<'PY'
import json, sys
for b in json.load(open(sys.argv[1]))["budgets"]:
    if b["state"] != "met":
        print(b["metric"], b["state"])
PY
}

# scenario NAME "SIMULATOR OPTIONS" WORDS...: one result
scenario() {
	local name=$1 sim_options=$2 status
	shift 2
	is_chosen "$name" || return 0
	printf '\n==> %s\n' "$name"
	rm -f "$out/$name.json" "$out/$name.html"
	# shellcheck disable=SC2086 # a list of words
	start_sim --zones=us-east-1a $sim_options
	mapfile -t environment < <(aws_environment)
	env "${environment[@]}" "$EBS_BUILD/ebs-csi-bench" "$@" --name="$name" \
		--endpoint="$controller" --driver="$driver" "${own[@]}" --sim="$ec2" \
		--repeat="$repeat" --json="$out/$name.json" --html="$out/$name.html"
	status=$?
	stop_now sim
	check_equal "$name: measured" "$status" 0
	if [ -s "$out/$name.json" ]; then
		check_equal "$name: budgets not met" "$(unmet "$out/$name.json")" ""
	fi
}

# Enough nodes that none is full of volumes.
fast="--instances=250 --states=0.1 --latency=0.1 --buckets=20"
real="--instances=250"
open_gates="--instances=250 --buckets=off"

scenario start "$fast" start --budget='start_to_answer_ms<=10'
scenario flood "$fast" flood --count="$([ -n "$full" ] && echo 200000 || echo 50000)" "${budgets[@]}" --budget='rpcs_per_cpu_s>=126000'
if [ -z "$full" ]; then
	scenario idle "$fast" idle --for=5s "${budgets[@]}"
	scenario workers "$fast" churn --count=500 --workers=100 --phases "${crowd_budgets[@]}"
	scenario burst "$fast" churn --count=1000 --workers=0 "${crowd_budgets[@]}"
	scenario publish-500 "$open_gates" churn --count=500 --workers=0 "${crowd_budgets[@]}" \
		"${publish_budgets[@]}"
else
	scenario idle "$real" idle --for=5m --budget='wakeups_idle_per_min<=1' "${budgets[@]}"
	scenario alone "$open_gates" churn --count=50 --in-flight=1 "${life_budgets[@]}" \
		"${publish_budgets[@]}"
	scenario publish-500 "$open_gates" churn --count=500 --workers=0 "${crowd_budgets[@]}" \
		"${publish_budgets[@]}"
	scenario workers "$real" churn --count=1000 --workers=100 --phases "${crowd_budgets[@]}" \
		--budget='makespan_over_optimum<=1.05' --budget='cpu_per_lifecycle_ms<=1.29'
	scenario burst "$real" churn --count=1000 --workers=0 "${crowd_budgets[@]}" \
		--budget='makespan_over_optimum<=1.05' --budget='cpu_per_lifecycle_ms<=2.58'
	scenario burst-5000 "$real" churn --count=5000 --workers=0 "${crowd_budgets[@]}" \
		--budget='makespan_over_optimum<=1.05' --budget='rss_peak<=67108864'
	scenario crowd-5000 "$open_gates" churn --count=5000 --workers=0 "${crowd_budgets[@]}" \
		--budget='rss_peak<=67108864' --budget='rss_per_operation<=8192' \
		--budget='cpu_per_lifecycle_ms<=0.44'
fi

printf '\nresults and pages: %s\n' "$out"
finish
