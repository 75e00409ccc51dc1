# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Middleboxes that people run, on the gateway of a ``Routed`` path: each function writes a configuration, starts the program and sends traffic to it.

They differ from the lab's own doorman in that nobody wrote them for these tests: what they answer, when and with which words is theirs.
"""
from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.lab import squid
from tests.lab.lab import ROOT
from tests.lab.network import RESOLVER
from tests.lab.path import OWN_INTERCEPTION, Routed
from tests.lab.pki import Authority

#: Where an explicit proxy of the site is, for a host behind the gateway.
PROXY, PROXY_PORT = "10.10.0.1", 3128
#: Where it serves plain HTTP.
PLAIN = 8099
TO_BOX = 'iifname "lan" tcp dport 443 redirect to :%d' % OWN_INTERCEPTION
#: Of nginx, for what is decrypted: carry on to the real far end.
ON = """resolver %s ipv6=off; proxy_pass https://$ssl_server_name:443$request_uri; proxy_ssl_server_name on; proxy_ssl_name $ssl_server_name;
    proxy_set_header Host $ssl_server_name; """ % RESOLVER
NGINX = """\
load_module /usr/lib/nginx/modules/ngx_stream_module.so;
user root; daemon off; master_process off; pid {folder}/nginx.pid; error_log stderr;
events {{ worker_connections 512; }}
stream {{
  resolver {resolver} ipv6=off;
  map $ssl_preread_server_name $where {{ default $ssl_preread_server_name:443;
{where}
  }}
  server {{ listen {port}; listen [::]:{port}; ssl_preread on; proxy_pass $where; }}
}}
http {{
  access_log off; default_type text/html; server_names_hash_bucket_size 128; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{ {plain} }}
{servers}
}}
"""
SERVER = """\
  server {{ listen 127.0.0.1:4430 ssl; server_name {host}; ssl_certificate {pem}; ssl_certificate_key {pem}; location / {{ {does} }} }}
"""


def missing(program: str) -> str | None:
    """Why a middlebox cannot run here, or None."""
    if program == "mitmproxy":
        return None if MITMPROXY.exists() else "mitmproxy is not here: make boxes"
    if program == "libfaketime":
        return None if FAKETIME else "libfaketime is not here"
    if program == "squid":
        return squid.available()
    return None if shutil.which(program) or Path("/usr/sbin", program).exists() else "%s is not here" % program


def page(status: int, text: str = "<html><head><title>Notice</title></head><body>This site is not available at your workplace.</body></html>") -> str:
    """Of nginx: a page that names no product."""
    return "return %d %s;" % (status, "https://portal.example.org/notice?id=7" if status in (301, 302, 303, 307) else "'%s'" % text)


def company(path: Routed, **options) -> Authority:
    """A company's inspection CA that the host trusts."""
    made = Authority("Example Inspection CA", "Example Company", **options)
    path.trusts = made.write(path.folder / "company.pem")
    return made


def nginx(path: Routed, inside: dict, leaf=None, plain: str = "return 404;", rules: str = TO_BOX) -> None:
    """A gateway that goes by the name in the handshake. ``inside``: {host: directives} of what it decrypts; everything else is carried on.
    ``leaf(host)`` makes what is shown; the company's CA does by itself. ``plain``: what it serves over plain HTTP."""
    folder = path.folder / "nginx"
    folder.mkdir(exist_ok=True)
    leaf = leaf or (lambda host, authority=company(path): authority.leaf([host], sct=False))
    for host in inside:
        (folder / (host + ".pem")).write_bytes(leaf(host))
    (folder / "nginx.conf").write_text(NGINX.format(
        folder=folder, resolver=RESOLVER, port=OWN_INTERCEPTION, where="\n".join("    %s 127.0.0.1:4430;" % host for host in inside),
        plain="listen %s:%d; %s" % (PROXY, PLAIN, plain),
        servers="".join(SERVER.format(host=host, pem=folder / (host + ".pem"), does=does) for host, does in inside.items())))
    path.box(["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "stderr"], OWN_INTERCEPTION, rules)


HAPROXY = """\
global
  maxconn 500
  tune.ssl.default-dh-param 2048
defaults
  timeout connect 2s
  timeout client 30s
  timeout server 30s
  timeout queue 300ms
# Where an intercepted connection was going, the kernel knows.
backend on
  mode tcp
  server origin 0.0.0.0:0
backend parent
  mode http
  server proxy 127.0.0.1:8888 maxconn 2
"""
BY_NAME = """\
frontend names
  bind 0.0.0.0:%d
  mode tcp
  tcp-request inspect-delay 3s
  %%s
  tcp-request content accept if { req.ssl_hello_type 1 }
  default_backend on
""" % OWN_INTERCEPTION
#: What stands there in place of the origin: one that knows no such name, and one that speaks no TLS.
INSTEAD = """\
backend alert
  mode tcp
  server here 127.0.0.1:4431
backend plain
  mode tcp
  server here 127.0.0.1:4432
frontend strict
  bind 127.0.0.1:4431 ssl crt %s strict-sni
  mode http
  http-request deny
frontend text
  bind 127.0.0.1:4432
  mode http
  http-request deny deny_status 403
"""
AS_PROXY = """\
frontend proxy
  bind %s:%d %%s
  mode http
  %%s
""" % (PROXY, PROXY_PORT)


def haproxy(path: Routed, text: str, port: int = OWN_INTERCEPTION) -> None:
    """HAProxy on the way, or as an explicit proxy; ``text`` are the frontends, and backends beside ``on`` and ``parent``."""
    (path.folder / "haproxy.cfg").write_text(HAPROXY + text)
    path.box(["haproxy", "-db", "-f", str(path.folder / "haproxy.cfg")], port, TO_BOX if port == OWN_INTERCEPTION else "")


def explicit(path: Routed, url: str = "http://%s:%d" % (PROXY, PROXY_PORT)) -> None:
    """The host asks a proxy of the site."""
    path.settings["proxy"] = url


TINYPROXY = """\
User root
Group root
Listen %s
Port %d
Timeout 20
MaxClients 100
LogLevel Critical
DefaultErrorFile "/usr/share/tinyproxy/default.html"
%s
"""


def tinyproxy(path: Routed, text: str = "", listen: str = PROXY, port: int = PROXY_PORT) -> None:
    config = path.folder / "tinyproxy.conf"
    config.write_text(TINYPROXY % (listen, port, text))
    path.box(["tinyproxy", "-d", "-c", str(config)], port)
    explicit(path)


def privoxy(path: Routed, actions: str) -> None:
    folder = path.folder / "privoxy"
    folder.mkdir(exist_ok=True)
    (folder / "site.action").write_text(actions)
    (folder / "config").write_text("confdir /etc/privoxy\nlogdir %s\nlisten-address %s:%d\nactionsfile %s/site.action\nsocket-timeout 2\n" % (
        folder, PROXY, PROXY_PORT, folder))
    path.box(["privoxy", "--no-daemon", str(folder / "config")], PROXY_PORT)
    explicit(path)


UNBOUND = """\
server:
  interface: 0.0.0.0@5353
  interface: ::0@5353
  access-control: 0.0.0.0/0 allow
  access-control: ::0/0 allow
  chroot: ""
  username: ""
  directory: "{folder}"
  pidfile: "{folder}/unbound.pid"
  use-syslog: no
  do-daemonize: no
  num-threads: 1
  module-config: "{modules}"
  do-not-query-localhost: no
  {server}
remote-control:
  control-enable: no
forward-zone:
  name: "."
  forward-addr: {resolver}
{more}
"""
RPZ = "rpz:\n  name: rpz.lab\n  zonefile: rpz.zone\n"


def unbound(path: Routed, server: str = "", more: str = "", rpz: dict | None = None, modules: str = "respip iterator",
            rules: str = "") -> None:
    """The site's resolver, which all questions of hosts come to. ``rpz``: {host: what a response policy zone says in place of its addresses}."""
    folder = path.folder / "unbound"
    folder.mkdir(exist_ok=True)
    zone = ["$ORIGIN rpz.lab.", "@ 60 SOA ns.lab. admin.lab. 1 600 600 600 60", "@ 60 NS ns.lab."]
    (folder / "rpz.zone").write_text("\n".join(zone + ["%s 60 %s" % item for item in (rpz or {}).items()]) + "\n")
    config = folder / "unbound.conf"
    config.write_text(UNBOUND.format(folder=folder, modules=modules, server=server, resolver=RESOLVER, more=(RPZ if rpz else "") + more))
    path.box(["unbound", "-d", "-c", str(config)], 5353, 'iifname "lan" meta l4proto { tcp, udp } th dport 53 redirect to :5353\n' + rules)


def e2guardian(path: Routed, banned: tuple, inspects: bool, since: str = "") -> None:
    """The filter of schools; ``banned`` hosts; with ``inspects`` it decrypts, and shows its page inside TLS. ``since``: when its certificates begin, in
    seconds; they are good for ten years, and by default they begin in 2014."""
    folder = path.folder / "e2guardian"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree("/etc/e2guardian", folder)
    authority = company(path)
    (folder / "ca.pem").write_bytes(authority.pem)
    (folder / "ca.key").write_bytes(authority.key_pem)
    (folder / "leaf.key").write_bytes(authority.leaf(["leaf"]))
    (folder / "roots").mkdir(exist_ok=True)
    shutil.copy(path.internet.public, folder / "roots")
    subprocess.run(["openssl", "rehash", str(folder / "roots")], check=True, capture_output=True)
    (folder / "certificates").mkdir()
    (folder / "lists" / "localbannedsitelist").write_text("".join(host + "\n" for host in banned))
    changes = {"filterip": PROXY, "filterports": str(PROXY_PORT), "transparenthttpsport": str(OWN_INTERCEPTION), "loglocation": str(folder / "access.log"),
               "enablessl": "on" if inspects else "off", "cacertificatepath": str(folder / "ca.pem"), "caprivatekeypath": str(folder / "ca.key"),
               "certprivatekeypath": str(folder / "leaf.key"), "generatedcertpath": str(folder / "certificates") + "/", "httpworkers": "30",
               "sslcertificatepath": str(folder / "roots") + "/", "daemonuser": "root", "daemongroup": "root", "pidfilename": str(folder / "pid"),
               "nodaemon": "on"}
    changes.update({"generatedcertstart": since} if since else {})
    for name, more in (("e2guardian.conf", changes), ("e2guardianf1.conf", {"sslmitm": "on" if inspects else "off"})):
        text = (folder / name).read_text().replace("/etc/e2guardian", str(folder))
        kept = [line for line in text.splitlines() if line.partition("=")[0].strip() not in more and line.strip() and not line.startswith("#")]
        (folder / name).write_text("\n".join(kept + ["%s = '%s'" % pair if pair[1] not in ("on", "off") and not pair[1].isdigit() else "%s = %s" % pair
                                                     for pair in more.items()]) + "\n")
    explicit(path)
    path.box(["e2guardian", "-N", "-c", str(folder / "e2guardian.conf")], PROXY_PORT, TO_BOX)


#: No middlebox, and on the way of everything all the same: another clock for one program.
FAKETIME = next((str(found) for found in Path("/usr/lib").glob("*/faketime/libfaketime.so.1")), "")
MITMPROXY = ROOT / ".build" / "mitmproxy" / "bin" / "mitmdump"


def mitmproxy(path: Routed, addon: str = "", *options) -> None:
    """mitmproxy takes what the gateway redirects to it; ``addon`` is a script in its own language."""
    folder = path.folder / "mitmproxy"
    folder.mkdir(exist_ok=True)
    (folder / "mitmproxy-ca.pem").write_bytes(company(path).key_pem)
    (folder / "addon.py").write_text("from mitmproxy import ctx, http, tcp\n" + addon)
    command = [str(MITMPROXY), "--quiet", "--mode", "transparent", "--listen-port", str(OWN_INTERCEPTION), "--scripts", str(folder / "addon.py"),
               "--set", "confdir=%s" % folder, "--set", "ssl_verify_upstream_trusted_ca=%s" % path.internet.public]
    path.box(command + [part for option in options for part in ("--set", option)], OWN_INTERCEPTION, TO_BOX)
