#!/usr/bin/env python3
"""ebs-csi-sim seen by boto3: every action, paginators, waiters, errors, the
metadata service, faults. Each answer is held against botocore's service model:
elements it does not know, wrong types and unknown enum values fail the test.

usage: sim_boto3.py EBS-CSI-SIM
"""
import datetime
import json
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
import xml.etree.ElementTree as ET

import boto3
import botocore.exceptions
from botocore.config import Config
from botocore.credentials import InstanceMetadataProvider
from botocore.utils import InstanceMetadataFetcher, InstanceMetadataRegionFetcher

from until import until

SIM = os.path.abspath(sys.argv[1])
KEY, SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
NODE = "i-0123456789abcdef0"
ZONE = "eu-central-1a"
tests = []


def test(fn):
    tests.append(fn)
    return fn


# ---- the simulator ----


class Sim:
    def __init__(self, *options):
        self.proc = subprocess.Popen(
            [SIM, "--listen=tcp://127.0.0.1:0", "--imds-listen=tcp://127.0.0.1:0",
             "--region=eu-central-1", f"--instances={NODE}:m5.large:{ZONE}",
             "-v", "0", *options], stdout=subprocess.PIPE, text=True)
        line = self.proc.stdout.readline()
        found = dict(re.findall(r"(\w+)=(\S+)", line))
        assert line.startswith("ready ") and found["instance"] == NODE, line
        self.url = found["ec2"].replace("tcp://", "http://")
        self.imds = found["imds"].replace("tcp://", "http://")

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        early = self.proc.poll()
        self.proc.terminate()
        code = self.proc.wait(10)
        self.proc.stdout.close()
        assert early is None, f"the simulator ended by itself with {early}"
        assert code == 0, f"the simulator ended with {code}"

    def client(self, key=KEY, secret=SECRET, attempts=1, **config):
        session = boto3.Session(key, secret, region_name="eu-central-1")
        client = session.client("ec2", endpoint_url=self.url, config=Config(
            retries={"total_max_attempts": attempts, "mode": "standard"},
            proxies={}, **config))
        client.meta.events.register("before-parse.ec2.*", check_document)
        client.meta.events.register("after-call.ec2.*", check_values)
        return client

    def control(self, path, body=None, method=None):
        data = None if body is None else json.dumps(body).encode()
        req = urllib.request.Request(self.url + "/_sim/" + path, data, method=method)
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(req) as r:
            text = r.read().decode()
        return json.loads(text) if r.headers["Content-Type"] == "application/json" else text


# ---- answers against the service model ----


def local(element):
    return element.tag.rpartition("}")[2]


def check_element(element, shape, where):
    if shape.type_name == "structure":
        members = {m.serialization.get("name", n): m for n, m in shape.members.items()}
        for child in element:
            assert local(child) in members, f"{where}: <{local(child)}> is not in the model"
            check_element(child, members[local(child)], f"{where}/{local(child)}")
    elif shape.type_name == "list":
        for child in element:
            assert local(child) == shape.member.serialization.get("name", "item"), where
            check_element(child, shape.member, where + "/item")


def check_error(root):
    """<Response><Errors><Error><Code/><Message/></Error></Errors><RequestID/></Response>"""
    assert root.tag == "Response" and [e.tag for e in root] == ["Errors", "RequestID"]
    assert [e.tag for e in root[0]] == ["Error"]
    assert [e.tag for e in root[0][0]] == ["Code", "Message"]
    code, message = (e.text for e in root[0][0])
    assert re.fullmatch(r"[A-Z][A-Za-z]+(\.[A-Z][A-Za-z]+)?", code), code
    assert message, code
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", root[1].text), root[1].text


def check_document(operation_model, response_dict, **_):
    status, body = response_dict["status_code"], response_dict["body"]
    if "xml" not in response_dict["headers"].get("Content-Type", ""):
        return
    try:
        root = ET.fromstring(body)
    except ET.ParseError:       # ordered by a fault; botocore says so itself
        return
    if status >= 300:
        check_error(root)
        return
    assert root.tag == ("{http://ec2.amazonaws.com/doc/2016-11-15/}"
                        f"{operation_model.name}Response"), root.tag
    for child in root:
        if local(child) in ("requestId", "return"):
            continue
        shape = operation_model.output_shape
        members = {m.serialization.get("name", n): m for n, m in shape.members.items()}
        assert local(child) in members, f"{operation_model.name}: <{local(child)}>"
        check_element(child, members[local(child)], operation_model.name)


TYPES = {"string": str, "integer": int, "long": int, "boolean": bool,
         "timestamp": datetime.datetime}


def check_value(value, shape, where):
    if shape.type_name == "structure":
        for name, member in value.items():
            check_value(member, shape.members[name], f"{where}.{name}")
    elif shape.type_name == "list":
        for member in value:
            check_value(member, shape.member, where + "[]")
    else:
        assert isinstance(value, TYPES[shape.type_name]), f"{where}: {value!r}"
        enum = getattr(shape, "enum", None)
        assert not enum or value in enum, f"{where}: {value!r} is not one of {enum}"


def check_values(http_response, parsed, model, **_):
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
                        parsed["ResponseMetadata"]["RequestId"]) \
        or http_response.status_code >= 300
    if http_response.status_code < 300 and model.output_shape:
        check_value({k: v for k, v in parsed.items() if k != "ResponseMetadata"},
                    model.output_shape, model.name)


def refused(code, fn, *args, status=None, text="", **kw):
    try:
        fn(*args, **kw)
    except botocore.exceptions.ClientError as e:
        assert e.response["Error"]["Code"] == code, e
        assert text in e.response["Error"]["Message"], e
        assert e.response["ResponseMetadata"]["RequestId"], e
        assert status in (None, e.response["ResponseMetadata"]["HTTPStatusCode"]), e
        return
    raise AssertionError(f"{code} was expected, but it worked")


QUICK = ("--latency=none", "--states=none", "--buckets=off")


def make(ec2, **kw):
    return ec2.create_volume(**{"AvailabilityZone": ZONE, "Size": 4, "VolumeType": "gp3",
                                **kw})["VolumeId"]


def volumes(ec2, **kw):
    pages = ec2.get_paginator("describe_volumes").paginate(**kw)
    return [v for page in pages for v in page["Volumes"]]


# ---- tests ----


@test
def life_of_a_volume_by_waiters():
    with Sim("--latency=0.05", "--states=0.1") as sim:
        ec2 = sim.client()
        v = make(ec2, TagSpecifications=[{"ResourceType": "volume", "Tags": [
            {"Key": "Name", "Value": "a <b> & \"c\" 'd' ä€😀"}]}], Encrypted=True)
        quick = {"Delay": 0.05, "MaxAttempts": 200}
        ec2.get_waiter("volume_available").wait(VolumeIds=[v], WaiterConfig=quick)
        a = ec2.attach_volume(VolumeId=v, InstanceId=NODE, Device="/dev/sdf")
        assert a["State"] == "attaching" and a["Device"] == "/dev/sdf"
        ec2.get_waiter("volume_in_use").wait(VolumeIds=[v], WaiterConfig=quick)
        attached = [{"Name": "attachment.status", "Values": ["attached"]}]
        seen = until("attached", lambda: volumes(ec2, VolumeIds=[v], Filters=attached))[0]
        assert seen["Tags"][0]["Value"] == "a <b> & \"c\" 'd' ä€😀"
        assert seen["Encrypted"] and seen["KmsKeyId"].startswith("arn:aws:kms:eu-central-1:")
        now = datetime.datetime.now(datetime.timezone.utc)
        assert abs((now - seen["CreateTime"]).total_seconds()) < 120
        devices = ec2.describe_instances(InstanceIds=[NODE])["Reservations"][0][
            "Instances"][0]["BlockDeviceMappings"]
        assert {d["DeviceName"] for d in devices} == {"/dev/xvda", "/dev/sdf"}
        assert ec2.detach_volume(VolumeId=v, InstanceId=NODE)["State"] == "detaching"
        ec2.get_waiter("volume_available").wait(VolumeIds=[v], WaiterConfig=quick)
        ec2.delete_volume(VolumeId=v)
        ec2.get_waiter("volume_deleted").wait(VolumeIds=[v], WaiterConfig=quick)
        calls = sim.control("calls")["actions"]
        assert calls["CreateVolume"]["calls"] == 1, calls
        assert "attached" in sim.control(f"story/{v}")


@test
def paginators_filters_and_tags():
    with Sim(*QUICK) as sim:
        ec2 = sim.client()
        ids = [make(ec2, TagSpecifications=[{"ResourceType": "volume", "Tags": [
            {"Key": "n", "Value": str(i)}]}]) for i in range(23)]
        found = volumes(ec2, PaginationConfig={"PageSize": 5})
        assert [v["VolumeId"] for v in found if v["Size"] == 4] == ids
        assert sim.control("calls")["actions"]["DescribeVolumes"]["calls"] == 5
        one = volumes(ec2, Filters=[{"Name": "tag:n", "Values": ["7", "1?"]},
                                    {"Name": "status", "Values": ["available"]}])
        assert len(one) == 11, len(one)
        ec2.create_tags(Resources=ids[:2], Tags=[{"Key": "x", "Value": "y"}])
        assert len(volumes(ec2, Filters=[{"Name": "tag-key", "Values": ["x"]}])) == 2
        ec2.delete_tags(Resources=ids[:1], Tags=[{"Key": "x"}])
        assert len(volumes(ec2, Filters=[{"Name": "tag:x", "Values": ["y"]}])) == 1
        for _ in range(7):
            sim.control("instances", {"type": "c5.large"})
        nodes = ec2.get_paginator("describe_instances").paginate(
            PaginationConfig={"PageSize": 5})
        assert sum(len(p["Reservations"]) for p in nodes) == 8
        zones = ec2.describe_availability_zones()["AvailabilityZones"]
        assert [z["ZoneId"] for z in zones] == ["euc1-az1", "euc1-az2", "euc1-az3"]
        zones = ec2.describe_availability_zones(ZoneIds=["euc1-az2"])["AvailabilityZones"]
        assert [z["ZoneName"] for z in zones] == ["eu-central-1b"]


@test
def errors():
    with Sim(*QUICK) as sim:
        ec2 = sim.client()
        v = make(ec2)
        refused("InvalidVolume.NotFound", ec2.describe_volumes, text="vol-0aaaaaaa, vol-0bbbbbbb",
                VolumeIds=[v, "vol-0aaaaaaa", "vol-0bbbbbbb"], status=400)
        refused("InvalidInstanceID.NotFound", ec2.describe_instances, InstanceIds=["i-0aaaaaaa"])
        refused("InvalidParameterCombination", ec2.describe_instances, InstanceIds=[NODE],
                MaxResults=5)
        refused("InvalidNextToken", ec2.describe_volumes, NextToken="+/=nonsense")
        refused("InvalidParameterValue", ec2.describe_volumes,
                Filters=[{"Name": "bogus", "Values": ["x"]}])
        refused("InvalidZone.NotFound", make, ec2, AvailabilityZone="mars-1a")
        refused("InvalidParameterValue", make, ec2, Size=65537)
        refused("InvalidParameterCombination", make, ec2, VolumeType="io2",
                Iops=2147483647, DryRun=True, text="256K IOPS")
        refused("DryRunOperation", make, ec2, DryRun=True, status=412)
        refused("IncorrectState", ec2.detach_volume, VolumeId=v, InstanceId=NODE)
        ec2.attach_volume(VolumeId=v, InstanceId=NODE, Device="/dev/sdf")
        refused("VolumeInUse", ec2.delete_volume, VolumeId=v)
        refused("InvalidParameterValue", ec2.attach_volume, VolumeId=make(ec2),
                InstanceId=NODE, Device="/dev/xvdf", text="already in use")
        # what the simulator does not do
        refused("InvalidAction", ec2.describe_key_pairs, text="DescribeKeyPairs", status=400)


@test
def idempotency():
    with Sim(*QUICK) as sim:
        ec2 = sim.client()
        first = make(ec2, ClientToken="token")
        assert make(ec2, ClientToken="token") == first
        assert make(ec2, ClientToken="other") != first
        refused("IdempotentParameterMismatch", make, ec2, ClientToken="token", Size=5)
        sim.control("faults", {"kind": "create-error", "count": 1})
        burned = make(ec2, ClientToken="third")
        assert ec2.describe_volumes(VolumeIds=[burned])["Volumes"][0]["State"] == "error"
        refused("IdempotentParameterMismatch", make, ec2, ClientToken="third")


@test
def credentials():
    with Sim(*QUICK, f"--access-key={KEY}", f"--secret-key={SECRET}") as sim:
        assert make(sim.client())       # a signature that is verified
        refused("AuthFailure", make, sim.client(key="AKIAOTHER"), status=401)
        refused("AuthFailure", make, sim.client(secret="wrong"), status=401)
        refused("DryRunOperation", make, sim.client(), DryRun=True)
        anonymous = urllib.request.Request(sim.url, b"Action=DescribeVolumes")
        try:
            urllib.request.build_opener(urllib.request.ProxyHandler({})).open(anonymous)
            raise AssertionError("an unsigned request was answered")
        except urllib.error.HTTPError as e:
            assert e.code == 401 and b"MissingAuthenticationToken" in e.read()


@test
def throttling():
    with Sim("--latency=none", "--states=none") as sim:
        ec2 = sim.client()
        codes = []
        for _ in range(70):
            try:
                ec2.attach_volume(VolumeId="vol-0aaaaaaa", InstanceId=NODE, Device="/dev/sdf")
            except botocore.exceptions.ClientError as e:
                codes.append((e.response["Error"]["Code"],
                              e.response["ResponseMetadata"]["HTTPStatusCode"]))
        throttled = codes.count(("RequestLimitExceeded", 503))
        assert codes[:50].count(("InvalidVolume.NotFound", 400)) == 50, codes
        assert 0 < throttled <= 20, throttled
        # botocore's own retries get through
        sim.control("faults", {"kind": "throttle", "action": "CreateVolume", "count": 2})
        assert make(sim.client(attempts=5))


@test
def faults():
    with Sim(*QUICK) as sim:
        retrying = sim.client(attempts=4, read_timeout=1)
        for kind in ("error", "unavailable", "reset-before", "reset-after", "html", "empty",
                     "hang-before", "hang-after", "error-after"):
            sim.control("reset", {})
            sim.control("faults", {"kind": kind, "action": "CreateVolume", "count": 1})
            v = make(retrying, ClientToken=kind)
            assert [x["VolumeId"] for x in volumes(retrying) if x["Size"] == 4] == [v], kind
            assert sim.control("calls")["faults"][kind] == 1, kind
        once = sim.client()
        for kind in ("truncated", "malformed"):
            sim.control("faults", {"kind": kind, "action": "CreateVolume", "count": 1})
            try:
                make(once)
                raise AssertionError(f"botocore read a {kind} answer")
            except botocore.parsers.ResponseParserError:
                pass
        sim.control("faults", {"kind": "slow", "delay_ms": 300})
        start = time.monotonic()
        volumes(once)
        assert time.monotonic() - start >= 0.3
        sim.control("faults", method="DELETE")
        for bad, text in (
                ({"kind": "bogus"}, "/kind"), ({"kind": "error", "probability": 2}, "from 1e-09"),
                ({"x": 1}, "/x is not known"), (7, "bad JSON"), ([7], "/0: 7 is not an object"),
                ({"kind": "error", "action": "Bogus"}, "/action")):
            try:
                sim.control("faults", bad)
                raise AssertionError(f"{bad} was taken")
            except urllib.error.HTTPError as e:
                assert e.code == 400 and text in e.read().decode(), bad
        sim.control("faults", [{"kind": "throttle", "action": "CreateTags", "count": 3}])
        refused("RequestLimitExceeded", once.create_tags, Resources=["vol-0aaaaaaa"],
                Tags=[{"Key": "k", "Value": "v"}])
        assert sim.control("faults") == {"faults": [
            {"kind": "throttle", "action": "CreateTags", "count": 3, "seen": 1, "hits": 1}]}


@test
def instances_stop_and_end():
    with Sim(*QUICK) as sim:
        ec2 = sim.client()
        v = make(ec2)
        ec2.attach_volume(VolumeId=v, InstanceId=NODE, Device="/dev/sdf")
        sim.control(f"instances/{NODE}", {"state": "terminated"}, "PUT")
        assert ec2.describe_volumes(VolumeIds=[v])["Volumes"][0]["State"] == "available"
        seen = ec2.describe_instances(InstanceIds=[NODE])["Reservations"][0]["Instances"][0]
        assert seen["State"] == {"Code": 48, "Name": "terminated"}
        refused("IncorrectInstanceState", ec2.attach_volume, VolumeId=v, InstanceId=NODE,
                Device="/dev/sdf")


@test
def times_of_operations():
    with Sim("--latency=0.1", "--states=0.05", "--buckets=off") as sim:
        ec2 = sim.client()
        begin = time.time() * 1000
        v = make(ec2)
        quick = {"Delay": 0.02, "MaxAttempts": 500}
        ec2.get_waiter("volume_available").wait(VolumeIds=[v], WaiterConfig=quick)
        ec2.attach_volume(VolumeId=v, InstanceId=NODE, Device="/dev/sdf")
        refused("VolumeInUse", ec2.delete_volume, VolumeId=v)
        ec2.detach_volume(VolumeId=v)
        ec2.get_waiter("volume_available").wait(VolumeIds=[v], WaiterConfig=quick)
        ec2.delete_volume(VolumeId=v)
        ec2.get_waiter("volume_deleted").wait(VolumeIds=[v], WaiterConfig=quick)
        end = time.time() * 1000
        head, *rows = [json.loads(line) for line in sim.control("times").splitlines()]
        assert (head["version"], head["first"], head["last"]) == (1, 1, 4), head
        assert [r["what"] for r in rows] == ["create", "attach", "detach", "delete"], rows
        ends = [r["end"] for r in rows]
        assert ends.pop(1) in ("attached", "detached"), rows
        assert ends == ["available", "detached", "deleted"], rows
        assert [r.get("instance") for r in rows] == [None, NODE, NODE, None]
        for r in rows:
            assert r["volume"] == v and 10 <= r["api_ms"] <= 200, r
            assert begin - 50 <= r["asked_ms"] <= r["done_ms"] <= end + 50, (begin, r, end)
        assert len(sim.control("times?after=3").splitlines()) == 2
        try:
            sim.control("times?after=x")
            raise AssertionError("after=x was taken")
        except urllib.error.HTTPError as e:
            assert e.code == 400 and b"after" in e.read()


@test
def metadata_service():
    with Sim(*QUICK, "--role=node-role", "--role-life=10m") as sim:
        base = sim.imds + "/"
        fetcher = InstanceMetadataFetcher(base_url=base, timeout=5, num_attempts=1)
        found = InstanceMetadataProvider(fetcher).load().get_frozen_credentials()
        assert found.access_key and found.secret_key and found.token
        region = InstanceMetadataRegionFetcher(base_url=base, timeout=5, num_attempts=1)
        assert region.retrieve_region() == "eu-central-1"

        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

        def ask(path, method="GET", **headers):
            headers = {k.replace("_", "-"): v for k, v in headers.items()}
            try:
                with opener.open(urllib.request.Request(base + path, method=method,
                                                        headers=headers)) as r:
                    return r.status, r.read().decode(), r.headers
            except urllib.error.HTTPError as e:
                return e.code, e.read().decode(), e.headers

        ttl = "X_aws_ec2_metadata_token_ttl_seconds"
        status, token, headers = ask("latest/api/token", "PUT", **{ttl: "1"})
        assert status == 200 and headers[ttl.replace("_", "-")] == "1"
        for bad in ("0", "21601", "x"):
            assert ask("latest/api/token", "PUT", **{ttl: bad})[0] == 400
        assert ask("latest/api/token", "PUT", **{ttl: "9"}, X_Forwarded_For="1.2.3.4")[0] == 403
        with_token = {"X_aws_ec2_metadata_token": token}
        status, text, _ = ask("latest/dynamic/instance-identity/document", **with_token)
        document = json.loads(text)
        assert document["instanceId"] == NODE and document["region"] == "eu-central-1"
        assert document["instanceType"] == "m5.large"
        assert document["availabilityZone"] == ZONE and text.endswith("\n")
        assert ask("latest/meta-data/network/interfaces/macs", **with_token)[1].count("/") == 1
        assert ask("latest/meta-data/outpost-arn", **with_token)[0] == 404
        assert ask("latest/meta-data/placement/availability-zone-id", **with_token)[1] \
            == "euc1-az1"
        role = json.loads(ask("latest/meta-data/iam/security-credentials/node-role",
                              **with_token)[1])
        life = (datetime.datetime.fromisoformat(role["Expiration"].replace("Z", "+00:00"))
                - datetime.datetime.now(datetime.timezone.utc)).total_seconds()
        assert role["Code"] == "Success" and 0 < life <= 600, life
        assert ask("latest/meta-data/iam/security-credentials/other", **with_token)[0] == 404
        assert ask("latest/meta-data/instance-id")[0] == 401
        until("the token, which lives for a second, is refused",
              lambda: ask("latest/meta-data/instance-id", **with_token)[0] == 401)


@test
def bad_options():
    for options, text in (
            (["--bogus=1"], "--bogus"), (["--listen"], "needs a value"),
            (["--latency=fast"], "--latency"), (["--instances=x"], "--instances"),
            (["--instances=1", "--seed=z"], "--seed"), (["--listen=tcp://nowhere:1"], "--listen"),
            (["--zones=a,a"], "twice"), (["--faults=/nonexistent"], "/nonexistent"),
            (["--zones=" + ",".join("abcdefghijklmnopq")], "at most 16"),
            (["--profile=/nonexistent"], "--profile: /nonexistent"),
            (["--profile=/dev/null"], "--profile: /dev/null: bad JSON"),
            (["--instances=@/nonexistent"], "--instances: /nonexistent"),
            (["--instances=100001"], "100000"), (["--max-volumes=-1"], "--max-volumes"),
            (["--buckets=1e-9"], "never admits"), (["--latency=-1"], "--latency"),
            (["--faults=/dev/null"], "--faults: /dev/null: bad JSON"),
            (["--role-life=soon"], "--role-life"), (["stray"], "stray")):
        if not any(o.startswith("--listen") for o in options):
            options = ["--listen=tcp://127.0.0.1:0", *options]
        got = subprocess.run([SIM, *options], capture_output=True, text=True, timeout=20)
        assert got.returncode == 1 and text in got.stderr, (options, got)
        assert got.stderr.count("\n") == 1, got.stderr
    got = subprocess.run([SIM, "--help"], capture_output=True, text=True, timeout=20)
    assert got.returncode == 0 and "--disk-dir" in got.stdout


@test
def man_page_names_every_option_and_fault():
    with open(os.path.join(os.path.dirname(__file__), "../../man/ebs-csi-sim.8"),
              encoding="utf-8") as f:
        page = f.read().replace("\\-", "-")
    got = subprocess.run([SIM, "--help"], capture_output=True, text=True, timeout=20).stdout
    for option in re.findall(r"^  --(\S+)=", got, re.M):
        name = "-v " if option == "v" else f"--{option}="
        assert f".BI {name}" in page, option
    with Sim(*QUICK) as sim:
        for kind in sim.control("calls")["faults"]:
            assert re.search(rf"[ .\n]{re.escape(kind)}[\n ,]", page), kind


def main():
    failed = 0
    for fn in tests:
        try:
            fn()
            print(f"ok - {fn.__name__}", flush=True)
        except Exception as e:  # the rest still tells something
            failed += 1
            import traceback
            traceback.print_exc(file=sys.stdout)
            print(f"not ok - {fn.__name__}: {e}", flush=True)
    return 1 if failed else 0


sys.exit(main())
