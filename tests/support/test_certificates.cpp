#include "support/test_certificates.h"

#include <chrono>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <stdexcept>

namespace telnyx_exporter {
namespace {

// All arguments come from tests and from mkdtemp: nothing in them needs quoting.
void RunOpenssl(const std::string& arguments) {
  const std::string command = "openssl " + arguments + " >/dev/null 2>&1";
  if (std::system(command.c_str()) != 0) throw std::runtime_error("failed: " + command);
}

const std::string kEllipticCurve = "ec -pkeyopt ec_paramgen_curve:P-256";

std::string DaysFromNow(int days) {
  const std::time_t time = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now() +
                                                                std::chrono::hours(24 * days));
  std::tm utc{};
  gmtime_r(&time, &utc);
  char text[] = "YYYYMMDDHHMMSSZ";
  std::strftime(text, sizeof text, "%Y%m%d%H%M%SZ", &utc);
  return text;
}

}  // namespace

TestCertificates::TestCertificates() {
  const std::string dir = dir_.path().string();
  authority_ = {.certificate_file = dir + "/ca.pem", .key_file = dir + "/ca.key"};
  dir_.Write("index.txt", "");
  dir_.Write("serial", "01\n");
  dir_.Write("ca.cnf",
             "[ca]\ndefault_ca=own\n[own]\ndatabase=" + dir + "/index.txt\nserial=" + dir +
                 "/serial\nnew_certs_dir=" + dir + "\ncertificate=" + authority_.certificate_file +
                 "\nprivate_key=" + authority_.key_file +
                 "\ndefault_md=sha256\npolicy=any\nunique_subject=no\ncopy_extensions=copy\n"
                 "[any]\ncommonName=supplied\n");
  RunOpenssl("req -x509 -newkey " + kEllipticCurve + " -nodes -days 2 -subj /CN=test-ca -keyout " +
             authority_.key_file + " -out " + authority_.certificate_file);
}

TestCertificates::Pair TestCertificates::Issue(const std::string& name,
                                               const std::string& subject_alternative_names) const {
  return IssueFor(name, subject_alternative_names, DaysFromNow(-1), DaysFromNow(1), kEllipticCurve);
}

TestCertificates::Pair TestCertificates::IssueRsa(
    const std::string& name, const std::string& subject_alternative_names) const {
  return IssueFor(name, subject_alternative_names, DaysFromNow(-1), DaysFromNow(1), "rsa:2048");
}

TestCertificates::Pair TestCertificates::IssueExpired(
    const std::string& name, const std::string& subject_alternative_names) const {
  return IssueFor(name, subject_alternative_names, DaysFromNow(-2), DaysFromNow(-1),
                  kEllipticCurve);
}

TestCertificates::Pair TestCertificates::IssueFor(const std::string& name,
                                                  const std::string& subject_alternative_names,
                                                  const std::string& not_before,
                                                  const std::string& not_after,
                                                  const std::string& key_options) const {
  const std::string base = (dir_.path() / name).string();
  const Pair pair{.certificate_file = base + ".pem", .key_file = base + ".key"};
  RunOpenssl("req -newkey " + key_options + " -nodes -subj /CN=" + name +
             " -addext subjectAltName=" + subject_alternative_names + " -keyout " + pair.key_file +
             " -out " + base + ".csr");
  RunOpenssl("ca -batch -notext -config " + (dir_.path() / "ca.cnf").string() + " -startdate " +
             not_before + " -enddate " + not_after + " -in " + base + ".csr -out " +
             pair.certificate_file);
  return pair;
}

}  // namespace telnyx_exporter
