"""A private certificate authority for the end-to-end tests, made by the openssl command."""

import os
import subprocess


class Authority:
    def __init__(self, directory, name):
        self.directory = directory
        self.name = name
        self._openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                      "-nodes", "-days", "2", "-subj", f"/CN={name}", "-keyout", f"{name}.key",
                      "-out", f"{name}.pem")
        self.pem = os.path.join(directory, f"{name}.pem")

    def issue(self, name, san):
        """Writes NAME.pem and NAME.key and returns their paths."""
        self._openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                      "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr")
        with open(os.path.join(self.directory, f"{name}.cnf"), "w", encoding="utf-8") as file:
            file.write(f"subjectAltName={san}\n")
        self._openssl("x509", "-req", "-in", f"{name}.csr", "-CA", f"{self.name}.pem", "-CAkey",
                      f"{self.name}.key", "-CAcreateserial", "-days", "2", "-extfile",
                      f"{name}.cnf", "-out", f"{name}.pem")
        return (os.path.join(self.directory, f"{name}.pem"),
                os.path.join(self.directory, f"{name}.key"))

    def _openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], cwd=self.directory, check=True,
                       capture_output=True)
