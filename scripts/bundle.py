#!/usr/bin/env python3
"""Puts programs together with every library that they need, from the packages of a Debian root file system.

    bundle.py image   ROOT ARCHITECTURE DIRECTORY PROGRAM…   a root of a container: programs, libraries, loader, CA certificates
    bundle.py tarball ROOT ARCHITECTURE DIRECTORY PROGRAM…   the libraries and the loader for the launcher (deploy/tarball), licences
    bundle.py sbom    ROOT ARCHITECTURE FILE PROGRAM… --name=NAME --version=VERSION --kind=image|tarball|package
                      what the two above hold, and what a package depends on, as SPDX 2.3

ROOT is `/` inside a container. Nothing in it is executed, so its architecture need not be this machine's. scripts/release.sh and
the Dockerfile call it. Everything is read from dpkg's database, and the same database gives the same bytes."""

import argparse
import datetime
import functools
import glob
import json
import os
import re
import shutil
import subprocess
import sys

TRIPLETS = {"amd64": "x86_64-linux-gnu", "arm64": "aarch64-linux-gnu"}
LOADERS = {"amd64": "/lib64/ld-linux-x86-64.so.2", "arm64": "/lib/ld-linux-aarch64.so.1"}
# What the programs load when they need it, and what is compiled into them.
LOADED = ("libsystemd.so.0",)
COMPILED_IN = ("libcli11-dev", "golang-github-prometheus-client-model-dev", "libprotobuf-dev")
# Debian's names of licences that SPDX calls otherwise; "+" is "or later" in both worlds' oldest names.
SPDX = {"expat": "MIT", "mit": "MIT", "bsd-3-clause": "BSD-3-Clause", "bsd-2-clause": "BSD-2-Clause",
        "bsd-4-clause": "BSD-4-Clause", "apache-2.0": "Apache-2.0", "apache-2": "Apache-2.0", "zlib": "Zlib",
        "isc": "ISC", "curl": "curl", "boost-1.0": "BSL-1.0", "bsl-1.0": "BSL-1.0", "cc0-1.0": "CC0-1.0", "cc0": "CC0-1.0",
        "mpl-2.0": "MPL-2.0", "openssl": "OpenSSL", "unicode": "Unicode-DFS-2016", "openldap-2.8": "OLDAP-2.8",
        "gfdl-1.3": "GFDL-1.3-only", "mit-x11": "MIT", "mit/x11": "MIT", "x11": "X11", "fsful": "FSFUL",
        "fsfullr": "FSFULLR", "fsfap": "FSFAP", "0bsd": "0BSD", "unlicense": "Unlicense"}


class Packages:
    """dpkg's database of a root."""

    def __init__(self, root):
        self.root = root.rstrip("/")

    @functools.cached_property
    def _owners(self):
        owners = {}
        for file in sorted(glob.glob(f"{self.root}/var/lib/dpkg/info/*.list")):
            with open(file, encoding="utf-8") as lines:
                for line in lines:
                    owners[line.strip()] = os.path.basename(file).removesuffix(".list")
        return owners

    @functools.cached_property
    def _status(self):
        with open(f"{self.root}/var/lib/dpkg/status", encoding="utf-8") as file:
            paragraphs = file.read().split("\n\n")
        found = {}
        for paragraph in paragraphs:
            fields = dict(re.findall(r"^([A-Za-z-]+): (.*)$", paragraph, re.MULTILINE))
            if fields:
                fields["paragraph"] = paragraph
                found[(fields["Package"], fields["Architecture"])] = fields
        return found

    def owner(self, path):
        """Name and architecture of the package that has brought a file; packages may still name directories from before
        /usr was merged."""
        for candidate in (path, path.removeprefix("/usr"), "/usr" + path):
            if candidate in self._owners:
                return self._owners[candidate].split(":")[0]
        raise LookupError(f"no package has brought {path}")

    def status(self, name, architecture):
        """Of that architecture where it is installed for it; base-files, for one, is there once and the same for all."""
        if (name, architecture) in self._status:
            return self._status[(name, architecture)]
        return next(fields for (package, _), fields in self._status.items() if package == name)

    def copyright_file(self, name):
        return f"{self.root}/usr/share/doc/{name}/copyright"

    def licences(self, name):
        """Debian's names of the licences of a package; none where its copyright file is not in the machine-readable format."""
        with open(self.copyright_file(name), encoding="utf-8", errors="replace") as file:
            text = file.read()
        names = set()
        for paragraph in re.split(r"\n\s*\n", text):
            if re.search(r"^Files:", paragraph, re.MULTILINE):
                for expression in re.findall(r"^License:[ \t]*(\S.*)$", paragraph, re.MULTILINE):
                    names |= {part.strip(" .()") for part in re.split(r",|\band/or\b|\band\b|\bor\b|\bwith\b.*", expression)}
        return sorted(filter(None, names))


def needed(file):
    output = subprocess.run(["readelf", "--wide", "--dynamic", file], capture_output=True, text=True, check=True).stdout
    return re.findall(r"\(NEEDED\).*\[(.*)\]", output)


class Bundle:
    def __init__(self, root, architecture, programs):
        self.root, self.architecture, self.programs = root.rstrip("/"), architecture, programs
        self.packages = Packages(root)

    def resolve(self, path):
        """The path inside the root with its links resolved inside the root."""
        for _ in range(40):
            directory, name = os.path.split(path)
            parent = directory if directory == "/" else self.resolve(directory)
            path = os.path.join(parent, name)
            if not os.path.islink(self.root + path):
                return path
            path = os.path.normpath(os.path.join(parent, os.readlink(self.root + path)))
        raise OSError(f"too many links at {path}")

    def find(self, library):
        triplet = TRIPLETS[self.architecture]
        for directory in (f"/usr/lib/{triplet}", f"/lib/{triplet}"):
            if os.path.exists(self.root + self.resolve(f"{directory}/{library}")):
                return self.resolve(f"{directory}/{library}")
        raise LookupError(f"no {library} for {self.architecture}")

    @functools.cached_property
    def libraries(self):
        """Name by which it is asked for → path inside the root, of all but the loader."""
        found, waiting = {}, [*LOADED, *(name for program in self.programs for name in needed(program))]
        while waiting:
            library = waiting.pop()
            if library not in found and not library.startswith("ld-linux"):
                found[library] = self.find(library)
                waiting += needed(self.root + found[library])
        return dict(sorted(found.items()))

    @property
    def loader(self):
        return self.resolve(LOADERS[self.architecture])

    def owners(self):
        return sorted({self.packages.owner(path) for path in (self.loader, *self.libraries.values())})


def put(source, target, mode=0o644):
    os.makedirs(os.path.dirname(target), exist_ok=True)
    shutil.copyfile(source, target)
    os.chmod(target, mode)


def write(target, text):
    os.makedirs(os.path.dirname(target), exist_ok=True)
    with open(target, "w", encoding="utf-8") as file:
        file.write(text)


def put_licences(bundle, directory, owners):
    for name in owners:
        put(bundle.packages.copyright_file(name), f"{directory}/{name}/copyright")


def make_image(bundle, directory):
    for program in bundle.programs:
        target = f"{directory}/usr/bin/{os.path.basename(program)}"
        if os.path.abspath(program) != os.path.abspath(target):
            put(program, target, 0o755)
    for name, path in bundle.libraries.items():
        put(bundle.root + path, f"{directory}/usr/lib/{TRIPLETS[bundle.architecture]}/{name}")
    put(bundle.root + bundle.loader, directory + LOADERS[bundle.architecture], 0o755)
    # The authorities of the package alone, whatever this root trusts besides.
    certificates = sorted(glob.glob(f"{bundle.root}/usr/share/ca-certificates/mozilla/*.crt"))
    texts = []
    for certificate in certificates:
        with open(certificate, encoding="ascii") as file:
            texts.append(file.read())
    write(f"{directory}/etc/ssl/certs/ca-certificates.crt", "".join(texts))
    write(f"{directory}/etc/passwd", "root:x:0:0:root:/:/nologin\nnonroot:x:65532:65532:nonroot:/:/nologin\n")
    write(f"{directory}/etc/group", "root:x:0:\nnonroot:x:65532:\n")
    write(f"{directory}/etc/nsswitch.conf", "hosts: files dns\n")
    put(f"{bundle.root}/usr/lib/os-release", f"{directory}/etc/os-release")
    owners = sorted({*bundle.owners(), "ca-certificates", "base-files"})
    put_licences(bundle, f"{directory}/usr/share/doc", owners)
    # Where scanners for vulnerabilities look in an image without a package manager.
    for name in owners:
        status = bundle.packages.status(name, bundle.architecture)
        write(f"{directory}/var/lib/dpkg/status.d/{name}", status["paragraph"].strip() + "\n")


def make_tarball(bundle, directory):
    for program in bundle.programs:
        name = os.path.basename(program)
        put(program, f"{directory}/lib/bin/{name}", 0o755)
        os.makedirs(f"{directory}/lib/loader", exist_ok=True)
        os.symlink("../ld.so", f"{directory}/lib/loader/{name}")
    for name, path in bundle.libraries.items():
        put(bundle.root + path, f"{directory}/lib/{name}")
    put(bundle.root + bundle.loader, f"{directory}/lib/ld.so", 0o755)
    put_licences(bundle, f"{directory}/licenses", bundle.owners())
    for file in sorted(glob.glob(f"{bundle.root}/usr/share/common-licenses/*")):
        if not os.path.islink(file):
            put(file, f"{directory}/licenses/common-licenses/{os.path.basename(file)}")


def spdx_licence(name):
    simple = SPDX.get(name.lower())
    if simple:
        return simple
    match = re.fullmatch(r"(AGPL|LGPL|GPL|GFDL)(?:-|v)?(\d(?:\.\d)?)(?:\.0)?(\+?)", name, re.IGNORECASE)
    if match:
        family, number, later = match.groups()
        number = number if "." in number else f"{number}.0"
        return f"{family.upper()}-{number}-{'or-later' if later else 'only'}"
    return "LicenseRef-" + re.sub(r"[^A-Za-z0-9.-]+", "-", name)


def spdx_package(bundle, name):
    status = bundle.packages.status(name, bundle.architecture)
    licences = sorted({spdx_licence(licence) for licence in bundle.packages.licences(name)})
    reference = "SPDXRef-" + re.sub(r"[^A-Za-z0-9.-]+", "-", name)
    told = {} if licences else {"licenseComments": "Not in machine-readable form: the package's copyright file has it."}
    return {**told, "name": name, "SPDXID": reference, "versionInfo": status["Version"],
            "supplier": "Organization: Debian", "downloadLocation": "NOASSERTION", "filesAnalyzed": False,
            # Every licence that a file of the source package has; some are choices.
            "licenseConcluded": "NOASSERTION", "licenseDeclared": " AND ".join(licences) or "NOASSERTION",
            "copyrightText": "NOASSERTION",
            "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
                              "referenceLocator": f"pkg:deb/debian/{name}@{status['Version']}?arch={status['Architecture']}"}]}


def make_sbom(bundle, name, version, kind):
    epoch = int(os.environ.get("SOURCE_DATE_EPOCH", "0"))
    created = datetime.datetime.fromtimestamp(epoch, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    contained = [*bundle.owners(), *(["ca-certificates"] if kind == "image" else [])]
    compiled_in = [package for package in COMPILED_IN
                   if os.path.exists(bundle.packages.copyright_file(package))
                   and not (package == "libprotobuf-dev" and any("protobuf" in library for library in bundle.libraries))]
    packages = [spdx_package(bundle, package) for package in sorted({*contained, *compiled_in})]
    itself = {"name": "telnyx_exporter", "SPDXID": "SPDXRef-telnyx_exporter".replace("_", "-"), "versionInfo": version,
              "supplier": "Organization: telnyx_exporter maintainers", "downloadLocation": "NOASSERTION",
              "filesAnalyzed": False, "licenseConcluded": "Apache-2.0", "licenseDeclared": "Apache-2.0",
              "copyrightText": "NOASSERTION", "primaryPackagePurpose": "APPLICATION"}
    relationships = [{"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES",
                      "relatedSpdxElement": itself["SPDXID"]}]
    for package in packages:
        shared = package["name"] in contained
        relation = "CONTAINS" if kind != "package" or not shared else "DEPENDS_ON"
        relationships.append({"spdxElementId": itself["SPDXID"], "relationshipType": relation,
                              "relatedSpdxElement": package["SPDXID"]})
    own_licences = sorted({word for package in packages for word in package["licenseDeclared"].split()
                           if word.startswith("LicenseRef-")})
    return {"spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT", "name": name,
            "documentNamespace": f"https://github.com/telnyx-exporter/telnyx_exporter/spdx/{name}",
            "creationInfo": {"created": created, "creators": ["Tool: telnyx_exporter scripts/bundle.py"]},
            "packages": [itself, *packages],
            "hasExtractedLicensingInfos": [
                {"licenseId": licence, "name": licence.removeprefix("LicenseRef-"),
                 "extractedText": "The text is in the copyright file of the Debian packages that declare it."}
                for licence in own_licences],
            "relationships": relationships}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("image", "tarball", "sbom"))
    parser.add_argument("root")
    parser.add_argument("architecture", choices=sorted(TRIPLETS))
    parser.add_argument("target")
    parser.add_argument("programs", nargs="+")
    parser.add_argument("--name")
    parser.add_argument("--version")
    parser.add_argument("--kind", choices=("image", "tarball", "package"))
    arguments = parser.parse_args()
    bundle = Bundle(arguments.root, arguments.architecture, arguments.programs)
    if arguments.what == "image":
        make_image(bundle, arguments.target)
    elif arguments.what == "tarball":
        make_tarball(bundle, arguments.target)
    else:
        write(arguments.target, json.dumps(make_sbom(bundle, arguments.name, arguments.version, arguments.kind),
                                           indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
