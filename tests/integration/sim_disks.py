#!/usr/bin/env python3
"""Drives ebs-csi-sim --disk-dir with plain HTTP. usage: sim_disks.py EBS-CSI-SIM"""
import datetime
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

SIM = os.path.abspath(sys.argv[1])
NODE, OTHER = "i-0123456789abcdef0", "i-0123456789abcdef1"
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Sim:
    def __init__(self, directory, *options):
        self.proc = subprocess.Popen(
            [SIM, "--listen=tcp://127.0.0.1:0", "--latency=none", "--states=0.05",
             f"--instances={NODE}:m5.large:us-east-1a,{OTHER}:m5.large:us-east-1a",
             f"--disk-dir={directory}", "--buckets=off", *options],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        line = self.proc.stdout.readline()
        if not line.startswith("ready "):
            raise RuntimeError(self.proc.communicate()[1])
        self.url = re.search(r"ec2=tcp(\S+)", line).group(1)

    def call(self, action, **parameters):
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        body = urllib.parse.urlencode(
            {"Action": action, "Version": "2016-11-15", **parameters}).encode()
        req = urllib.request.Request("http" + self.url, body, {
            "X-Amz-Date": now, "Authorization": "AWS4-HMAC-SHA256 Credential=AK/"
            f"{now[:8]}/us-east-1/ec2/aws4_request, SignedHeaders=host, Signature=0"})
        with opener.open(req) as r:
            return r.read().decode()

    def create(self, gib):
        text = self.call("CreateVolume", AvailabilityZone="us-east-1a", Size=gib,
                         VolumeType="gp3")
        v = re.search(r"<volumeId>(.*?)<", text).group(1)
        self.wait(v, "available")
        return v

    def states(self, v):
        text = self.call("DescribeVolumes", **{"VolumeId.1": v})
        return re.findall(r"<status>(.*?)<", text)

    def wait(self, v, *wanted):
        for _ in range(400):
            if self.states(v) == list(wanted):
                return
            time.sleep(.02)
        raise AssertionError(f"{v} is {self.states(v)}, not {wanted}")

    def attach(self, v, node=NODE, device="/dev/xvdaa"):
        self.call("AttachVolume", VolumeId=v, InstanceId=node, Device=device)
        self.wait(v, "in-use", "attached")

    def detach(self, v):
        self.call("DetachVolume", VolumeId=v)

    def stop(self):
        self.proc.terminate()
        code = self.proc.wait(10)
        self.proc.communicate()
        assert code == 0, code

    def kill(self):
        self.proc.send_signal(signal.SIGKILL)
        self.proc.wait()
        self.proc.communicate()


def loops(directory):
    """Loop device by backing file, of those in the directory."""
    found = {}
    for name in os.listdir("/sys/block"):
        try:
            with open(f"/sys/block/{name}/loop/backing_file", encoding="utf-8") as f:
                path = f.read().strip()
        except OSError:
            continue
        if path.startswith(directory + "/"):
            found[os.path.basename(path)] = "/dev/" + name
    return found


def lives_like_a_disk(directory):
    sim = Sim(directory)
    try:
        v, far = sim.create(1), sim.create(2)
        path = f"{directory}/{v}"
        assert os.stat(path).st_size == 1 << 30 and os.stat(path).st_blocks < 100, "sparse"
        sim.attach(far, OTHER)
        assert loops(directory) == {}, "another machine's volume appeared here"
        sim.attach(v)
        first = loops(directory)[v]
        with open(first, "r+b") as f:
            f.write(b"written by a test")
            os.fsync(f.fileno())
        held = os.open(first, os.O_RDWR | os.O_EXCL)     # as a mount holds it
        sim.detach(v)
        sim.wait(v, "in-use", "busy")
        time.sleep(.5)
        assert sim.states(v) == ["in-use", "busy"] and loops(directory) == {v: first}
        os.close(held)
        sim.wait(v, "available")
        assert loops(directory) == {}
        sim.attach(v, device="/dev/xvdab")
        second = loops(directory)[v]
        assert second != first, "the name did not change"
        with open(second, "rb") as f:
            assert f.read(17) == b"written by a test"
        sim.detach(v)
        sim.wait(v, "available")
        sim.call("DeleteVolume", VolumeId=v)
        for _ in range(200):
            if not os.path.exists(path):
                break
            time.sleep(.02)
        assert not os.path.exists(path)
        sim.attach(sim.create(1), device="/dev/xvdac")
        assert loops(directory)
    finally:
        sim.stop()
    assert loops(directory) == {} and os.listdir(directory) == []


def clears_what_a_killed_one_left(directory):
    sim = Sim(directory)
    v = sim.create(1)
    sim.attach(v)
    sim.kill()
    device = loops(directory)[v]
    held = os.open(device, os.O_RDWR | os.O_EXCL)
    try:
        Sim(directory)
        raise AssertionError("it started over a disk in use")
    except RuntimeError as e:
        assert device in str(e) and v in str(e), e
    os.close(held)
    Sim(directory).stop()
    assert loops(directory) == {} and os.listdir(directory) == []


def stays_responsive(directory):
    """Many attaches at once do not hold up other calls."""
    sim = Sim(directory)
    try:
        ids = [sim.create(1) for _ in range(8)]
        for i, v in enumerate(ids):
            sim.call("AttachVolume", VolumeId=v, InstanceId=NODE, Device=f"/dev/xvdb{'abcdefgh'[i]}")
        for v in ids:
            sim.wait(v, "in-use", "attached")
        assert len(set(loops(directory).values())) == 8
    finally:
        sim.stop()
    assert loops(directory) == {}


def main():
    for fn in (lives_like_a_disk, clears_what_a_killed_one_left, stays_responsive):
        directory = os.path.realpath(tempfile.mkdtemp(prefix="sim-disks."))
        try:
            fn(directory)
        finally:
            shutil.rmtree(directory, ignore_errors=True)
        print(f"ok - {fn.__name__}", flush=True)


main()
