"""The one certificate authority of the end-to-end tests, made by the openssl command in a test's directory."""

import datetime
import os
import subprocess


class Authority:
    """Its certificate is NAME.pem in `directory`; what it issues lies there, too."""

    def __init__(self, directory, name="ca"):
        self.directory = directory
        self.name = name
        self.pem = os.path.join(directory, f"{name}.pem")
        self._write(f"{name}.index", "")
        self._write(f"{name}.serial", "01\n")
        self._write(f"{name}.cnf", f"""
[ca]
default_ca = own
[own]
database = {directory}/{name}.index
serial = {directory}/{name}.serial
new_certs_dir = {directory}
certificate = {directory}/{name}.pem
private_key = {directory}/{name}.key
default_md = sha256
policy = any
unique_subject = no
copy_extensions = copy
[any]
commonName = supplied
""")
        self._openssl("req", "-x509", *self._new_key(name), "-days", "2", "-subj", f"/CN={name}",
                      "-out", f"{name}.pem")

    def issue(self, name, alternative_names, expired=False):
        """Writes NAME.pem, valid from the day before yesterday until tomorrow, or only until yesterday, and NAME.key.
        Returns their paths."""
        self._openssl("req", *self._new_key(name), "-subj", f"/CN={name}", "-addext",
                      f"subjectAltName={alternative_names}", "-out", f"{name}.csr")
        self._openssl("ca", "-batch", "-notext", "-config", f"{self.name}.cnf", "-in", f"{name}.csr",
                      "-out", f"{name}.pem", "-startdate", self._day(-2), "-enddate",
                      self._day(-1 if expired else 1))
        return (os.path.join(self.directory, f"{name}.pem"),
                os.path.join(self.directory, f"{name}.key"))

    @staticmethod
    def _new_key(name):
        return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
                f"{name}.key"]

    @staticmethod
    def _day(offset):
        day = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=offset)
        return day.strftime("%Y%m%d%H%M%SZ")

    def _write(self, name, text):
        with open(os.path.join(self.directory, name), "w", encoding="ascii") as file:
            file.write(text)

    def _openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], cwd=self.directory, check=True,
                       capture_output=True)
