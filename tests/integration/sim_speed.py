#!/usr/bin/env python3
"""Simple calls a second of ebs-csi-sim on one core, by h2load over HTTP/1.1.
usage: sim_speed.py EBS-CSI-SIM CALLS LEAST

Counted by the processor time the simulator needs, so that others who use the
machine do not matter; the figure by the clock is shown beside."""
import os
import re
import subprocess
import sys
import tempfile
import time

from sim_process import Sim

SIM, CALLS, LEAST = os.path.abspath(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
TICK = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8") as f:
        fields = f.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def measure(sim, name, body):
    headers = [f"-H{k}: {v}" for k, v in sim.headers().items()]
    with tempfile.NamedTemporaryFile("w") as f:
        f.write(body)
        f.flush()
        cpu, clock = cpu_seconds(sim.proc.pid), time.monotonic()
        got = subprocess.run(
            ["h2load", "--h1", "-n", str(CALLS), "-c", "8", "-d", f.name, *headers,
             "-Hcontent-type: application/x-www-form-urlencoded", sim.url + "/"],
            capture_output=True, text=True, timeout=300, check=True).stdout
        clock = time.monotonic() - clock
        cpu = cpu_seconds(sim.proc.pid) - cpu
    assert re.search(rf"status codes: {CALLS} 2xx, 0 3xx, 0 4xx, 0 5xx", got), got
    rate = CALLS / max(cpu, 1 / TICK)
    print(f"{name}: {rate:.0f} calls a second of processor time, {CALLS / clock:.0f} by the clock")
    assert rate >= LEAST, f"{name}: less than {LEAST}"


def main():
    sim = Sim(SIM, "--latency=none", "--states=none", "--buckets=off", "-v", "0")
    v = sim.create(1)
    measure(sim, "DescribeVolumes of one", f"Action=DescribeVolumes&Version=2016-11-15&VolumeId.1={v}")
    measure(sim, "DescribeAvailabilityZones", "Action=DescribeAvailabilityZones&Version=2016-11-15")
    measure(sim, "CreateVolume", "Action=CreateVolume&Version=2016-11-15&Size=1&VolumeType=gp3"
            "&AvailabilityZone=us-east-1a")
    calls = sim.control("calls")["actions"]
    assert calls["CreateVolume"]["calls"] == CALLS + 1, calls
    sim.stop()


main()
