#!/usr/bin/env python3
"""ebs-csi-sim with 5,000 instances from a file. usage: sim_fleet.py EBS-CSI-SIM"""
import os
import re
import sys
import tempfile
import time
import urllib.parse

from sim_process import Refused, Sim, ask

SIM = os.path.abspath(sys.argv[1])
FIRST = "i-0123456789abcdef0"


def pages(sim, size):
    """Ids of all instances, asked for in pages of this size, and how many pages."""
    ids, n, more = [], 0, {}
    while True:
        text = sim.call("DescribeInstances", MaxResults=size, **more)
        ids += re.findall(r"<instanceId>(.*?)<", text)
        n += 1
        token = re.search(r"<nextToken>(.*?)</nextToken>", text)
        if not token:
            return ids, n
        more = {"NextToken": token.group(1)}


def stray(sim):
    """What no client should send gets an answer all the same."""
    for path, body, status in (("/_sim/bogus", None, 404), ("/_sim/calls", b"x", 405),
                               ("/_sim/story/vol-0aaaaaaa", None, 404), ("/bogus", None, 404),
                               ("/_sim/instances", b"{\"type\": 5}", 400)):
        try:
            ask(sim.url + path, body)
            raise AssertionError(f"{path} was answered")
        except Refused as e:
            assert e.status == status, (path, e)


def main():
    with tempfile.NamedTemporaryFile("w", suffix=".fleet") as f:
        f.write(f"{FIRST} c5.large us-east-1b\n- m5.large us-east-1a 2500\n- - - 2499\n")
        f.flush()
        begin = time.monotonic()
        sim = Sim(SIM, "--latency=none", "--states=none", "--buckets=off",
                  f"--instances=@{f.name}")
        start = time.monotonic() - begin
    ids, n = pages(sim, 1000)
    assert (len(ids), len(set(ids)), n) == (5000, 5000, 5), (len(ids), n)
    assert ids[0] == FIRST
    ids, n = pages(sim, 7)
    assert (len(set(ids)), n) == (5000, 715), (len(ids), n)
    some = urllib.parse.parse_qsl("&".join(f"InstanceId.{i + 1}={v}"
                                           for i, v in enumerate(ids[::10])))
    begin = time.monotonic()
    text = sim.call("DescribeInstances", **dict(some))
    took = time.monotonic() - begin
    assert re.findall(r"<instanceId>(.*?)<", text) == ids[::10]
    zone = sim.call("DescribeInstances", **{"Filter.1.Name": "availability-zone",
                                            "Filter.1.Value.1": "us-east-1b"})
    # each listed zone in turn: 2,499 spread over three, the named one besides
    assert zone.count("<instanceId>") == 1 + 833, zone.count("<instanceId>")
    state = sim.control("state")
    assert len(state["instances"]) == 5000 and len(state["volumes"]) == 5000
    stray(sim)
    with open(f"/proc/{sim.proc.pid}/status", encoding="utf-8") as f:
        rss = int(re.search(r"VmHWM:\s+(\d+)", f.read()).group(1)) / 1024
    sim.stop()
    print(f"ok - 5,000 instances: up in {start * 1000:.0f} ms, 500 of them described in "
          f"{took * 1000:.0f} ms, {rss:.0f} MiB at most")


main()
