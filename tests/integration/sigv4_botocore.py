"""Signs generated requests with botocore and with the program given, and compares."""

import json
import random
import subprocess
import sys
from urllib.parse import quote, urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

COUNT = 600
TEXT = "abcXYZ019-._~ /+=&%?#:;,@!$'()*<>\"\\|^`{}[]äß€💾"
rnd = random.Random(20260115)


def text(most, alphabet=TEXT):
    return "".join(rnd.choice(alphabet) for _ in range(rnd.randint(1, most)))


def path():
    parts = [rnd.choice(["", ".", "..", quote(text(6), safe=""), text(5, "abc$@!")])
             for _ in range(rnd.randint(0, 5))]
    return "/" + "/".join(parts)


def query():
    pairs = [quote(text(4), safe="-_.~") + "=" + quote(text(8), safe="-_.~")
             for _ in range(rnd.choice([0, 0, 1, 2, 5]))]
    return "&".join(pairs)


def headers():
    names = ["Content-Type", "X-Amz-Target", "X-Amz-Meta-A", "x-amz-meta", "My-Header",
             "My-Header1", "User-Agent", "Expect"]
    blank = ["", " ", "  ", "   "]
    return [(rnd.choice(names), rnd.choice(blank) + text(6, "aZ09=;/\"") + rnd.choice(blank)
             + text(6, "bY18,'") + rnd.choice(blank))
            for _ in range(rnd.randint(0, 5))]


def signed():
    """A request as the program wants it, and the header botocore makes."""
    keys = Credentials("AKID" + text(12, "ABCDEF0123456789"), text(40, TEXT[:14] + "/+="),
                       text(300, "abcXYZ019/+=") if rnd.random() < .5 else None)
    region = rnd.choice(["us-east-1", "eu-central-1", "cn-north-1", "us-gov-west-1"])
    service = rnd.choice(["ec2", "sts", "ebs", "sagemaker"])
    q = query()
    body = text(400) if rnd.random() < .8 else ""
    port = rnd.choice(["", "", ":8443"])
    request = AWSRequest(method=rnd.choice(["GET", "POST", "PUT"]), data=body.encode(),
                         url=f"https://{service}.{region}.example.com{port}{path()}"
                             + ("?" + q if q else ""))
    for name, value in headers():
        request.headers.add_header(name, value)
    request.context["timestamp"] = "%04d%02d%02dT%02d%02d%02dZ" % (
        rnd.randint(2020, 2040), rnd.randint(1, 12), rnd.randint(1, 28),
        rnd.randint(0, 23), rnd.randint(0, 59), rnd.randint(0, 59))
    auth = SigV4Auth(keys, service, region)
    auth._modify_request_before_signing(request)
    string = auth.string_to_sign(request, auth.canonical_request(request))
    auth._inject_signature_to_request(request, auth.signature(string, request))
    want = request.headers["Authorization"]
    parts = urlsplit(request.url)
    return {
        "region": region, "service": service, "access": keys.access_key,
        "secret": keys.secret_key, "time": request.context["timestamp"],
        "method": request.method, "path": parts.path, "query": parts.query, "body": body,
        "headers": [["Host", parts.netloc]] + [
            [k, v] for k, v in request.headers.items() if k != "Authorization"],
    }, want


def main():
    cases = [signed() for _ in range(COUNT)]
    run = subprocess.run([sys.argv[1]], input="".join(json.dumps(c) + "\n" for c, _ in cases),
                         stdout=subprocess.PIPE, text=True, check=True, timeout=120)
    got = run.stdout.splitlines()
    if len(got) != COUNT:
        sys.exit(f"{COUNT} requests in, {len(got)} answers out")
    wrong = [(c, w, g) for (c, w), g in zip(cases, got) if w != g]
    for case, want, have in wrong[:3]:
        print(json.dumps(case, indent=1), "\nbotocore:", want, "\nours:    ", have)
    print(f"{COUNT - len(wrong)} of {COUNT} signatures agree")
    sys.exit(1 if wrong else 0)


main()
